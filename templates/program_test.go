package templates

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// letter is a letter of 8 KB with 20 fields, in links and in text.
func letterHTML(rich bool) string {
	s := "<html><head><title>{{.c0}}</title></head><body>\n"
	for i := range 20 {
		s += fmt.Sprintf("<h2>Section %d</h2>\n<p>Dear {{.c%d}}, ", i, i)
		for j := range 6 {
			s += fmt.Sprintf("this is sentence %d of a paragraph that goes on about things.\n", j)
		}
		s += "</p>\n"
	}
	s += `<p><a href="https://example.com/pay?id={{.c1}}&amp;n={{.c2}}">pay</a></p>`
	if rich {
		s += `{{if .c3}}<p>Yes, {{upper .c3}}</p>{{else}}<p>No</p>{{end}}<ul>{{range split ";" .c4}}<li>{{.}}</li>` +
			"\n" + `{{end}}</ul>`
		s += `{{if eq .c5 "x"}}x{{end}}{{default "friend" .c6}}`
	}
	return s + "</body></html>\n"
}

func benchmarkLetter(b *testing.B, rich, engine bool, seen *Seen) {
	var columns []string
	var cells []Cell
	for i := range 20 {
		columns = append(columns, fmt.Sprintf("c%d", i))
		cells = append(cells, Cell{Text: fmt.Sprintf("value %d", rand.IntN(1000)), Value: ""})
	}
	cells[4].Text = "tea; milk; bread"
	body, err := New(Config{Columns: columns}).Body(BodySource{HTML: &Source{File: "b.html", Text: letterHTML(rich)}})
	if err != nil {
		b.Fatal(err)
	}
	if body.HTML.p.program == nil {
		b.Fatal(body.HTML.p.unknown)
	}
	d := Data{Cells: cells, Seen: seen}
	var o Output
	if engine {
		body.HTML.p.program = nil
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := body.HTML.Append(&o, d); err != nil {
			b.Fatal(err)
		}
	}
	b.SetBytes(int64(len(o.Text)))
}

func BenchmarkLetter(b *testing.B) {
	for _, rich := range []bool{false, true} {
		for _, engine := range []bool{false, true} {
			for _, seen := range []*Seen{nil, {}} {
				b.Run(fmt.Sprintf("rich=%t/engine=%t/seen=%t", rich, engine, seen != nil), func(b *testing.B) {
					benchmarkLetter(b, rich, engine, seen)
				})
			}
		}
	}
}
