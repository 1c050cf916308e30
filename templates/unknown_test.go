package templates

import (
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"
)

// What the template engine executes because a program does not know it. A letter has none of these.
func TestUnknownToPrograms(t *testing.T) {
	t.Parallel()
	for text, what := range map[string]string{
		`{{default nil .a}}`: "nil",
		`{{print 1i}}`:       "1i",
		`{{$x := 1}}{{range $x = list 1 2}}{{end}}{{$x}}`:     "{{range $x = list 1 2 | _range}}",
		`{{$x := 1}}{{if $x = 0}}{{end}}`:                     "$x = 0",
		`{{print ($x := 1)}}`:                                 "$x := 1",
		`{{template "t" $x := .a}}{{define "t"}}{{.}}{{end}}`: `{{template "t" $x := .a}}`,
		// These are errors in every row.
		`{{upper}}`:        "upper",
		`{{num "2" .n}}`:   `"2"`,
		`{{upper .a .b}}`:  "upper .a .b",
		`{{join ";" "a"}}`: `"a"`,
		`{{if .a}}{{$x := 1}}{{else}}{{$x}}{{end}}`: "$x",
	} {
		l, err := New(Config{Columns: fuzzColumns}).Line("x", Source{Text: text})
		if err != nil {
			t.Errorf("%s: %v", text, diagnose(err))
			continue
		}
		got := ""
		if l.p.program == nil {
			got = l.p.unknown.Error()
		}
		if !strings.HasPrefix(got, what) {
			t.Errorf("%s: %q", text, got)
		}
	}
}

// Templates that mean something else than they seem to. Each is executed at many places and for rows with and without
// something in their cells. The program makes what the engine makes, or says no (see compareWithEngine). Proven by
// working out what comes to an or through a pipe only where it is asked for, by letting an else see the variables of
// its if, by not bringing the dot back after a break, by taking 1e3 for a whole number wherever it stands, by taking an
// address that a function made for a text, by writing an address after its ? as one before it, and by giving the else
// of a range another value for its variable.
func TestTrickyTemplates(t *testing.T) {
	t.Parallel()
	var made []func(*Output, Data) error
	c := New(Config{Columns: fuzzColumns})
	for _, text := range tricky {
		// What is a mistake at one of the places, such as a text of two lines, is only executed at the others.
		if l, err := c.Line("x", Source{Text: text}); err == nil {
			made = append(made, l.Append)
		}
		text, define, _ := strings.Cut(text, "{{define")
		if define != "" {
			define = "{{define" + define
		}
		for _, place := range []string{"<title>§</title>§", `<p title="§" class=§ style="color:§">x</p>`, `<a href="§">z</a>`,
			`<a href="https://x.example/?q=§">x</a><a href='https://x.example/§'>y</a>`,
			`<script>f("§", §)</script><img srcset="§ 2x">`} {
			source := &Source{Text: strings.ReplaceAll(place, "§", text) + define}
			if b, err := c.Body(BodySource{HTML: source}); err == nil {
				made = append(made, b.HTML.Append, b.Text.Append)
			}
		}
	}
	if len(made) < 200 {
		t.Errorf("only %d templates", len(made))
	}
	for _, cells := range [][2]string{{"", ""}, {"Ann", "a;b;1,2,3;c;d"}, {"<&+'\"%41 é>", "https://x.example/?a=b c"},
		{"a", "a"}} {
		for _, n := range []any{nil, 0.0, 12.5} {
			d := Data{Cells: []Cell{{Text: cells[0], Value: ""}, {Text: cells[1], Value: ""}, {Text: "1,0", Value: n},
				{Text: "22.11.", Value: time.Time{}}, {Text: "no", Value: false}, {}, {Text: "w", Value: ""}},
				Mailshot: Mailshot{Name: cells[0], Token: "t"}}
			for _, f := range made {
				_ = f(&Output{}, d)
			}
		}
	}
}

var tricky = []string{
	`{{required "it" .a | or true}}`, `{{or .a .b}}{{and .a .b}}{{.a | and .b}}{{.a | or}}{{not .n}}`,
	`{{$x := "o"}}{{if .a}}{{$x := "i"}}{{$x}}{{else}}{{$x}}{{end}}{{$x}}`,
	`{{$x := "o"}}{{range list 1 2}}{{if eq . 1}}{{$x := "i"}}{{$x}}{{else}}{{$x}}{{end}}{{end}}`,
	`{{$x := 1}}{{with $x := .b}}{{$x}}{{.}}{{else}}[{{$x}}]{{end}}{{$x}}`,
	`{{$x := 0}}{{range $i, $x := split ";" .a}}{{$i}}{{$x}}{{$x = "y"}}{{$x}}{{else}}{{$x}}{{end}}{{$x}}`,
	`{{range $x := split ";" .b}}{{with $x}}{{if eq . "c"}}{{break}}{{end}}{{.}}{{end}}{{end}}{{.a}}`,
	`{{range $x := split ";" .b}}{{if eq $x "b"}}{{continue}}{{end}}{{.}}{{end}}{{.a}}`,
	`{{range split ";" .b}}{{range split "," .}}{{if eq . "2"}}{{break}}{{end}}<{{.}}>{{end}}({{.}}){{end}}`,
	`{{range 3}}{{.}}{{range .}}{{.}}{{end}}{{end}}{{range $i := 2}}{{$i}}{{end}}{{range 0}}x{{else}}none{{end}}`,
	`{{print 1e3 0x10 'x' -0.0 1.0 1_000 true}}`, `{{truncate 1e1 .b}}{{num 0x2 1}}{{pad 'a' "x"}}{{seq 1 1e1}}`,
	`{{template "t" .}}{{define "t"}}{{with .a}}{{.}}{{end}}{{$.a}}{{end}}`,
	`{{template "t" .mailshot}}{{with .mailshot}}{{.name}}{{$.a}}{{end}}{{define "t"}}{{.name}}{{$.name}}{{end}}`,
	`{{template "t"}}{{define "t"}}{{$x := "x"}}{{$x}}{{if .}}y{{end}}{{end}}`,
	`{{template "t"}}{{define "t"}}{{.}}{{end}}`,
	`{{$r := .}}{{$r.a}}{{range list 1}}{{$r.b}}{{$.a}}{{col "two words"}}{{end}}{{$m := $r.mailshot}}{{$m.token}}`,
	`{{col .a}}`, `{{index . .b}}`, `{{index .mailshot "name"}}`, `{{index .mailshot "no"}}`, `{{has .mailshot "a"}}`,
	`{{has . "z"}}{{has . "a"}}{{opt . "no"}}{{opt . "n"}}`, `{{(list .a).String}}`, `{{(.mailshot).name}}{{((.b))}}`,
	`{{join "," (list .a .n 1)}}{{first (list .n)}}{{last (split ";" .b)}}`, `{{index (split ";" .b) 1}}`,
	`{{if .n}}n{{end}}{{if .d}}d{{end}}{{if .e}}e{{end}}{{if .z}}z{{end}}{{if "two words" | col}}w{{end}}`,
	`{{printf "%v %s %.1f %q %d" .n .a .n .d 3}}{{print .n .d .e .z}}`, `{{len .a}}{{len (split ";" .b)}}`,
	`{{.n | add 1 | mul 2}}`, `{{/* c */}}{{- .a -}} x {{- "y" -}}{{$_ := upper .a}}`, `{{tel .a}}`, `{{urlescape .b}}`,
	`{{preheader .a}}`, `{{lang}}{{dir}}`, `{{choose .a .b .n}}{{coalesce .z .a "x"}}{{default 1.50 .z}}`, `{{1e21}}`,
	`{{.mailshot}}`, `{{list .a .b 2.5}}`, `{{eq .n 12.5}}{{.e}}{{true}}{{12}}`,
}

// The letters that people have written are all executed by programs, for a row that is not odd. Most of their text is
// in runs.
func TestLettersAreKnownToPrograms(t *testing.T) {
	t.Parallel()
	all, inRuns := 0, 0
	for _, text := range corpus(t) {
		for _, b := range []BodySource{{Markdown: &Source{Text: text}}, {HTML: &Source{Text: text}}} {
			body, err := New(Config{}).Body(b)
			if err != nil {
				continue // it is not for our columns, or is of the other syntax
			}
			for _, p := range []*template{body.HTML.p, body.Text.p} {
				if p.program == nil {
					t.Errorf("%v\n%.200s", p.unknown, text)
					continue
				}
				d := ExampleData()
				for _, name := range p.program.Columns() {
					if _, ok := d.Text[name]; !ok {
						d.Text[name] = "2026-11-22"
					}
				}
				var o Output
				if _, err := p.engineText(&o, row(d).Dot(nil)); err != nil {
					continue // a number is asked for, and the like
				}
				if !p.program.Machine(p.set.functions()).Execute(&o, row(d)) {
					t.Errorf("the program says no: %s\n%.200s", p.entry, text)
				}
				all += len(o.Text)
				for _, r := range o.Runs {
					inRuns += len(p.literals()[r.Literal])
				}
			}
		}
	}
	t.Logf("%d of %d bytes are in runs", inRuns, all)
	if inRuns < all/2 {
		t.Errorf("%d of %d bytes are in runs", inRuns, all)
	}
}

// What a template prints at its places is the same whichever rows were before, and whether a program or the engine
// executes the copy of the spy. Proven by comparing shapes by their length, and by not giving Watch what is written.
func TestSeenWhateverWasBefore(t *testing.T) {
	t.Parallel()
	const sure = `<p>Dear {{.a}}, <a href="{{.b}}">x</a>{{if .n}}<a href="https://x.example/{{.a}}">y</a>{{.z}}{{end}}</p>`
	const unsure = sure + `{{range split ";" .a}}<a href="https://{{.}}/">{{.}}</a>{{end}}`
	for _, text := range []string{sure, unsure} {
		b, err := New(Config{Columns: fuzzColumns}).Body(BodySource{HTML: &Source{Text: text}})
		if err != nil {
			t.Fatal(diagnose(err))
		}
		random := rand.New(rand.NewPCG(1, 2))
		of := func(texts ...string) string { return texts[random.IntN(len(texts))] }
		for range 300 {
			d := Data{Seen: &Seen{}, Cells: []Cell{
				{Text: of("", " ", "Ann", "a;b", "//x", "."), Value: ""},
				{Text: of("", "https://a.example/", "mailto:", ".", "x"), Value: ""},
				{Text: "1", Value: float64(random.IntN(2))}, {}, {}, {}, {Text: of("", "z"), Value: ""},
			}}
			if err := b.HTML.Append(&Output{}, d); err != nil {
				t.Fatal(diagnose(err))
			}
			want := &Seen{}
			if !b.HTML.p.spy.engine(row(d).Dot(fuzzColumns), want) {
				t.Fatal("the engine cannot execute the copy")
			}
			if !reflect.DeepEqual(listed(d.Seen), listed(want)) {
				t.Fatalf("%v: %v, and alone %v", d.Cells, listed(d.Seen), listed(want))
			}
		}
		if b.HTML.p.spy.program == nil {
			t.Error("the spy has no program")
		}
	}
}

// listed are the places that were printed, by whether they were empty.
func listed(s *Seen) map[bool][]int {
	m := map[bool][]int{}
	s.Each(func(place int, empty bool) { m[empty] = append(m[empty], place) })
	return m
}

// Buffers of an Output are used again, and nothing of one row is left in the next. Runs are in the text that they speak
// of.
func TestOutputIsReplaced(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("This line is one of many.\n\n\n", 10)
	b, err := New(Config{Columns: fuzzColumns}).Body(BodySource{Markdown: &Source{
		Text: "{{.a}}\n\n" + long + "{{if .b}}\n" + long + "{{end}}\n{{.b}}\n"}})
	if err != nil {
		t.Fatal(diagnose(err))
	}
	for _, f := range []struct {
		append   func(*Output, Data) error
		literals []string
	}{{b.HTML.Append, b.HTML.Literals()}, {b.Text.Append, b.Text.Literals()}} {
		var o Output
		for _, cells := range [][2]string{{"", ""}, {"x", "y"}, {strings.Repeat("z ", 500), ""}, {"", "y"}} {
			d := Data{Cells: []Cell{{Text: cells[0], Value: ""}, {Text: cells[1], Value: ""}, {}, {}, {}, {}, {}}}
			if err := f.append(&o, d); err != nil {
				t.Fatal(err)
			}
			var fresh Output
			if err := f.append(&fresh, d); err != nil || string(fresh.Text) != string(o.Text) {
				t.Errorf("%q, %v", o.Text, err)
			}
			want := 1
			if cells[1] != "" {
				want = 2
			}
			if len(o.Runs) < want {
				t.Errorf("%d runs in %q", len(o.Runs), o.Text)
			}
			for _, r := range o.Runs {
				if l := f.literals[r.Literal]; string(o.Text[r.At:r.At+len(l)]) != l {
					t.Errorf("%q is not at %d of %q", l, r.At, o.Text)
				}
			}
		}
	}
}
