package previous

import (
	"testing"

	"mailshot/campaign/ledger"
)

func TestShape(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		a, b string
		same bool
	}{
		{"news-2026-10", "news-2026-11", true},
		{"news-9", "news-10", true},
		{"news-october", "news-november-2026", false},
		{"news-october-2026", "News-november-2026", true},
		{"rechnungen-märz", "rechnungen-april", true},
		{"news-berlin-10", "news-paris-10", false},
		{"mayor-1", "junior-1", false},
		{"news-10/rehearsal/1", "news-10", false},
		{"۱۴۰۵-۰۸", "۱۴۰۵-۰۹", true},
		{"invoices", "news", false},
	} {
		if got := shape(test.a) == shape(test.b); got != test.same {
			t.Errorf("%s and %s: %v (%q, %q)", test.a, test.b, got, shape(test.a), shape(test.b))
		}
	}
}

func TestCompare(t *testing.T) {
	t.Parallel()
	type counts = map[ledger.State]int64
	for _, test := range []struct {
		name      string
		rows, was int64
		now, then counts
		want      string // codes
	}{
		{"ten times", 2140, 214, nil, nil, "count-unlike-last"},
		{"a tenth", 214, 2140, nil, nil, "count-unlike-last"},
		{"twice", 428, 214, nil, nil, ""},
		{"three of few", 12, 4, nil, nil, ""},
		{"nobody", 30, 30, counts{ledger.Filtered: 30}, nil, "count-unlike-last"},
		{"rows of groups are not people", 900, 200, counts{ledger.Grouped: 600}, counts{ledger.Grouped: 40}, ""},
		{"suppressed", 100, 100, counts{ledger.Suppressed: 40}, counts{ledger.Suppressed: 2}, "share-unlike-last"},
		{"suppressed, as many as before", 100, 100, counts{ledger.Suppressed: 40}, counts{ledger.Suppressed: 30}, ""},
		{"no longer suppressed", 100, 100, nil, counts{ledger.Suppressed: 30}, "share-unlike-last"},
		{"invalid", 100, 100, counts{ledger.Invalid: 20}, counts{ledger.Invalid: 1}, "share-unlike-last"},
		{"no longer invalid", 100, 100, nil, counts{ledger.Invalid: 30}, ""},
		{"duplicates", 100, 120, counts{ledger.Duplicate: 50}, nil, "share-unlike-last"},
		{"sent, refused and unknown were people", 214, 214, nil,
			counts{ledger.Sent: 200, ledger.Refused: 10, ledger.Unknown: 4}, ""},
		{"of few rows", 10, 10, counts{ledger.Suppressed: 4}, nil, ""},
	} {
		got := ""
		for _, f := range compare(Plan{Rows: test.rows, Counts: test.now}, "news-1", test.was, test.then) {
			got += f.Code
			if f.Hint == "" || f.Text == "" {
				t.Errorf("%s: %v", test.name, f)
			}
		}
		if got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

// A where that no row passes is named, also if there are errors, and one that a row passes is not. Seen to fail with
// the call behind the look at Idle.
func TestNobody(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		where          string
		rows, filtered int64
		want           string
	}{
		{"c.yaml:4:30", 2140, 2140, "where leaves out all 2,140 rows of the list, so nobody gets a message"},
		{"c.yaml:4:30", 1, 1, "where leaves out the only row of the list, so nobody gets a message"},
		{"c.yaml:4:30", 30, 29, ""},
		{"c.yaml:4:30", 0, 0, ""},
		{"", 30, 30, ""}, // an expression of the command line
	} {
		found, err := Findings(t.Context(), Plan{Where: test.where, Rows: test.rows, Idle: true,
			Counts: map[ledger.State]int64{ledger.Filtered: test.filtered}})
		got := ""
		for _, f := range found {
			got += f.Text
			if f.Code != "where-nobody" || f.Place != test.where {
				t.Errorf("%+v", f)
			}
		}
		if err != nil || got != test.want {
			t.Errorf("%d of %d rows: %q (%v), want %q", test.filtered, test.rows, got, err, test.want)
		}
	}
}
