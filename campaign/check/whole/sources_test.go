package whole_test

import (
	"strings"
	"testing"

	"mailshot/campaign/check/whole"
	"mailshot/templates/source"
)

// strings.ToLower makes Ⱥ longer: with it, the place where a tag ends was behind the end of the text. Seen to fail: a
// panic, slice bounds out of range.
func TestLettersThatGrow(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"<p title='ȺȺȺȺ'>", "<STYLE>ȺȺȺȺȺȺȺ</Style>x", "<p title='\u212a\u212a\u0130'>",
		"<ȺȺȺ\xff>"} {
		body := source.New("body.html", 0, 0, text)
		whole.New(whole.Config{Editions: []whole.Edition{{Language: "en", Bodies: []*source.Source{body}}}})
	}
}

// FuzzSources looks through templates of any kind.
func FuzzSources(f *testing.F) {
	for _, text := range []string{"<!--", "<style>a{{if .a}}", "{{$x := .a}}{{money \"EUR\" $x}}", "{{if eq .a \"x\"}}",
		"<a href='{{.a}}'>Ⱥ"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c := whole.Config{Columns: []whole.Column{{Name: "a", Text: true}}, Index: func(name string) int {
			return strings.Index("a", name)
		}}
		body := source.New("body.html", 0, 0, text)
		c.Editions = []whole.Edition{{Language: "en", Subject: body, Bodies: []*source.Source{body}}}
		whole.New(c)
	})
}
