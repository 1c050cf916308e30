package syntax

import (
	"strings"
	"testing"

	"github.com/tdewolff/parse/v2/css"
)

// What ends where, with brackets that hide it, and with such as are not closed.
func TestEnds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text string
		by   css.TokenType
		want string // what comes before the first of by
	}{
		{"a: b; c: d", css.SemicolonToken, "a: b"},
		{"a: f(b; c); d", css.SemicolonToken, "a: f(b; c)"},
		{"a: [b;}c]; d", css.SemicolonToken, "a: [b;}c]"},
		{"a: (b; c", css.SemicolonToken, "a: (b; c"},
		{"a: b); c", css.SemicolonToken, "a: b)"},
		{"a:is(b, c), d", css.CommaToken, "a:is(b, c)"},
		{`a: "b; c"; d`, css.SemicolonToken, `a: "b; c"`},
	} {
		all, ok := Tokens(c.text)
		if !ok {
			t.Errorf("%s is not read", c.text)
		}
		var b strings.Builder
		for _, token := range all[:Split(all, 0, len(all), c.by)] {
			if token.At != b.Len() {
				t.Errorf("%s: %s is at %d", c.text, token.Text, token.At)
			}
			b.WriteString(token.Text)
		}
		if b.String() != c.want {
			t.Errorf("%s: %q, want %q", c.text, b.String(), c.want)
		}
	}
}

// Where the block of a rule begins and ends.
func TestBlock(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"a{b}c{d}":                 "a|{b}|c{d}",
		"@media x{a{b}}c{d}":       "@media x|{a{b}}|c{d}",
		"@media (a{b};c) {d}e":     "@media (a{b};c) |{d}|e",
		"@import x;a{b}":           "@import x|;a{b}|",
		"/* { */ a { b: ( } ) } c": "/* { */ a |{ b: ( } ) }| c",
		"a{b":                      "a|{b|",
	} {
		all, _ := Tokens(text)
		open := Block(all, 0, len(all), text[0] == '@')
		shut := Closing(all, open, len(all))
		at := func(i int) int {
			if i >= len(all) {
				return len(text)
			}
			return all[i].At
		}
		if all[open].TokenType == css.SemicolonToken {
			shut = len(all) - 1
		}
		if got := text[:at(open)] + "|" + text[at(open):at(shut+1)] + "|" + text[at(shut+1):]; got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

// A text that browsers may split in another way is not read.
func TestUnread(t *testing.T) {
	t.Parallel()
	if _, ok := Tokens(`a{b:url("c" d)}`); ok {
		t.Error("url( with more than a text is read")
	}
}
