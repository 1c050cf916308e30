package spool

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mailshot/internal/inbox"
	"mailshot/internal/inbox/events"
)

func body(id string) []byte {
	return []byte(`[{"email":"` + id + `@example.org","event":"spamreport","timestamp":1764000000,"sg_event_id":"` + id + `"}]`)
}

func open(t *testing.T) *Spool {
	t.Helper()
	s, err := Open(filepath.Join(t.TempDir(), "spool"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func put(t *testing.T, s *Spool, ids ...string) {
	t.Helper()
	for _, id := range ids {
		if err := s.Put(events.SendGrid, body(id)); err != nil {
			t.Fatal(err)
		}
	}
}

// read is who is read.
func read(t *testing.T, b *Box) string {
	t.Helper()
	var who []string
	err := b.Each(t.Context(), nil, func(m inbox.Message) error {
		if m.Received.IsZero() || !m.Trusted {
			t.Errorf("%+v", m)
		}
		who = append(who, m.Event.Reports[0].Recipient[:1])
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(who, " ")
}

// Done removes what was read and nothing else: not what came since, not a body whose reading was broken off. Seen to
// lose b with Done removing all.
func TestDone(t *testing.T) {
	t.Parallel()
	s := open(t)
	put(t, s, "a")
	b := s.Box()
	var _ inbox.Box = b
	var _ inbox.Waiter = b
	if got := read(t, b); got != "a" {
		t.Error(got)
	}
	put(t, s, "b", "b")
	if err := b.Done(); err != nil {
		t.Fatal(err)
	}
	stop := errors.New("stop")
	if err := b.Each(t.Context(), nil, func(inbox.Message) error { return stop }); err != stop {
		t.Errorf("%v", err)
	}
	if err := b.Done(); err != nil {
		t.Fatal(err)
	}
	if got := read(t, s.Box()); got != "b" {
		t.Error(got)
	}
	if got := read(t, b); got != "b" || b.Done() != nil || read(t, b) != "" {
		t.Error(got)
	}
}

// Wait returns for what was not read, and not for what was.
func TestWait(t *testing.T) {
	t.Parallel()
	s := open(t)
	put(t, s, "a")
	b := s.Box()
	if err := b.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	read(t, b)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := b.Wait(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	put(t, s, "b")
	if err := b.Wait(ended); err != nil {
		t.Errorf("%v", err)
	}
}

// A token is good for one body, the same one again.
func TestOnce(t *testing.T) {
	t.Parallel()
	s := open(t)
	for _, tt := range []struct {
		token, body string
		ok          bool
	}{{"t", "a", true}, {"t", "a", true}, {"t", "b", false}, {"u", "b", true}, {"t", "a", true}} {
		if ok, err := s.Once(tt.token, []byte(tt.body)); ok != tt.ok || err != nil {
			t.Errorf("%+v: %v, %v", tt, ok, err)
		}
	}
	if names, err := s.Names(); err != nil || len(names) != 0 {
		t.Errorf("%v, %v", names, err)
	}
}

// Files are this user's alone. Sweep removes what is old, and bodies only where that is said.
func TestSweep(t *testing.T) {
	t.Parallel()
	s := open(t)
	put(t, s, "a")
	if _, err := s.Once("t", nil); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(s.Dir(), "notes.txt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	list, err := os.ReadDir(s.Dir())
	if err != nil || len(list) != 3 {
		t.Fatalf("%v, %v", list, err)
	}
	old := time.Now().Add(-time.Hour)
	for _, e := range list {
		if info, err := e.Info(); err != nil || info.Mode().Perm()&0o077 != 0 && filepath.Separator == '/' {
			t.Errorf("%s: %v, %v", e.Name(), info.Mode(), err)
		}
		if err := os.Chtimes(filepath.Join(s.Dir(), e.Name()), old, old); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		age    time.Duration
		bodies bool
		left   int
	}{{2 * time.Hour, true, 3}, {time.Minute, false, 2}, {time.Minute, true, 1}} {
		if err := s.Sweep(tt.age, tt.bodies); err != nil {
			t.Fatal(err)
		}
		if list, _ := os.ReadDir(s.Dir()); len(list) != tt.left {
			t.Errorf("%+v: %v", tt, list)
		}
	}
}
