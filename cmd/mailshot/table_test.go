package main

import (
	"strings"
	"testing"

	"mailshot/cmd/mailshot/textwidth"
)

func TestTableOfScripts(t *testing.T) {
	t.Parallel()
	var out table
	for _, name := range []string{"Ann", "日本語", "👨‍👩‍👧", "علی رضایی", "שלום 12"} {
		out.add(textwidth.Isolated(name), "100%")
	}
	var b strings.Builder
	if err := out.write(&b, "  ", 0); err != nil {
		t.Fatal(err)
	}
	want := "  Ann        100%\n" +
		"  日本語     100%\n" +
		"  👨‍👩‍👧         100%\n" +
		"  \u2068علی رضایی\u2069  100%\n" +
		"  \u2068שלום 12\u2069    100%\n"
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
	for line := range strings.Lines(b.String()) {
		if w := textwidth.Of(strings.TrimRight(line, "\n")); w != 17 {
			t.Errorf("%q is %d columns wide", line, w)
		}
	}
}
