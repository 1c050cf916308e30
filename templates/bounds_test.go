package templates

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// executed executes a template by its program and by the engine, and says how they differ.
func executed(t *testing.T, text string, d Data) string {
	t.Helper()
	l, err := New(Config{Columns: fuzzColumns}).Line("x", Source{Text: text})
	if err != nil {
		t.Fatal(diagnose(err))
	}
	if l.p.program == nil {
		return ""
	}
	var o Output
	w := l.p.program.Machine(l.p.set.functions())
	if !w.Execute(&o, row(d)) {
		return ""
	}
	return differs(l.p, &o, d, w.Taken())
}

var aRow = Data{Cells: []Cell{{Text: "Ann", Value: ""}, {Text: "b", Value: ""}, {Text: "1,0", Value: 1.0}, {}, {}, {},
	{Text: "w", Value: ""}}}

// A range of a number has one variable at most, also where the number is zero and the range has nothing to do. It has
// caught programs that asked for the number only where there was a turn to make.
func TestRangeOfNoNumbersWithTwoVariables(t *testing.T) {
	t.Parallel()
	for _, text := range []string{`{{range $i, $x := 0}}x{{else}}none{{end}}`, `{{range $i, $x := -3}}x{{end}}`,
		`{{range $i, $x := len ""}}x{{end}}`, `{{range $i, $x := list}}x{{else}}none{{end}}`,
		`{{range $x := 0}}x{{else}}{{$x}}none{{end}}`} {
		if problem := executed(t, text, aRow); problem != "" {
			t.Errorf("%s: %s", text, problem)
		}
	}
}

// A variable of the author's that is named like that of the guards is the same whoever executes the template. It has
// caught guards whose variable a source could write, too: in the engine they hid the author's.
func TestVariableNamedLikeThatOfTheGuards(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`{{$_ := "hello"}}{{if .a}}{{$_}}{{end}}`, `{{range $_, $x := list 1 2}}{{$_}}{{$x}}{{end}}`,
		`{{$_ := "hello"}}{{template "t" .}}{{$_}}{{define "t"}}t{{end}}`, `{{with $_ := .a}}{{$_}}{{end}}`,
	} {
		if problem := executed(t, text, aRow); problem != "" {
			t.Errorf("%s: %s", text, problem)
		}
	}
}

// A link of a variable is empty where the variable is, whatever the variable's name. It has caught calls around links
// that hid the author's variable, so that a full link was said to be empty.
func TestLinkOfVariableNamedLikeThatOfTheGuards(t *testing.T) {
	t.Parallel()
	seen := func(name string) (said string) {
		text := `{{$_ := .a}}{{$y := ""}}<a href="https://example.com/{{$_}}">x</a><a href="{{$_}}">x</a>` +
			`<a href="{{$y}}">x</a>{{range $_ := list "x" "y"}}<a href="{{$_}}">x</a>{{end}}{{$_}}`
		b, err := New(Config{Columns: fuzzColumns}).Body(BodySource{
			HTML: &Source{Text: strings.ReplaceAll(text, "$_", name)}, Text: &Source{Text: "x"},
		})
		if err != nil {
			t.Fatal(diagnose(err))
		}
		d := aRow
		d.Seen = &Seen{}
		if err := b.HTML.Execute(io.Discard, d); err != nil {
			t.Fatal(err)
		}
		d.Seen.Each(func(place int, empty bool) { said += fmt.Sprint(place, empty, " ") })
		return said
	}
	want := seen("$x")
	if got := seen("$_"); got != want || !strings.Contains(want, "true") || !strings.Contains(want, "false") {
		t.Errorf("%q, and with another name %q", got, want)
	}
}

// A text that is too long is not made in full before that is found out. It has caught programs that asked for the limit
// only at their end and at each turn of a range: they allocated 583 MB.
func TestTooLongIsFoundInTime(t *testing.T) {
	for name, text := range map[string]string{
		"prints": `{{$x := repeat 1000000 "x"}}` + strings.Repeat("{{$x}}", 100),
		"included": `{{define "t"}}` + strings.Repeat("{{.}}", 10) + `{{end}}{{define "u"}}` +
			strings.Repeat(`{{template "t" .}}`, 10) + `{{end}}{{template "u" (repeat 1000000 "x")}}`,
	} {
		l, err := New(Config{Columns: fuzzColumns}).Line("bomb", Source{Text: text})
		if err != nil {
			t.Fatal(diagnose(err))
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err = l.Execute(io.Discard, aRow)
		runtime.ReadMemStats(&after)
		if err == nil || !strings.Contains(err.Error(), "is longer than") {
			t.Error(err)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > 200<<20 { // as in TestBombs
			t.Errorf("%s: %d bytes allocated for a limit of %d", name, used, DefaultLimit)
		}
	}
}

// A large text that is included often is not copied for each place. It was seen to fail with a bound of nodes alone.
func TestLargeTextIncludedOften(t *testing.T) {
	t.Parallel()
	text := `{{define "t"}}` + strings.Repeat("x", 1<<20) + `{{end}}` +
		strings.Repeat(`{{if .a}}{{template "t"}}{{end}}`, 100)
	l, err := New(Config{Columns: fuzzColumns}).Line("x", Source{Text: text})
	if err != nil {
		t.Fatal(diagnose(err))
	}
	if l.p.program != nil {
		t.Error("a program is made of 100 MB")
	}
}

// Ranges in templates that include each other one after the other take no longer to compile than html/template takes.
// It has caught an inlined set whose nodes counted once, however many ranges were around them. With each level the time
// doubled: it was 20 s for 20 levels, so that 40 would never end.
func TestRangesInIncludedTemplatesCompile(t *testing.T) {
	const levels = 40
	text := `{{template "t0" .}}`
	for i := range levels {
		text += fmt.Sprintf(`{{define "t%d"}}{{range list 1}}<p>{{template "t%d" $}}</p>{{end}}{{end}}`, i, i+1)
	}
	text += fmt.Sprintf(`{{define "t%d"}}{{.a}}{{end}}`, levels)
	_, err := New(Config{Columns: fuzzColumns}).Body(BodySource{HTML: &Source{Text: text}, Text: &Source{Text: "x"}})
	if err != nil {
		t.Fatal(diagnose(err))
	}
}

// No template prints where a value is in memory, because that is another place each time. Seen to fail without the look
// at the format, and with dates that print what is in them for %d.
func TestNoAddressIsPrinted(t *testing.T) {
	t.Parallel()
	d := aRow
	d.Cells = slices.Clone(d.Cells)
	d.Cells[3].Text, d.Cells[3].Value = "2026-11-22", time.Date(2026, 11, 22, 0, 0, 0, 0, time.FixedZone("x", 3600))
	for text, found := range map[string]string{
		`{{printf "%p" .mailshot}}`: "compiling", `{{printf "%%%-[1]p" .n}}`: "compiling",
		`{{printf "a%#p" .}}`: "compiling", `{{$f := "%p"}}{{printf $f .mailshot}}`: "executing",
		`{{"%+p" | printf | print}}`: "executing", `{{printf (print "%" "p") .n}}`: "executing",
		`{{printf "%d" .d}}`: "executing", `{{printf "%%p %v %x" .d .d}}`: "",
	} {
		l, err := New(Config{Columns: fuzzColumns}).Line("x", Source{Text: text})
		at := ""
		if err != nil {
			at = "compiling"
		} else if err = l.Execute(io.Discard, d); err != nil {
			at = "executing"
		}
		var e *Error
		if at != found || err != nil && (!errors.As(err, &e) || e.Hint == "" || e.Line == 0) {
			t.Errorf("%s: %v when %q", text, err, at)
		}
	}
}
