package figures

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"mailshot/campaign/history"
	"mailshot/campaign/ledger"
)

// Attempts that leave every row in its state are in the figures of the next look, too. With figures that are kept as
// long as the states have the same counts, the tries of what is put off again and again are never shown.
func TestSameCounts(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), ".mailshot", "state.db")
	l, err := ledger.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	d, err := l.Draft(t.Context(), ledger.Campaign{ID: "news", From: "club@example.org"})
	if err == nil {
		_, err = d.Add(t.Context(), []ledger.Row{{Number: 1, Place: "people.csv:2", Key: "ann@example.com",
			Address:    "ann@example.com",
			AddressKey: "ann@example.com", Digest: make([]byte, 32), Lane: "gmail", State: ledger.Pending}})
	}
	if err == nil {
		err = d.Freeze(t.Context(), ledger.Campaign{ID: "news", From: "club@example.org"})
	}
	if err != nil {
		t.Fatal(err)
	}
	known := Known{}
	for n := int64(1); n <= 3; n++ {
		putOff(t, l)
		h, err := history.Open(t.Context(), file, "news")
		if err != nil {
			t.Fatal(err)
		}
		sum, err := h.Summary(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		f, err := known.Of(t.Context(), h, sum)
		if err = errors.Join(err, h.Close()); err != nil {
			t.Fatal(err)
		}
		tries := int64(0)
		for _, m := range f.Minutes {
			tries += m.N["deferred"]
		}
		if tries != n {
			t.Errorf("%d tries after %d", tries, n)
		}
	}
}

// putOff is a run in which the one delivery is put off.
func putOff(t *testing.T, l *ledger.Ledger) {
	t.Helper()
	lock, err := l.Lock("news")
	if err != nil {
		t.Fatal(err)
	}
	r, err := l.Run(t.Context(), "news", ledger.RunOptions{})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	d, err := r.Next(t.Context(), nil, now)
	if err != nil || d == nil {
		t.Fatal(d, err)
	}
	if err := errors.Join(r.Begin(t.Context(), d), r.Start(t.Context(), d), r.Settle(t.Context(), d, ledger.Result{
		State: ledger.Deferred, Code: 451, Text: "later", Stage: "rcpt", Server: "mx.example:25", Time: now, Due: now,
	}), r.Close(), lock.Close()); err != nil {
		t.Fatal(err)
	}
}
