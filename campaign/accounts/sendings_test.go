package accounts

import (
	"path/filepath"
	"testing"
	"time"
)

// A sending is remembered for each folder. Another ledger takes its place only if a person says so, or if nobody was
// mailed; the number never falls, and the first time stays.
func TestSendings(t *testing.T) {
	t.Parallel()
	a, err := Open(filepath.Join(t.TempDir(), "mailshot", "accounts.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	at := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	for i, step := range []struct {
		run        string
		sent       int64
		open, take bool
		ok         bool
		is         string // the run that is remembered afterwards
		most       int64
	}{
		{"a", 0, true, false, true, "a", 0},
		{"b", 0, true, false, false, "a", 0}, // a may be sending
		{"a", 0, false, false, true, "a", 0},
		{"b", 0, true, false, true, "b", 0}, // a mailed nobody
		{"b", 7, false, false, true, "b", 7},
		{"a", 9, true, false, false, "b", 7},
		{"b", 5, false, false, true, "b", 7},
		{"a", 0, false, true, true, "a", 7},
		{"b", 9, true, false, false, "a", 7},
	} {
		s := Sending{ID: "news", Folder: "/here", Run: step.run, Ledger: "/here/" + step.run, Sent: step.sent,
			Open: step.open, Last: at.Add(time.Duration(i) * time.Hour)}
		if ok, err := a.NoteSending(t.Context(), s, step.take); err != nil || ok != step.ok {
			t.Errorf("step %d: %v, %v", i, ok, err)
		}
		list, err := a.Sendings(t.Context(), "news")
		if err != nil || len(list) != 1 || list[0].Run != step.is || list[0].Sent != step.most ||
			list[0].Ledger != "/here/"+step.is || !list[0].First.Equal(at) {
			t.Errorf("step %d: %+v, %v", i, list, err)
		}
	}
	there := Sending{ID: "news", Folder: "/there", Run: "c", Ledger: "/there/c", Sent: 1, Last: at}
	if ok, err := a.NoteSending(t.Context(), there, false); err != nil || !ok {
		t.Errorf("another folder: %v, %v", ok, err)
	}
	if list, err := a.Sendings(t.Context(), "news"); err != nil || len(list) != 2 {
		t.Errorf("%+v, %v", list, err)
	}
	if list, err := a.Sendings(t.Context(), "other"); err != nil || len(list) != 0 {
		t.Errorf("%+v, %v", list, err)
	}
}
