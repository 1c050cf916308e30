package templates

import (
	"strings"
	"testing"
	"time"
)

// grouped are templates that look at the rows of their message's group in all ways that there are.
var grouped = []string{
	"{{range .rows}}{{.a}} {{end}}", "{{range .rows}}{{.a}}: {{num 2 .n}}, {{end}}{{count .rows}}",
	"{{range $i, $r := .rows}}{{if $i}}, {{end}}{{$r.a}}{{end}}",
	"{{range $i, $r := .rows}}{{$i}} {{$r.b | upper}}{{end}}", "{{range .rows}}{{$.a}}/{{.a}}{{else}}none{{end}}",
	"{{with .rows}}{{range .}}{{.a}}{{end}}{{end}}",
	"{{$all := .rows}}{{range $all}}{{.a}}{{range $all}}[{{.b}}]{{end}}{{end}}", "{{len .rows}} {{count .rows}}",
	"{{range .rows}}{{if eq .a \"Ann\"}}{{continue}}{{end}}{{if .e}}{{break}}{{end}}{{.a}}{{end}}",
	"{{range .rows}}{{with .a}}{{.}}{{else}}-{{end}}{{end}}", "{{(index .rows 0).a}}",
	"{{with index .rows 0}}{{.a}}{{end}}", "{{index (index .rows 1) \"a\"}}", "{{sum .rows \"n\"}}",
	"{{sum .rows \"n\" | num 2}}", "{{sum .rows \"a\"}}", "{{.rows}}",
	"{{range .rows}}{{template \"part\" .}}{{end}}{{define \"part\"}}<{{.a}} {{.d}}>{{end}}",
	"{{range .rows}}{{.rows}}{{end}}", "{{range .rows}}{{range split \";\" .b}}{{.}}{{end}}{{end}}",
	"{{if .rows}}{{.a}}{{end}}", "{{range .rows}}{{.}}{{end}}",
	"{{range .rows}}{{index . \"two words\"}}{{or .a .b}}{{end}}",
	"{{range .rows}}{{.mailshot.key}}{{$.mailshot.key}}{{end}}",
	"{{range .rows}}{{$x := .a}}{{if .b}}{{$x = .b}}{{end}}{{$x}}{{end}}", "{{range .rows}}{{.nothing}}{{end}}",
	"{{range slice .rows 1}}{{.a}}{{end}}", "{{eq (len .rows) 2}}", "{{join \", \" .rows}}", "{{printf \"%v\" .rows}}",
}

// A program makes of the rows of a group what the template engine makes, at each place of a message and whatever the
// cells are. Most of it is made by programs. Proven by giving each turn of a range the cells of the first row
// (Machine.cellOf), and by going over one row too few (Machine.items).
func TestProgramsOfRows(t *testing.T) {
	t.Parallel()
	c := New(Config{Columns: fuzzColumns, Grouped: true})
	var made []*template
	for _, text := range grouped {
		if l, err := c.Line("x", Source{Text: text}); err == nil {
			made = append(made, l.p)
		}
		text, define, _ := strings.Cut(text, "{{define")
		if define != "" {
			define = "{{define" + define
		}
		for _, place := range []string{"<p>§</p>", `<p title="§" class=§ style="color:§">x</p>`, "<ul><li>§</li></ul>",
			`<a href="https://x.example/?q=§">x</a><a href='https://x.example/§'>y</a>`, `<script>f("§", §)</script>`} {
			source := &Source{Text: strings.ReplaceAll(place, "§", text) + define}
			if b, err := c.Body(BodySource{HTML: source}); err == nil {
				made = append(made, b.HTML.p, b.Text.p)
			}
		}
		if b, err := c.Body(BodySource{Text: &Source{Text: "A\n" + text + "\n" + define}}); err == nil {
			made = append(made, b.Text.p)
		}
	}
	var rows, programs, all int
	for _, cells := range some(groupsOf(hostile)) {
		members := make([]Member, len(cells))
		for i := range cells {
			members[i].Place, members[i].Cells = "list.csv:2", cells[i]
		}
		for _, p := range made {
			d := Data{Cells: cells[0], Group: members, Mailshot: Mailshot{Name: "Ann", Token: "t", Key: "k"}, Seen: &Seen{}}
			var o Output
			if all++; p.program == nil {
				continue
			}
			w := p.program.Machine(p.set.functions())
			if !w.Execute(&o, row(d)) {
				continue
			}
			if programs++; len(cells) > 1 && len(o.Text) > 0 {
				rows++
			}
			if problem := differs(p, &o, d, w.Taken()); problem != "" {
				t.Fatalf("%s\n%s", problem, p.set.made[p.entry].tree.Root)
			}
		}
	}
	if len(made) < 150 || programs < all/2 || rows < programs/2 {
		t.Errorf("%d templates; %d of %d by programs, %d of several rows", len(made), programs, all, rows)
	}
}

// groupsOf are groups of one row to four, which have the texts in turn.
func groupsOf(texts []string) (all [][][]Cell) {
	for i := range texts {
		var rows [][]Cell
		for j := range 1 + i%4 {
			text := func(k int) Cell { return Cell{Text: texts[(i+j*7+k)%len(texts)], Value: ""} }
			rows = append(rows, []Cell{text(0), text(1), {Text: "1,50", Value: []any{1.5, 0.0, -0.1}[(i+j)%3]},
				{Text: "22.11.", Value: time.Date(2026, time.November, 22, 0, 0, 0, 0, time.UTC)},
				{Text: "yes", Value: j == 2}, {}, text(2)})
		}
		all = append(all, rows)
	}
	return all
}
