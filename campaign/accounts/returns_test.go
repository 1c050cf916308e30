package accounts

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

func open1(t *testing.T) (*Accounts, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "mailshot")
	a, err := Open(filepath.Join(dir, "accounts.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	return a, dir
}

// nowhere checks that no file of a folder has the text in it.
func nowhere(t *testing.T, dir, text string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil || bytes.Contains(b, []byte(text)) {
			t.Errorf("%s has %q, %v", file, text, err)
		}
	}
	if err != nil || len(files) == 0 {
		t.Error(files, err)
	}
}

var day0 = time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC)

func day(n int) time.Time { return day0.AddDate(0, 0, n) }

// What was noted of a mailbox is known, of that one alone, until the mailbox has it no more. What another process notes
// while a mailbox is listed stays. The file has no name in clear.
func TestCollected(t *testing.T) {
	t.Parallel()
	a, dir := open1(t)
	const box, other = "imap://bounces@example.com@imap.example.com:993/INBOX", "maildir:/home/b/Maildir"
	ids := func(from, to int) (all []string) {
		for i := from; i < to; i++ {
			all = append(all, fmt.Sprintf("1700000000:%d", i))
		}
		return all
	}
	known := func(box string, want ...int) {
		t.Helper()
		has, err := a.Collected(t.Context(), box)
		if err != nil {
			t.Fatal(err)
		}
		got := []int{}
		for i, id := range ids(0, 30) {
			if has(id) {
				got = append(got, i)
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(append([]int{}, want...)) {
			t.Errorf("%s: %v, want %v", box, got, want)
		}
	}
	note := func(box string, from, to int, at time.Time) {
		t.Helper()
		if err := a.NoteCollected(t.Context(), box, ids(from, to), at); err != nil {
			t.Fatal(err)
		}
	}
	known(box)
	note(box, 0, 3, day(0))
	note(box, 2, 5, day(1)) // again
	note(other, 7, 9, day(1))
	known(box, 0, 1, 2, 3, 4)
	known(other, 7, 8)
	note(box, 9, 10, day(3))
	if n, err := a.KeepCollected(t.Context(), box, ids(3, 5), day(2)); n != 3 || err != nil {
		t.Error(n, err)
	}
	known(box, 3, 4, 9)
	known(other, 7, 8)
	if n, err := a.KeepCollected(t.Context(), box, nil, day(4)); n != 3 || err != nil {
		t.Error(n, err)
	}
	known(box)
	known(other, 7, 8)
	if err := a.NoteCollected(t.Context(), box, nil, day(0)); err != nil {
		t.Error(err)
	}
	for _, text := range []string{"imap.example.com", "Maildir", "1700000000"} {
		nowhere(t, dir, text)
	}
}

// Soft bounces count by when their messages were sent, in whatever order they are noted; one of a campaign; and only
// those after the last success. Broken on purpose: a success that is not kept, and a count of all.
func TestSoftBounces(t *testing.T) {
	t.Parallel()
	type step struct {
		campaign string // "" = a success
		at       int    // the day
		quiet    int    // the day, 0 = none
		want     int
	}
	for name, steps := range map[string][]step{
		"in a row":             {{"a", 1, 0, 1}, {"b", 2, 0, 2}, {"c", 3, 0, 3}, {"d", 4, 0, 4}, {"e", 5, 0, 5}},
		"read twice":           {{"a", 1, 0, 1}, {"a", 1, 0, 1}, {"b", 2, 0, 2}, {"a", 1, 0, 2}},
		"a success between":    {{"a", 1, 0, 1}, {"b", 2, 0, 2}, {"", 3, 0, 0}, {"c", 4, 0, 1}},
		"a success read last":  {{"a", 1, 0, 1}, {"b", 4, 0, 2}, {"", 3, 0, 0}, {"c", 5, 0, 2}},
		"a success read first": {{"", 3, 0, 0}, {"a", 1, 0, 0}, {"b", 2, 0, 0}, {"c", 4, 0, 1}},
		"an older success":     {{"", 3, 0, 0}, {"", 1, 0, 0}, {"a", 2, 0, 0}, {"b", 4, 0, 1}},
		"nothing came back":    {{"a", 1, 0, 1}, {"b", 9, 5, 1}, {"c", 10, 5, 2}},
		"out of order":         {{"c", 3, 0, 1}, {"a", 1, 0, 2}, {"b", 2, 0, 3}},
		"the campaign again":   {{"a", 1, 0, 1}, {"", 2, 0, 0}, {"a", 3, 0, 1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, _ := open1(t)
			hash, err := a.AddressHash(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			ann, bob := hash("ann@example.com"), hash("bob@example.com")
			note := func(e End) int {
				t.Helper()
				n, err := a.Ended(t.Context(), []End{e})
				if err != nil {
					t.Fatal(err)
				}
				return n[0]
			}
			note(End{Person: bob, Campaign: "a", At: day(1), Soft: true})
			var all []End
			for i, s := range steps {
				e := End{Person: ann, Campaign: s.campaign, At: day(s.at), Soft: s.campaign != ""}
				if s.quiet != 0 {
					e.Quiet = day(s.quiet)
				}
				all = append(all, e)
				if n := note(e); e.Soft && n != s.want {
					t.Errorf("step %d: %d in a row, want %d", i+1, n, s.want)
				}
			}
			if n := note(End{Person: bob, Campaign: "b", At: day(2), Soft: true}); n != 2 {
				t.Errorf("somebody else has %d in a row", n)
			}
			last := steps[len(steps)-1].want
			again, _ := open1(t) // all of it at once, in any order, and twice, as after a kill
			for range 2 {
				rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
				n, err := again.Ended(t.Context(), all)
				if err != nil || slices.Min(n) != last || slices.Max(n) != last {
					t.Errorf("all at once: %d in a row, want %d, %v", n, last, err)
				}
			}
		})
	}
}

// Who is forgotten, or taken off the list by hand, begins anew. Broken on purpose: Forget and Unsuppress without
// forgetSofts.
func TestSoftBouncesEnd(t *testing.T) {
	t.Parallel()
	a, _ := open1(t)
	hash, err := a.AddressHash(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	const ann = "ann@example.com"
	soft := func(campaign string, n, want int) {
		t.Helper()
		got, err := a.Ended(t.Context(), []End{{Person: hash(ann), Campaign: campaign, At: day(n), Soft: true}})
		if err != nil || got[0] != want {
			t.Errorf("%d in a row, want %d, %v", got, want, err)
		}
	}
	soft("a", 1, 1)
	soft("b", 2, 2)
	if err := a.Suppress(t.Context(), Entry{Key: ann, Domain: "example.org"}); err != nil {
		t.Fatal(err)
	}
	if ok, err := a.Unsuppress(t.Context(), "example.org", "", ann); !ok || err != nil {
		t.Fatal(ok, err)
	}
	soft("c", 3, 3)
	if n, err := a.SuppressReturned(t.Context(), []Entry{{Key: ann, Reason: "bounced: mailbox unknown"}}); n != 1 ||
		err != nil {
		t.Fatal(n, err)
	}
	if ok, err := a.Unsuppress(t.Context(), "", "", ann); !ok || err != nil {
		t.Fatal(ok, err)
	}
	soft("d", 4, 1)
	soft("e", 5, 2)
	if err := a.Forget(t.Context(), ann); err != nil {
		t.Fatal(err)
	}
	soft("f", 6, 1)
}

// An entry because of what came back holds for all mail of all senders, is there once, and does not bring back the
// address of somebody who was forgotten. Broken on purpose: SuppressReturned that only puts in.
func TestSuppressReturned(t *testing.T) {
	t.Parallel()
	a, dir := open1(t)
	if err := a.Forget(t.Context(), "gone@example.com"); err != nil {
		t.Fatal(err)
	}
	if err := a.Suppress(t.Context(), Entry{Key: "ann@example.com", Domain: "example.org", Topic: "news"}); err != nil {
		t.Fatal(err)
	}
	list := []Entry{{Key: "ann@example.com", Domain: "example.net", Topic: "news", Reason: "complained", Source: SourceOf("c")},
		{Key: "gone@example.com", Reason: "bounced: mailbox unknown"}}
	for i := range 2 {
		if n, err := a.SuppressReturned(t.Context(), list); n != 1-i || err != nil {
			t.Errorf("%d new, %v", n, err)
		}
	}
	e, on, err := a.Suppressed(t.Context(), Mail{Domain: "any.example", Transactional: true}, "ann@example.com")
	if err != nil || !on || e.Reason != "complained" || e.Domain != "" || e.Topic != "" || e.Source != "campaign c" {
		t.Errorf("%+v %t %v", e, on, err)
	}
	nowhere(t, dir, "gone@example.com")
}
