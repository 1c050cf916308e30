package check_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"mailshot/campaign/check"
)

// gathered is what a gathering says of n rows, of which each has what at returns.
func gathered(n int, at func(row int, place string) []check.Finding) (said []string, dropped int64) {
	var g check.Gathering
	for i := range n {
		place := fmt.Sprintf("l.csv:%d", i+2)
		g.Row(place, at(i, place)...)
	}
	fs, dropped := g.Findings()
	for _, f := range fs {
		said = append(said, f.Place+": "+f.Text)
	}
	return said, dropped
}

// A mistake of the campaign is one finding, whatever the rows are; a fault of a row is that row's.
//
// Broken by keeping every finding for itself, by comparing texts with their numbers, and by leaving out the rule of the
// half.
func TestOneMistakeOneFinding(t *testing.T) {
	t.Parallel()
	own := func(place, value string) check.Finding {
		return check.Finding{Code: "bad-cell", Severity: check.Error, Place: place, Text: value + " is not a number"}
	}
	const first5 = "l.csv:2, l.csv:3, l.csv:4, l.csv:5, l.csv:6"
	for _, test := range []struct {
		name string
		rows int
		at   func(row int, place string) []check.Finding
		want []string
	}{
		{"a template's line, each row with its value", 300, func(i int, _ string) []check.Finding {
			return []check.Finding{{Code: "template", Severity: check.Error, Place: "b.txt:1:15",
				Text: fmt.Sprintf("date: %q is not a date", fmt.Sprint("P", i)), Excerpt: "{{date .due}}"}}
		}, []string{`b.txt:1:15: date: "P0" is not a date (300 rows: ` + first5 + ` and 295 more)`}},
		{"two places of a template", 2, func(i int, _ string) []check.Finding {
			return []check.Finding{
				{Code: "template", Place: "b.txt:1:15", Text: `"a\"b" is bad`, Excerpt: "x"},
				{Code: "template", Place: "b.txt:2:15", Text: `"c" is bad`, Excerpt: "x"},
			}
		}, []string{`b.txt:1:15: "a\"b" is bad (2 rows: l.csv:2, l.csv:3)`, `b.txt:2:15: "c" is bad (2 rows: l.csv:2, l.csv:3)`}},
		{"a size that differs", 1005, func(i int, _ string) []check.Finding {
			return []check.Finding{{Code: "clipped-html", Severity: check.Warning,
				Text: fmt.Sprintf("the HTML has %d KB", 90+i)}}
		}, []string{"l.csv:2: the HTML has 90 KB (1005 rows: " + first5 + " and 1000 more)"}},
		{"two in one row", 2, func(i int, _ string) []check.Finding {
			return []check.Finding{{Code: "a", Text: "part 1 is bad"}, {Code: "a", Text: "part 2 is bad"}}
		}, []string{"l.csv:2: part 1 is bad (2 rows: l.csv:2, l.csv:3)"}},
		{"one row of many", 50, func(i int, _ string) []check.Finding {
			if i != 7 {
				return nil
			}
			return []check.Finding{{Code: "a", Place: "c.yaml:3:1", Text: "gone"}, {Code: "b", Text: "empty"}}
		}, []string{"c.yaml:3:1: gone (row l.csv:9)", "l.csv:9: empty"}},
		{"rows' own", 40, func(i int, place string) []check.Finding {
			if i < 37 {
				return nil
			}
			return []check.Finding{own(place, `"x"`)}
		}, []string{`l.csv:39: "x" is not a number`, `l.csv:40: "x" is not a number`, `l.csv:41: "x" is not a number`}},
		{"rows' own in most rows", 40, func(i int, place string) []check.Finding {
			if i < 19 {
				return nil
			}
			return []check.Finding{own(place, fmt.Sprintf("%q", fmt.Sprint("x", i)))}
		}, []string{`l.csv:21: "x19" is not a number (21 rows: l.csv:21, l.csv:22, l.csv:23, l.csv:24, l.csv:25 and 16 more)`}},
		{"all of a small list", 3, func(i int, place string) []check.Finding {
			return []check.Finding{{Code: "no-file", Place: "c.yaml:7:1", Text: fmt.Sprintf("%q: no such file", fmt.Sprint(i))}}
		}, []string{`c.yaml:7:1: "0": no such file (row l.csv:2)`, `c.yaml:7:1: "1": no such file (row l.csv:3)`,
			`c.yaml:7:1: "2": no such file (row l.csv:4)`}},
	} {
		got, dropped := gathered(test.rows, test.at)
		if !slices.Equal(got, test.want) || dropped != 0 {
			t.Errorf("%s: %d dropped,\n%s\nwant\n%s", test.name, dropped,
				strings.Join(got, "\n"), strings.Join(test.want, "\n"))
		}
	}
}

// A cell's place is its row's.
func TestCellOfRow(t *testing.T) {
	t.Parallel()
	var g check.Gathering
	g.Row("November!9", check.Finding{Code: "a", Place: "November!B9", Text: "bad"})
	g.Row("November!10", check.Finding{Code: "a", Place: "November!B9", Text: "bad"})
	fs, _ := g.Findings()
	if len(fs) != 2 || fs[0].Text != "bad" || fs[1].Text != "bad (row November!10)" {
		t.Errorf("%+v", fs)
	}
}

// However long the list is, a thousand findings are kept, the others counted, and a mistake found late is said.
//
// Broken by keeping what comes first, whatever it is.
func TestGatheringIsBounded(t *testing.T) {
	t.Parallel()
	const n = 200_000
	got, dropped := gathered(n, func(i int, place string) []check.Finding {
		switch {
		case i == n-1:
			return []check.Finding{{Code: "late", Severity: check.Error, Text: "a late one"}}
		case i%3 == 0:
			return []check.Finding{{Code: "bad", Severity: check.Warning, Place: place, Text: "bad cell"}}
		}
		return nil
	})
	if len(got) != 1000 || dropped != n/3+1-999 || got[999] != "l.csv:200001: a late one" {
		t.Errorf("%d findings, %d dropped, the last %q", len(got), dropped, got[len(got)-1])
	}

	var g check.Gathering // of a thousand mistakes, and more
	for i := range 1500 {
		g.Row("l.csv:2", check.Finding{Code: fmt.Sprint(i), Severity: check.Warning, Text: "bad"})
	}
	g.Row("l.csv:2", check.Finding{Code: "an", Severity: check.Error, Text: "error"})
	g.Row("l.csv:2", check.Finding{Code: "another", Severity: check.Error, Text: "error"})
	if fs, dropped := g.Findings(); len(fs) != 1000 || dropped != 502 || g.Errors() != 1 || fs[999].Code != "an" {
		t.Errorf("%d findings, %d dropped, %d errors, the last %s", len(fs), dropped, g.Errors(), fs[len(fs)-1].Code)
	}
}
