package templates

import (
	"fmt"
	"testing"

	"mailshot/templates/program"
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

// letter compiles the letter, and makes a row for it.
func letter(b *testing.B, rich bool) (*Body, Data) {
	var columns []string
	var cells []Cell
	for i := range 20 {
		columns = append(columns, fmt.Sprintf("c%d", i))
		cells = append(cells, Cell{Text: fmt.Sprintf("value %d", 100+i), Value: ""})
	}
	cells[4].Text = "tea; milk; bread"
	body, err := New(Config{Columns: columns}).Body(BodySource{HTML: &Source{File: "b.html", Text: letterHTML(rich)}})
	if err != nil {
		b.Fatal(err)
	}
	return body, Data{Cells: cells}
}

// The letter by programs, and by the template engine.
func BenchmarkLetter(b *testing.B) {
	for _, rich := range []bool{false, true} {
		body, d := letter(b, rich)
		kind := map[bool]string{false: "fields", true: "logic"}[rich]
		run := func(name string, p *template, d Data) {
			for by, way := range map[string]*program.Program{"program": p.program, "engine": nil} {
				b.Run(kind+"/"+name+"/"+by, func(b *testing.B) {
					defer func(known *program.Program) { p.program = known }(p.program)
					p.program = way
					b.ReportAllocs()
					var o Output
					for b.Loop() {
						if err := p.append(&o, d); err != nil {
							b.Fatal(err)
						}
					}
				})
			}
		}
		run("html", body.HTML.p, d)
		run("text", body.Text.p, d)
		d.Seen = &Seen{}
		run("html seen", body.HTML.p, d)
	}
}
