package roster_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mailshot/campaign"
	"mailshot/campaign/check"
	"mailshot/campaign/definition"
	"mailshot/cmd/mailshot/web/roster"
)

// definitionOf is a campaign whose list has these bytes, and whose recipients have these further lines.
func definitionOf(t *testing.T, list, more string) *definition.Definition {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"people.csv": list, "body.txt": "Hello",
		"campaign.yaml": "id: a\nfrom: a@example.com\nsubject: s\nbody: { text: body.txt }\nserver: { host: smtp.example.com }\n" +
			"recipients:\n  file: people.csv\n" + more} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	d, err := definition.Load(filepath.Join(dir, "campaign.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func read(t *testing.T, d *definition.Definition) *roster.Roster {
	t.Helper()
	s, err := roster.Read(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// told writes a page as one line for each finding: line, column, severity, code and text.
func told(rows []roster.Row) string {
	var b strings.Builder
	for _, r := range rows {
		for _, m := range r.Marks {
			fmt.Fprintln(&b, r.Line, "row", m.Severity, m.Code, m.Text, r.Excerpt)
		}
		for i, c := range r.Cells {
			for _, m := range c.Marks {
				fmt.Fprintln(&b, r.Line, i, m.Severity, m.Code, m.Text, "in", c.Text)
			}
		}
	}
	return b.String()
}

const mixed = `id,email,amount,first
1,ann@example.com,5,Ann
2,bo example.com,x,Bo
3,cy@gmial.com,7,JosÃ©
1,di@example.com,8,"Di
Ann"
5,ed@example.com,9
,fy@example.com,10,#N/A
`

// Each finding is at its cell, with the row's number in the file.
func TestCells(t *testing.T) {
	t.Parallel()
	s := read(t, definitionOf(t, mixed, "  key: id\n  columns: { amount: number }\n"))
	rows, of, err := s.Page(roster.Which{}, 1)
	want := `3 1 warning invalid-row no @ in "bo example.com" in bo example.com
3 2 error bad-number "x" is not a number in x
4 1 warning typo-domain gmial.com is usually a typo for gmail.com in cy@gmial.com
4 3 warning mojibake "JosÃ©" looks like "José" read in the wrong encoding in JosÃ©
5 0 warning same-key same key as people.csv:2 in 1
7 row error ragged-row 3 cells, the header has 4 5,ed@example.com,9
8 0 warning invalid-row empty key in 
`
	if got := told(rows); err != nil || of != 5 || got != want {
		t.Errorf("%v, %d rows\ngot\n%s\nwant\n%s", err, of, got, want)
	}
	if s.Rows != 6 || s.Wrong != 5 || len(s.Digest) != 64 || len(s.Faults) != 0 {
		t.Errorf("%d rows, %d with findings, digest %q, %v", s.Rows, s.Wrong, s.Digest, s.Faults)
	}
	if rows[0].Number != 2 || rows[2].Cells[3].Text != "Di\nAnn" || rows[2].Number != 4 {
		t.Errorf("rows are not as the list has them: %+v", rows)
	}
	if k := s.Kinds[0]; k.Severity != check.Error || k.Column != "amount" || k.Text != `"x" is not a number` ||
		k.Rows != 1 {
		t.Errorf("mistakes are not first: %+v", s.Kinds)
	}
	all, of, err := s.Page(roster.Which{All: true}, 1)
	if err != nil || of != 6 || len(all) != 6 || all[0].Line != "2" || all[0].Cells[3].Text != "Ann" {
		t.Errorf("%v, %d: %+v", err, of, all)
	}
}

// What check finds in the list, a roster has at a cell or a row, and no more: the page knows what the terminal knows.
// Proven by leaving out the faults of typed cells: check has bad-number, the roster has not.
func TestAsTerminal(t *testing.T) {
	t.Parallel()
	list := mixed +
		"7,jo@mailinator.com,12,Jo\u200b\n8,kim@example.com,4.9E+11,=SUM(A1)\n9,a..b@example.com,,\n10,lea@example.com,1e,Lea\n"
	list = strings.Replace(list, "1,di@", "4,di@", 1) // two messages of one key are found in the ledger
	list = strings.Replace(list, ",x,Bo", ",6,Bo", 1) // of a row with two mistakes check has the graver one alone
	d := definitionOf(t, list, "  key: id\n  columns: { amount: number }\n")
	c, err := campaign.Open(t.Context(), campaign.Options{Definition: d,
		Accounts: filepath.Join(t.TempDir(), "own", "accounts.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	report, err := c.Check(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var want, got []string
	for _, f := range report.Findings {
		if at := roster.Line(f.Place); at != "" && strings.HasPrefix(f.Place, "people.csv:") {
			want = append(want, fmt.Sprint(at, " ", f.Severity, " ", f.Code))
		}
	}
	rows, _, err := read(t, d).Page(roster.Which{}, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		marks := r.Marks
		for _, cell := range r.Cells {
			marks = append(marks, cell.Marks...)
		}
		for _, m := range marks {
			got = append(got, fmt.Sprint(r.Line, " ", m.Severity, " ", m.Code))
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(slices.Compact(want), slices.Compact(got)) {
		t.Errorf("the roster has\n%s\ncheck has\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// One mistake in many rows is one kind, without what one cell alone has.
func TestKinds(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("email,n\n")
	for i := range 300 {
		at := "@"
		if i%3 == 0 {
			at = " at "
		}
		fmt.Fprintf(&b, "p%d%sexample.org,\"%d\"\n", i, at, i)
	}
	s := read(t, definitionOf(t, b.String(), ""))
	if len(s.Kinds) != 1 || s.Kinds[0].Rows != 100 || s.Kinds[0].Text != `no @ in "…"` {
		t.Fatalf("%+v", s.Kinds)
	}
	which := roster.Which{Kind: s.Kinds[0].ID()}
	for page, want := range map[int64]int{1: 50, 2: 50, 3: 0} {
		rows, of, err := s.Page(which, page)
		if err != nil || of != 100 || len(rows) != want {
			t.Errorf("page %d: %d of %d rows, %v", page, len(rows), of, err)
		}
	}
	rows, _, err := s.Page(roster.Which{All: true}, 6)
	if err != nil || len(rows) != 50 || rows[49].Number != 300 || rows[49].Line != "301" {
		t.Errorf("%v: %+v", err, rows)
	}
	if rows, of, err := s.Page(roster.Which{Kind: "no-such.7"}, 1); err != nil || of != 0 || rows != nil {
		t.Errorf("%v, %d: %v", err, of, rows)
	}
}

// More kinds of mistakes than are told apart are all there, with the right severity; the last kind says that it is of
// several. Seen to fail where it is the one that came last: it then says of 27 columns what is wrong in one.
func TestManyKinds(t *testing.T) {
	t.Parallel()
	var columns, types, cells []string
	for i := range 90 {
		columns = append(columns, fmt.Sprintf("c%d", i))
		types = append(types, fmt.Sprintf("c%d: number", i))
		cells = append(cells, "x")
	}
	s := read(t, definitionOf(t, "email,"+strings.Join(columns, ",")+"\nann@example.com,"+strings.Join(cells, ",")+"\n",
		"  columns: { "+strings.Join(types, ", ")+" }\n"))
	rows, _, err := s.Page(roster.Which{}, 1)
	if err != nil || strings.Count(told(rows), " error bad-number ") != 90 {
		t.Errorf("%v\n%s", err, told(rows))
	}
	last := s.Kinds[len(s.Kinds)-1]
	if len(s.Kinds) != 64 || last.Column != "" || strings.Contains(last.Text, "number") ||
		last.Severity != check.Error || last.Rows != 1 {
		t.Errorf("%d kinds, and the last one is said to be %+v", len(s.Kinds), last)
	}
	rows, of, err := s.Page(roster.Which{Kind: last.ID()}, 1)
	if err != nil || of != 1 || rows[0].Cells[90].Marks[0].Kind != last.ID() ||
		rows[0].Cells[90].Marks[0].Code != "bad-number" {
		t.Errorf("%v, %d: %+v", err, of, rows)
	}
}

// Rows that do not fit into memory are in a working folder of the campaign, and nothing is left of it. Proven by a tape
// that forgets what it had when the file began: the first rows are damaged.
func TestLongList(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("email,note\n")
	const rows = 60_000
	for i := range rows {
		fmt.Fprintf(&b, "p%d@example.org,%0100d\n", i, i)
	}
	d := definitionOf(t, b.String(), "")
	s := read(t, d)
	if left, err := os.ReadDir(filepath.Join(d.Home(), "tmp")); err != nil || len(left) == 0 {
		t.Errorf("no working folder: %v", err)
	}
	for _, n := range []int64{1, 777, rows / roster.PageRows} {
		got, of, err := s.Page(roster.Which{All: true}, n)
		if err != nil || of != rows || len(got) != roster.PageRows {
			t.Fatalf("page %d: %d of %d, %v", n, len(got), of, err)
		}
		for i, r := range got {
			want := (n-1)*roster.PageRows + int64(i)
			if r.Number != want+1 || r.Cells[0].Text != fmt.Sprintf("p%d@example.org", want) {
				t.Fatalf("page %d has %+v", n, r)
			}
		}
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(d.Home()); !os.IsNotExist(err) {
		t.Errorf("something is left: %v", err)
	}
}

// A list that cannot be bound is described, and its fault is that of a plan.
func TestUnbound(t *testing.T) {
	t.Parallel()
	s := read(t, definitionOf(t, "a,b\n1,x@example.com\n", ""))
	if s.Header != nil || len(s.Faults) != 1 || s.Faults[0].Code != "missing-column" || len(s.Inspection.Columns) != 2 {
		t.Errorf("%+v, %+v", s.Faults, s.Inspection)
	}
	s = read(t, definitionOf(t, "email,name\na@example.com,M\xfcller\n", ""))
	if s.Header != nil || len(s.Faults) != 1 || len(s.Inspection.Maybe) == 0 || s.Inspection.Rows != 1 {
		t.Errorf("%+v, %+v", s.Faults, s.Inspection)
	}
}

// The end of the context ends the reading, and leaves nothing.
func TestEnd(t *testing.T) {
	t.Parallel()
	d := definitionOf(t, mixed, "  key: id\n")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if s, err := roster.Read(ctx, d); err == nil || s != nil {
		t.Errorf("%v, %v", s, err)
	}
}

func TestLine(t *testing.T) {
	t.Parallel()
	for place, want := range map[string]string{"people.csv:17": "17", "people.csv:17:3": "17", "a.xlsx November!17": "17",
		"a.xlsx N!AB17": "17", "people.csv": "", "": "", "a:b": "", "x!": ""} {
		if got := roster.Line(place); got != want {
			t.Errorf("%q has line %q, want %q", place, got, want)
		}
	}
}
