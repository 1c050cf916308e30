package templates

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

// maker makes a template out of bytes, each of which decides something. When they are used up it comes to an end.
type templateMaker struct {
	bytes []byte
	vars  int
	turns int // ranges around
}

func (m *templateMaker) next(n int) int {
	if len(m.bytes) == 0 {
		return 0
	}
	b := int(m.bytes[0])
	m.bytes = m.bytes[1:]
	return b % n
}

func (m *templateMaker) pick(of ...string) string { return of[m.next(len(of))] }

// body makes some of a template.
func (m *templateMaker) body(deep int, isHTML bool) string {
	var b strings.Builder
	for range 1 + m.next(4) {
		if deep > 4 || len(m.bytes) == 0 {
			b.WriteString(m.pick("x", " y\n", "\n\n", "Zgot"))
			continue
		}
		switch k := m.next(8); {
		case k < 2:
			b.WriteString(m.literal())
		case k < 4 && isHTML:
			b.WriteString(m.element(deep))
		case k < 5:
			b.WriteString("{{" + m.pick("", "- ") + m.pipe(deep) + m.pick("", " -") + "}}")
		case k < 6:
			b.WriteString(m.statement(deep))
		default:
			b.WriteString(m.control(deep, isHTML))
		}
	}
	return b.String()
}

func (m *templateMaker) literal() string {
	return m.pick("text ", "\n", "\n\n\n", " \t\n", "a & b", "é € 漢", "Zgot", "mplZ", "{ {", "-- \n",
		strings.Repeat("A line of text.\n", 12),
		strings.Repeat("A line.  \n\n\n", 20), "\n"+strings.Repeat("xy\n", 60)+" ", "\r\n")
}

// element makes HTML with a value at one of the places that escape in their own ways.
func (m *templateMaker) element(deep int) string {
	v := "{{" + m.pipe(deep+1) + "}}"
	switch m.next(20) {
	case 0:
		return "<p>" + m.body(deep+1, true) + "</p>"
	case 1:
		return `<a href="` + v + `">` + m.body(deep+1, true) + "</a>"
	case 2:
		return `<a href="https://example.com/` + v + `?a=` + v + `#` + v + `">x</a>`
	case 3:
		return `<a href='mailto:` + v + `?subject=` + v + `'>x</a>`
	case 4:
		return `<div title="` + v + `" class='` + v + `'>` + m.body(deep+1, true) + "</div>"
	case 5:
		return "<td width=" + v + ">x</td>"
	case 6:
		return `<p style="color:` + v + `">x</p>`
	case 7:
		return `<p style="background:url(` + v + `)">x</p>`
	case 8:
		return `<style>p { color: ` + v + `; background: url("` + v + `") }</style>`
	case 9:
		return `<script>var a = ` + v + `, b = "` + v + "\", c = /" + v + "/;</script>"
	case 10:
		return `<img srcset="` + v + ` 2x, /a.png" alt="` + v + `">`
	case 11:
		return `<a onclick="f(` + v + `, '` + v + `')">x</a>`
	case 12:
		return "<title>" + v + "</title><textarea>" + v + "</textarea>"
	case 13:
		return "<!-- " + v + " --><!--[if mso]><p>" + v + "</p><![endif]-->"
	case 14:
		return `<meta http-equiv="refresh" content="0;url=` + v + `"><meta content="` + v + `">`
	case 15:
		return "<p " + v + ">x</p>"
	case 16:
		return `<a href="{{if ` + m.value(deep) + `}}https://a.example/{{else}}` + v + `{{end}}">x</a>`
	case 17:
		return `<a href="` + v + v + `">x</a>`
	case 18:
		return "<a href=" + v + ">x</a>"
	}
	return "<table><tr><td>" + v + "</td></tr></table>"
}

// statement makes what prints nothing.
func (m *templateMaker) statement(deep int) string {
	if m.vars > 0 && m.next(2) == 0 {
		return "{{" + m.variable() + " = " + m.pipe(deep) + "}}"
	}
	if m.turns > 0 && m.next(3) == 0 {
		return m.pick("{{break}}", "{{continue}}")
	}
	pipe := m.pipe(deep)
	m.vars++
	return "{{$v" + string(rune('0'+m.vars%10)) + " := " + pipe + "}}"
}

func (m *templateMaker) variable() string { return "$v" + string(rune('0'+(m.next(m.vars)+1)%10)) }

func (m *templateMaker) control(deep int, isHTML bool) string {
	vars := m.vars
	defer func() { m.vars = vars }()
	otherwise := func() string {
		if m.next(2) == 0 {
			return ""
		}
		m.vars = vars
		return "{{else}}" + m.body(deep+1, isHTML)
	}
	switch m.next(6) {
	case 0, 1:
		return "{{if " + m.pipe(deep) + "}}" + m.body(deep+1, isHTML) + otherwise() + "{{end}}"
	case 2:
		return "{{with " + m.pick("", "", "$w := ") + m.pipe(deep) + "}}" + m.body(deep+1,
			isHTML) + otherwise() + "{{end}}"
	case 3:
		return "{{template " + m.pick(`"part"`, `"part" .`, `"part" $`, `"part" .mailshot`,
			`"other" `+m.value(deep)) + "}}"
	}
	m.turns++
	over := m.pick(`split ";" .a`, "list .a .b 1 2.5 true", "3", "seq 1 .n", `split "" .a`, m.value(deep))
	s := "{{range " + m.pick("", "", "$i, $x := ", "$x := ") + over + "}}" + m.body(deep+1, isHTML)
	m.turns--
	return s + otherwise() + "{{end}}"
}

func (m *templateMaker) pipe(deep int) string {
	s := m.value(deep)
	for deep < 6 && m.next(4) == 1 {
		deep++
		s += " | " + m.call(deep, true)
	}
	return s
}

func (m *templateMaker) value(deep int) string {
	if deep > 5 {
		return ".a"
	}
	switch m.next(8) {
	case 0, 1, 2:
		return m.pick(".a", ".b", ".n", ".d", ".e", ".z", "$.a", "$.n", `(col "two words")`, ".mailshot.name",
			"$.mailshot.token",
			`(index . "b")`, `(opt . "nothing")`, `(has $ "z")`)
	case 3:
		return m.pick(`"text"`, `"a;b"`, "1", "-2", "1.5", "0", "true", "'x'", "0x10", "1e3", "`<raw>`", `""`, "nil",
			"1i", "300")
	case 4:
		return m.pick(".", "$", "$i", "$x", "$w", "(list 1 2)", ".mailshot", "lang", `(split ";" .a)`)
	case 5:
		if m.vars > 0 {
			return m.variable()
		}
	}
	return "(" + m.call(deep+1, false) + ")"
}

// call makes a call of a function, with arguments of the kinds that it takes, mostly.
func (m *templateMaker) call(deep int, piped bool) string {
	f := allFunctions[m.next(len(allFunctions))]
	words := strings.Fields(strings.Split(f.Usage, " or ")[0])
	s := words[0]
	for i, word := range words[1:] {
		if piped && i == len(words)-2 {
			break
		}
		repeat := 1
		if strings.HasSuffix(word, "…") {
			repeat = 1 + m.next(2)
		}
		for range repeat {
			switch {
			case m.next(12) == 11:
				s += " " + m.value(deep)
			case word == "N" || word == "DECIMALS" || word == "FROM" && words[0] != "days" || word == "FIRST" ||
				word == "LAST":
				s += " " + m.pick("0", "1", "2", "-1", "5", ".n", "1.0", "1e1")
			case word == ".":
				s += m.pick(" .", " $")
			case word == "LIST":
				s += m.pick(` (split ";" .a)`, " (list .a 2 .n)", " $x")
			case word == "LAYOUT" || word == "CURRENCY" || word == "SCRIPT" || word == "FORMAT" || word == "SEPARATOR":
				s += " " + m.pick(`"EUR"`, `"fa"`, `"2 January 2006"`, `";"`, `"%v %s"`, `"%08.2f"`, `""`)
			case word == "NAME":
				s += " " + m.pick(`"a"`, `"n"`, `"two words"`, `"no"`, `"mailshot"`, ".a")
			default:
				s += " " + m.value(deep)
			}
		}
	}
	return s
}

var allFunctions = Functions()

var hostile = []string{"", " ", "Ann", "tea; milk; bread", "<b>&\"'+\x00`=", "javascript:alert(1)",
	"https://example.com/a b?c=d&e=%41%zz", "a@b.example", "ünïcode 漢\u2028\ufdd0", "\xff\xfe\x80", "Zgot", "mplZ",
	"ZgotmplZ", "\n\n", "x\r\n", "10", "1e400", "2026-11-22", "</script><!--", "\\u003c", "%!v", "{{.a}}", "//x",
	"HTTPS:x", "tel:+1", strings.Repeat("ab ", 200), "0", "-1", "red", "1px"}

// row makes a row out of bytes, which is in order or by names.
func (m *templateMaker) row(a, b string) Data {
	text := func(own string) string {
		if i := m.next(len(hostile) + 1); i < len(hostile) {
			return hostile[i]
		}
		return own
	}
	n := []any{0.0, 1234.5, 3.0, -0.5, 1e21, nil}[m.next(6)]
	d := []any{time.Date(2026, time.November, 22, 0, 0, 0, 0, time.UTC), nil, time.Time{}}[m.next(3)]
	cells := []Cell{{Text: text(a), Value: ""}, {Text: text(b), Value: ""}, {Text: text("1.234,50"), Value: n},
		{Text: "22.11.", Value: d}, {Text: "yes", Value: m.next(2) == 0}, {}, {Text: text("two"), Value: ""}}
	data := Data{Cells: cells[:len(cells)-m.next(8)/7],
		Mailshot: Mailshot{Name: text(a), Token: "k3x7", Key: "k"}, Seen: &Seen{}}
	if m.next(2) == 0 {
		return data
	}
	data.Text, data.Values, data.Cells = map[string]string{}, map[string]any{}, nil
	for i, c := range cells[:len(cells)-m.next(8)/7] {
		if _, isText := c.Value.(string); !isText {
			data.Values[fuzzColumns[i]] = c.Value
		}
		if m.next(9) > 0 {
			data.Text[fuzzColumns[i]] = c.Text
		}
	}
	return data
}

var fuzzColumns = []string{"a", "b", "n", "d", "e", "z", "two words"}

// corpus are templates that people have written.
func corpus(t testing.TB) []string {
	var all []string
	for _, glob := range []string{"testdata/markdown.txt", "starters/*/*.md", "starters/*/*.html", "starters/*/*.txt",
		"layouts/*.html", "../examples/*/*.md", "../../shared/corpora/html/*.html"} {
		files, err := filepath.Glob(glob)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, string(b))
		}
	}
	return all
}

// fuzzed makes a body out of bytes: by a grammar, or of a template of the corpus with actions put into it.
func fuzzed(m *templateMaker, from []string) (BodySource, *Source) {
	syntax := m.next(4)
	text := ""
	if m.next(4) > 0 {
		text = m.body(0, syntax != 1)
	} else {
		text = from[m.next(len(from))]
		for range m.next(6) {
			at := (m.next(256)<<8 + m.next(256)) % (len(text) + 1)
			for at > 0 && at < len(text) && text[at]&0xc0 == 0x80 {
				at--
			}
			text = text[:at] + m.body(3, false) + text[at:]
		}
	}
	source := &Source{File: "body", Text: text}
	switch syntax {
	case 0:
		return BodySource{Markdown: source, Subject: &Source{Text: "{{.a}}"}, Layout: m.pick("plain", "letter", "none")}, nil
	case 1:
		return BodySource{}, source
	}
	return BodySource{HTML: source}, nil
}

// Whatever the template and the row, the program makes what the template engine makes, or says no (see differs). It
// leaves to the engine what it does not know, so the seeds also say that most of what is made is made by the program.
//
// The long form: go test ./templates -run '^$' -fuzz FuzzProgram -fuzztime 1h
//
// Proven by leaving the plus sign out of entities and by taking an empty typed cell for true in Cell.Truth, which the
// seeds show. Of what TestTrickyTemplates shows the seeds miss some.
func FuzzProgram(f *testing.F) {
	from := corpus(f)
	for i := range 400 { // a fixed walk over the grammar
		seed := make([]byte, 60+i%200)
		state := uint32(i)*2654435761 + 1
		for j := range seed {
			state = state*1664525 + 1013904223
			seed[j] = byte(state >> 24)
		}
		f.Add(seed, "Ann", "<b>")
	}
	files := fstest.MapFS{}
	f.Fuzz(func(t *testing.T, shape []byte, a, b string) {
		m := &templateMaker{bytes: shape}
		c := New(Config{Columns: fuzzColumns, FS: files, Limit: 1 << 16, Language: m.pick("", "de", "fa")})
		first := m.row(a, b)
		body, line := fuzzed(m, from)
		parts := `{{define "part"}}[{{if .}}{{.a}}{{end}}{{end}}{{define "other"}}<{{.}}>{{end}}`
		var made []*template
		if line != nil {
			line.Text = parts + line.Text
			if l, err := c.Line("subject", *line); err == nil {
				made = append(made, l.p)
			}
		} else {
			if body.HTML != nil {
				body.HTML.Text = parts + body.HTML.Text
			}
			if b, err := c.Body(body); err == nil {
				made = append(made, b.HTML.p, b.Text.p)
			}
		}
		var o Output
		for _, p := range made {
			if p.program == nil {
				continue
			}
			for _, d := range []Data{first, (&templateMaker{bytes: shape}).row(b, a)} {
				w := p.program.Machine(p.set.functions())
				if w.Execute(&o, row(d)) {
					if problem := differs(p, &o, d, w.Taken()); problem != "" {
						t.Fatalf("%s\n%s", problem, p.set.made[p.entry].tree.Root)
					}
				}
			}
		}
	})
}
