package source

import (
	"slices"
	"strings"
	"testing"
	"text/template"
)

// What an action prints is told from the template's own words, whatever the row brings: also a mark of another
// template. Seen to fail with the two marks of an action exchanged, without them, and without the count of marks within
// marks.
func TestMark(t *testing.T) {
	t.Parallel()
	lit := func(s string) Piece { return Piece{Text: s} }
	cell := func(s string) Piece { return Piece{s, true} }
	other := NewMark()
	for _, c := range []struct {
		text string
		row  map[string]string
		want []Piece
	}{
		{"a", nil, []Piece{lit("a")}},
		{"a{{.x}}b", map[string]string{"x": "1"}, []Piece{lit("a"), cell("1"), lit("b")}},
		{"a{{.x}}b", map[string]string{"x": ""}, []Piece{lit("a"), cell(""), lit("b")}},
		{"{{.x}}{{.y}}", map[string]string{"x": "1", "y": "2"}, []Piece{cell("1"), cell("2")}},
		{"a {{- .x -}} b", map[string]string{"x": " 1 "}, []Piece{lit("a"), cell(" 1 "), lit("b")}},
		{"{{if .x}}in{{else}}{{.y}}{{end}}", map[string]string{"x": "1"}, []Piece{lit("in")}},
		{"{{if .x}}in{{else}}{{.y}}{{end}}", map[string]string{"x": "", "y": "2"}, []Piece{cell("2")}},
		{"{{/* c */}}{{$z := .x}}{{with $z}}{{.}}{{end}}!", map[string]string{"x": "1"}, []Piece{cell("1"), lit("!")}},
		{`{{define "t"}}<{{.x}}>{{end}}{{template "t" .}}.`, map[string]string{"x": "1"}, []Piece{cell("<1>"), lit(".")}},
		{"a{{.x}}b", map[string]string{"x": other.After + "c" + other.Before},
			[]Piece{lit("a"), cell(other.After + "c" + other.Before), lit("b")}},
		{"a{{.x}}b", map[string]string{"x": "\x03c\x02"}, []Piece{lit("a"), cell("\x03c\x02"), lit("b")}},
	} {
		m := NewMark()
		form, err := m.Form(New("a.txt", 1, 1, c.text))
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		if err := template.Must(template.New("").Parse(form.Text)).Execute(&b, c.row); err != nil {
			t.Fatal(err)
		}
		if got := m.Split([]byte(b.String())); !slices.Equal(got, c.want) {
			t.Errorf("%s: %+v, want %+v", c.text, got, c.want)
		}
	}
	if _, err := NewMark().Form(New("a.txt", 1, 1, "a {{.x")); err == nil {
		t.Error("an action without its end")
	}
}
