package history

import (
	"errors"
	"fmt"
	"iter"
	"strings"
	"testing"

	"mailshot/campaign/ledger"
	"mailshot/campaign/recipients"
)

// matched reads a list and says what became of each row, as "ann sent, bob -".
func matched(t *testing.T, c *Campaign, dir string) (string, *Matched, int, error) {
	t.Helper()
	var words []string
	tries := 0
	m, err := c.Match(t.Context(), recipients.Config{File: "people.csv", Dir: dir, Key: "key", Address: "email"},
		func(columns []string, rows iter.Seq2[Match, error]) error {
			words = nil
			if tries++; strings.Join(columns, " ") != "email key" {
				t.Errorf("columns %q", columns)
			}
			for r, err := range rows {
				if err != nil {
					return err
				}
				state := "-"
				if r.Known {
					state = string(r.Record.State)
				}
				words = append(words, r.Row.Fields[1]+" "+state)
			}
			return nil
		})
	return strings.Join(words, ", "), m, tries, err
}

// digest is the digest of a list as it is now.
func digestOf(t *testing.T, dir string) string {
	t.Helper()
	l, err := recipients.Open(recipients.Config{File: "people.csv", Dir: dir, Key: "key", Address: "email"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, err := range l.Rows(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
	}
	return l.Digest()
}

func TestMatch(t *testing.T) {
	t.Parallel()
	const head, ann, bob, cat = "email,key", "ann@example.com,ann", "bob@example.com,bob", "cat@example.com,cat"
	for _, tt := range []struct {
		name    string
		forget  string
		list    []string // as it is now; it was ann, bob, ann again (a duplicate), cat
		want    string
		m       Matched
		inOrder bool
	}{
		{"as planned", "", []string{head, ann, bob, ann, cat}, "ann sent, bob refused, ann duplicate, cat sent",
			Matched{Rows: 4}, true},
		{"as planned, one forgotten", "bob@example.com", []string{head, ann, bob, ann, cat},
			"ann sent, bob refused, ann duplicate, cat sent", Matched{Rows: 4}, true},
		{"sorted otherwise", "", []string{head, cat, bob, ann, ann}, "cat sent, bob refused, ann duplicate, ann sent",
			Matched{Rows: 4, Changed: true}, false},
		{"of several with one key the one at its place", "", []string{head, cat, bob, ann},
			"cat sent, bob refused, ann duplicate", Matched{Rows: 3, Left: 1, Changed: true}, false},
		{"new and gone", "", []string{head, "new@example.com,new", cat}, "new -, cat sent",
			Matched{Rows: 2, Strange: 1, Left: 3, Changed: true}, false},
		{"a row more at the end", "", []string{head, ann, bob, ann, cat, "new@example.com,new"},
			"ann sent, bob refused, ann duplicate, cat sent, new -", Matched{Rows: 5, Strange: 1, Changed: true},
			false},
		{"a row less at the end", "", []string{head, ann, bob, ann}, "ann sent, bob refused, ann duplicate",
			Matched{Rows: 3, Left: 1, Changed: true}, false},
		{"other cells, the same keys", "", []string{head, ann, bob, ann, "kate@example.com,cat"},
			"ann sent, bob refused, ann duplicate, cat sent", Matched{Rows: 4, Changed: true}, false},
		{"changed, one forgotten: by place", "bob@example.com", []string{head, cat, "new@example.com,new", ann, ann},
			"cat sent, new refused, ann duplicate, ann sent", Matched{Rows: 4, Changed: true}, false},
		{"an empty list", "", []string{head}, "", Matched{Left: 4, Changed: true}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			write(t, dir, "people.csv", head, ann, bob, ann, cat)
			c := planned(t, dir, "news", digestOf(t, dir),
				row(2, "ann", "ann@example.com", ledger.Pending), row(3, "bob", "bob@example.com", ledger.Pending),
				row(4, "ann", "ann@example.com", ledger.Pending), row(5, "cat", "cat@example.com", ledger.Pending))
			sent(t, c, map[string]ledger.State{"bob": ledger.Refused})
			if tt.forget != "" {
				forget(t, c, openAccounts(t), tt.forget)
			}
			write(t, dir, "people.csv", tt.list...)
			got, m, tries, err := matched(t, c, dir)
			if err != nil {
				t.Fatal(err)
			}
			if got != tt.want || *m != tt.m {
				t.Errorf("%s, %+v\nwant %s, %+v", got, *m, tt.want, tt.m)
			}
			if (tries == 1) != tt.inOrder {
				t.Errorf("written %d times", tries)
			}
		})
	}
}

// All mistakes of a list come together, and a list with a mistake has no result.
func TestMatchMistakes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "people.csv", "email,key", "ann@example.com", "bob@example.com,bob", "cat@example.com,cat,more")
	c := planned(t, dir, "news", "")
	_, m, _, err := matched(t, c, dir)
	var f *recipients.Fault
	if m != nil || !errors.As(err, &f) || strings.Count(fmt.Sprint(err), "people.csv:") != 2 {
		t.Errorf("%v, %v", m, err)
	}
}

// Match returns the error of the writer.
func TestMatchFailedWriter(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "people.csv", "email,key")
	c := planned(t, dir, "news", "")
	full := errors.New("the disk is full")
	_, err := c.Match(t.Context(), recipients.Config{File: "people.csv", Dir: dir, Key: "key"},
		func([]string, iter.Seq2[Match, error]) error { return full })
	if !errors.Is(err, full) {
		t.Errorf("%v", err)
	}
	if _, err := c.Match(t.Context(), recipients.Config{File: "nowhere.csv", Dir: dir}, nil); err == nil {
		t.Error("a list that is not there was matched")
	}
}
