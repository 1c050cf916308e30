package main

import (
	"strings"
	"testing"
)

func TestTable(t *testing.T) {
	t.Parallel()
	var out table
	out.add("sent", "日本", "a reason that is far too long to stand here")
	out.add("refused", "می\u200cخواهم", "")
	var b strings.Builder
	if err := out.write(&b, "  ", 40); err != nil {
		t.Fatal(err)
	}
	want := "  sent     日本     a reason that is fa…\n  refused  می\u200cخواهم\n"
	if b.String() != want {
		t.Errorf("it is\n%q, want\n%q", b.String(), want)
	}
}
