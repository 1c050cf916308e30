package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"iter"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"
)

func TestDefuse(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, want string }{
		{"", ""},
		{"Ann Lee", "Ann Lee"},
		{"ann@example.com", "ann@example.com"},
		{"=1+1", "'=1+1"},
		{"+98 912 000", "'+98 912 000"},
		{"-2", "'-2"},
		{"@SUM(A1)", "'@SUM(A1)"},
		{"  =1", "'  =1"},
		{"\u00a0=1", "'\u00a0=1"},
		{"\t=1", `'\t=1`},
		{"\r\n=1", `'\r\n=1`},
		{"\x00=1", `'\x00=1`},
		{`"=1`, `'"=1`},
		{`'=1`, `''=1`},
		{"\"\n=cmd|' /C calc'!A0", `"\n=cmd|' /C calc'!A0`}, // the line end is an escape now: one cell, no formula
		{"＝1+1", "'＝1+1"},
		{"a=b", "a=b"},
		{"250 \x1b]0;owned\x07", `250 \x1b]0;owned\x07`},
	} {
		if got := Defuse(c.in); got != c.want {
			t.Errorf("Defuse(%q) = %q, want %q", c.in, got, c.want)
		}
	}
}

func TestClean(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, want string }{
		{"سلام می\u200cخواهم", "سلام می\u200cخواهم"},
		{"a\u202egnp.exe", `a\u202egnp.exe`},
		{"ا \u20665 USD\u2069 ب", "ا \u20665 USD\u2069 ب"},
		{"\u2066a\u2067b\u2069c\u2069\u2069", "\u2066a\\u2067b\\u2069c\u2069\\u2069"},
		{"a\u2069\u2066b\n\u2068c", `a\u2069\u2066b\n\u2068c`},
		{"\x9b31mred", `\x9b31mred`},
		{"\u009b31mred", `\x9b31mred`},
		{"a\x7f\r\n\tb", `a\x7f\r\n\tb`},
		{"bad \xff utf8", `bad \xff utf8`},
	} {
		if got := Clean(c.in); got != c.want {
			t.Errorf("Clean(%q) = %q, want %q", c.in, got, c.want)
		}
	}
	if got, want := CleanLines("one\r\ntwo\tx\x1b[2J\n"), "one\ntwo\tx\\x1b[2J\n"; got != want {
		t.Errorf("CleanLines = %q, want %q", got, want)
	}
}

func FuzzDefuse(f *testing.F) {
	f.Add("=cmd|' /C calc'!A0")
	f.Add("\t\"=1")
	f.Fuzz(func(t *testing.T, s string) {
		d := Defuse(s)
		if d != "" && strings.ContainsRune("=+-@\t\r\n\x00", rune(d[0])) {
			t.Errorf("%q starts a formula: %q", s, d)
		}
		if strings.ContainsAny(d, "\x00\r\n\t\x1b") {
			t.Errorf("%q keeps control characters: %q", s, d)
		}
	})
}

func summary() Summary {
	return Summary{
		Campaign: "=id", Created: time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC), Rows: 3,
		Counts: []Count{{"invalid", 1}, {"sent", 1}, {"refused", 1}, {"pending", 0}},
	}
}

func rows() iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		_ = yield(Row{Number: 1, Place: "people.csv:2", Key: "-1", Address: "ann@example.com", State: "sent", Attempts: 1,
			Time: time.Date(2026, 11, 22, 9, 1, 2, 0, time.UTC), Server: "smtp.example:465", Stage: "dot", Code: 250,
			Enhanced: "2.0.0", Text: "=HYPERLINK(\"http://evil.example\")"}, nil) &&
			yield(Row{Number: 2, Place: "people.csv:3", Key: "b", Address: "b@example.com", State: "refused", Attempts: 2,
				Code: 550, Text: "no \x1b[31msuch user\r\n=1"}, nil) &&
			yield(Row{Number: 3, Place: "people.csv:4", Key: "c", Address: "+c", State: "invalid", Reason: "no @"}, nil)
	}
}

func TestSummary(t *testing.T) {
	t.Parallel()
	s := summary()
	if got, want := s.Identity(), "3 rows = 1 invalid + 1 sent + 1 refused + 0 pending"; got != want {
		t.Errorf("Identity = %q, want %q", got, want)
	}
	var b strings.Builder
	if err := s.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"campaign =id", "  1  refused     refused for good by the server\n", s.Identity()} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
	s.Rows = 4
	if s.Exact() || !strings.Contains(s.Identity(), "4 rows != 1 invalid") {
		t.Errorf("a lost row is not shown: %s", s.Identity())
	}
}

func TestWriteJSON(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := WriteJSON(&b, summary(), rows()); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Campaign   string
		Rows       int64
		Counts     map[string]int64
		Deliveries []Row
	}
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatalf("%v in\n%s", err, b.String())
	}
	if got.Campaign != "=id" || got.Rows != 3 || got.Counts["sent"] != 1 || len(got.Counts) != 4 {
		t.Errorf("summary is %+v", got)
	}
	i := 0
	for r := range rows() {
		if !reflect.DeepEqual(got.Deliveries[i], r) {
			t.Errorf("row %d is\n%+v, want\n%+v", i, got.Deliveries[i], r)
		}
		i++
	}
}

// Spreadsheet programs evaluate cells, so no text of a stranger may start a formula in either form.
func TestNoFormulas(t *testing.T) {
	t.Parallel()
	var c bytes.Buffer
	if err := WriteCSV(&c, summary(), rows()); err != nil {
		t.Fatal(err)
	}
	records, err := csv.NewReader(&c).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var x bytes.Buffer
	if err := writeXLSX(&x, summary(), rows(), 2); err != nil {
		t.Fatal(err)
	}
	f, err := excelize.OpenReader(&x)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if got := f.GetSheetList(); len(got) != 3 || got[0] != "Results" || got[1] != "Results 2" {
		t.Fatalf("sheets are %q", got)
	}
	seen := 0
	for _, sheet := range f.GetSheetList() {
		lines, err := f.GetRows(sheet)
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range lines {
			for j, cell := range line {
				name, _ := excelize.CoordinatesToCellName(j+1, i+1)
				if formula, _ := f.GetCellFormula(sheet, name); formula != "" {
					t.Errorf("%s %s is a formula: %q", sheet, name, formula)
				}
				if cell != "" && strings.ContainsRune("=+-@\t\r\n", rune(cell[0])) {
					t.Errorf("%s %s starts a formula: %q", sheet, name, cell)
				}
				seen++
			}
		}
	}
	if seen < 60 {
		t.Errorf("only %d cells read back", seen)
	}
	if len(records) != 4 {
		t.Fatalf("%d lines of CSV", len(records))
	}
	for i, record := range records {
		for _, cell := range record {
			if cell != "" && strings.ContainsRune("=+-@\t\r\n", rune(cell[0])) {
				t.Errorf("line %d: a cell starts a formula: %q", i+1, cell)
			}
		}
	}
	if got, want := records[1][13], `'=HYPERLINK("http://evil.example")`; got != want {
		t.Errorf("text is %q, want %q", got, want)
	}
	if got, want := records[2][13], `no \x1b[31msuch user\r\n=1`; got != want {
		t.Errorf("text is %q, want %q", got, want)
	}
}

func TestErrorEndsReport(t *testing.T) {
	t.Parallel()
	broken := errors.New("disk is gone")
	seq := func(yield func(Row, error) bool) {
		if yield(Row{Number: 1}, nil) {
			yield(Row{}, broken)
		}
	}
	var b bytes.Buffer
	for name, err := range map[string]error{
		"json": WriteJSON(&b, summary(), seq), "csv": WriteCSV(&b, summary(), seq), "xlsx": WriteXLSX(&b, summary(), seq),
	} {
		if !errors.Is(err, broken) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
