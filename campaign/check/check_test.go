package check_test

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mailshot/campaign/check"
)

var update = flag.Bool("update", false, "write the golden files anew")

// mistake is an error like those of the other rooms.
type mistake struct {
	code, place, text, excerpt string
	column                     int
	hint                       string
}

func (m mistake) Error() string { return m.place + ": " + m.text }
func (m mistake) Diagnostic() (code, place, text, excerpt string, column int, hint string) {
	return m.code, m.place, m.text, m.excerpt, m.column, m.hint
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: got\n%s\nwant\n%s", name, got, want)
	}
}

// report returns a report with every shape of finding, and with all that a hostile file can put into one.
func report() *check.Report {
	findings := check.From(errors.Join(
		mistake{"unknown-key", "campaign.yaml:7:1", `unknown key "recipents"`, "recipents:", 1, `did you mean "recipients"?`},
		fmt.Errorf("list: %w", errors.Join(
			mistake{"ragged-row", "people.csv:17", "4 fields, the header has 3", "", 0, ""},
			mistake{"bad-cell", "people.csv:18", "amount: not a number", "a\tb\twrong\tc", 5, "write digits"},
		)),
		mistake{"escape", "evil\x1b[2J.csv:1", "a text\nof two lines \x1b]0;title\x07", "\x1b[31mred\u202eevil\u0085x",
			15, ""},
		mistake{"wide", "liste.csv:3", "here", "日本語 テスト: x", 10, ""},
		mistake{"marks", "liste.csv:4", "here", "e\u0301te\u0301 x", 7, ""},
		mistake{"right-to-left", "فهرست.csv:5", "here", "نام: علی, x", 11, ""},
		mistake{"long-line", "page.html:1:600", "here", strings.Repeat("0123456789", 59) + "345678901" + "X" +
			strings.Repeat("y", 100_000), 600,
			"a hint that is too long to stand in the first line goes below the excerpt, on a line of its own"},
		mistake{"not-utf8", "a.csv:9", "bytes", "caf\xe9 x", 6, ""},
		errors.New("open people.csv: permission denied"),
	))
	findings = append(findings, check.Finding{Code: "invalid-row", Severity: check.Warning, Place: "people.csv:21",
		Text: `"ann" has no @`})
	return &check.Report{
		Campaign: "news-2026-11", Rows: 200, Findings: findings, Dropped: 3,
		Counts: map[string]int64{"pending": 197, "invalid": 2, "filtered": 0, "duplicate": 1},
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	if err := report().WriteText(&b); err != nil {
		t.Fatal(err)
	}
	golden(t, "report.txt", b.String())
	for _, r := range b.String() {
		if r < ' ' && r != '\n' || r >= 0x7f && r < 0xa0 || r == 0x202e {
			t.Errorf("%U reaches the terminal", r)
		}
	}
}

func TestJSON(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	if err := report().WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	golden(t, "report.json", b.String())

	b.Reset()
	if err := (&check.Report{Campaign: "x"}).WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	var shape map[string]any
	if err := json.Unmarshal([]byte(b.String()), &shape); err != nil {
		t.Fatal(err)
	}
	if _, ok := shape["findings"].([]any); !ok || shape["counts"] == nil || len(shape) != 4 {
		t.Errorf("an empty report is %s", b.String())
	}
}

func TestFrom(t *testing.T) {
	t.Parallel()
	a, b := mistake{code: "a", place: "x:1", text: "one"}, mistake{code: "b", place: "x:2", text: "two"}
	for _, test := range []struct {
		name string
		err  error
		want []string // codes
	}{
		{"nil", nil, nil},
		{"one", a, []string{"a"}},
		{"joined", errors.Join(a, b), []string{"a", "b"}},
		{"wrapped", fmt.Errorf("w: %w", fmt.Errorf("w: %w", errors.Join(a, errors.Join(b)))), []string{"a", "b"}},
		{"two verbs", fmt.Errorf("%w and %w", a, b), []string{"a", "b"}},
		{"plain", fmt.Errorf("open: %w", os.ErrNotExist), []string{"error"}},
		{"mixed", errors.Join(os.ErrNotExist, a), []string{"error", "a"}},
	} {
		var got []string
		for _, f := range check.From(test.err) {
			got = append(got, f.Code)
			if f.Severity != check.Error || f.Text == "" {
				t.Errorf("%s: %+v", test.name, f)
			}
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: got %v, want %v", test.name, got, test.want)
		}
	}
	if got := check.From(fmt.Errorf("open list: %w", os.ErrNotExist))[0].Text; got != "open list: file does not exist" {
		t.Errorf("an error without parts is %q", got)
	}
}

func TestCounts(t *testing.T) {
	t.Parallel()
	if r := report(); r.Errors() != 10 || r.Warnings() != 1 {
		t.Errorf("%d errors, %d warnings", r.Errors(), r.Warnings())
	}
}

func FuzzFrame(f *testing.F) {
	f.Add("subject: x", 3)
	f.Add("نام: علی, x", 11)
	f.Add("a\tb\x1b[0m\xff日本", 4)
	f.Fuzz(func(t *testing.T, excerpt string, column int) {
		line, caret := check.Frame(excerpt, column)
		for _, r := range line {
			if r < ' ' || r >= 0x7f && r < 0xa0 || r == 0x202e || r == 0x2028 {
				t.Fatalf("%U in %q", r, line)
			}
		}
		if caret != "" && strings.Trim(caret, " ") != "^" {
			t.Fatalf("caret %q", caret)
		}
	})
}
