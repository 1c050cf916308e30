package templates

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"
)

// Each of these would fill the memory or never end. Each is an error that names its limit, and no bomb takes more than
// 200 MB. Time is not asserted: the steps are bounded, and the test's own limit shows a loop without end. Proven by
// counting the texts of a list as 16 bytes each ("print of a list" allocates 6 GB), by raising maxSteps a millionfold
// ("nested ranges" is killed after 20 s) and maxString and maxMade likewise ("doubling" after 60 s).
func TestBombs(t *testing.T) {
	files := fstest.MapFS{
		"a.html": {Data: []byte(`{{template "b.html" .}}`)}, "b.html": {Data: []byte(`{{template "a.html" .}}`)},
		"twice.html": {Data: []byte(`{{template "twice.html" .}}{{template "twice.html" .}}`)},
	}
	var fan strings.Builder // 40 templates that each include the next one twice: 2^40
	for i := range 40 {
		fmt.Fprintf(&fan, `{{define "f%d"}}{{template "f%d" .}}{{template "f%d" .}}{{end}}`, i, i+1, i+1)
	}
	fan.WriteString(`{{define "f40"}}{{end}}{{template "f0" .}}`)
	c := New(Config{FS: files, Columns: columns})
	for name, text := range map[string]string{
		"range over a number": `{{range 1000000000}}x{{end}}`,
		"nested ranges":       `{{range 10000}}{{range 10000}}{{range 10000}}{{end}}{{end}}{{end}}`,
		"nested ranges writing": `{{range 10000}}{{range ` +
			`10000}}xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx{{end}}{{end}}`,
		"repeat":          `{{repeat 300000000 "x"}}`,
		"repeat overflow": `{{repeat 4611686018427387904 "xxxx"}}`,
		"repeats":         `{{range 10000}}{{$x := repeat 1000000 "x"}}{{end}}`,
		"doubling":        `{{$x := "x"}}{{range 60}}{{$x = print $x $x}}{{end}}{{$x}}`,
		"tenfold by format": `{{$x := "x"}}{{range 60}}{{$x = ` +
			`printf "%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s" $x}}{{end}}`,
		"wide format":             `{{printf "%999999999d" 1}}`,
		"wide format by argument": `{{printf "%*d" 999999999 1}}`,
		"replace":                 `{{$x := repeat 1000000 "x"}}{{replace "x" $x $x}}`,
		"join":                    `{{join (repeat 1000000 "x") (seq 1 10000)}}`,
		"seq":                     `{{range seq 1 50000000}}{{end}}`,
		"lists in lists":          `{{$x := list 1}}{{range 60}}{{$x = list $x $x}}{{end}}{{$x}}`,
		"many lists":              `{{range 10000}}{{$x := seq 1 10000}}{{end}}`,
		"split":                   `{{range split "x" (repeat 1000000 "x")}}{{end}}`,
		"pad":                     `{{pad 999999999 "x"}}`,
		"prints":                  `{{$x := repeat 1000000 "x"}}` + strings.Repeat("{{$x}}", 100),
		"included prints": `{{define "t"}}` + strings.Repeat("{{.}}", 10) + `{{end}}{{define "u"}}` +
			strings.Repeat(`{{template "t" .}}`, 10) + `{{end}}{{template "u" (repeat 1000000 "x")}}`,
		"print of a list": `{{$x := repeat 1000000 "x"}}{{list` + strings.Repeat(" $x", 1000) + `}}`,
		"part of a list":  `{{$x := repeat 1000000 "x"}}{{contains "y" (list` + strings.Repeat(" $x", 1000) + `)}}`,
		"recursion":       `{{template "a.html" .}}`,
		"recursion twice": `{{template "twice.html" .}}`,
		"fan":             fan.String(),
		"comments.html":   `{{$x := repeat 1000000 "x"}}` + strings.Repeat("<!-- {{$x}} -->", 1000),
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			var err error
			if strings.Contains(name+text, ".html") {
				var b *Body
				if b, err = c.Body(BodySource{HTML: &Source{File: "bomb", Text: text}}); err == nil {
					err = b.HTML.Execute(io.Discard, data("x"))
				}
			} else {
				var l *Text
				if l, err = c.Line("bomb", Source{File: "bomb", Text: text}); err == nil {
					err = l.Execute(io.Discard, data("x"))
				}
			}
			runtime.ReadMemStats(&after)
			var e *Error
			if !errors.As(err, &e) || e.Line == 0 {
				t.Fatalf("%v", err)
			}
			t.Log(err)
			if used := after.TotalAlloc - before.TotalAlloc; used > 200<<20 {
				t.Errorf("%d bytes allocated", used)
			}
		})
	}
	small := New(Config{Limit: 10})
	l, err := small.Line("subject", Source{Text: "0123456789{{.}}"})
	if err == nil {
		t.Error("the row prints", l)
	}
	l, err = small.Line("subject", Source{Text: `0123456789{{print "x"}}`})
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Execute(io.Discard, Data{}); err == nil || !strings.Contains(err.Error(), "is longer than 10 bytes") {
		t.Error(err)
	}
}
