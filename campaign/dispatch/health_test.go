package dispatch

import (
	"slices"
	"testing"
	"time"

	"mailshot/sender"
	"mailshot/sender/reply"
)

// The waits of a server whose connections break double up to an hour, and never wrap round, however often it failed
// before. Without the bound the twelfth came to 34 hours, and after a hundred failures the doubling had wrapped round
// to nothing: one minute.
func TestHealthWaits(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	var s health
	var waits []time.Duration
	for range 12 {
		until := s.failed(now, sender.Outcome{Class: reply.Retry, About: reply.AboutServer, Stage: reply.Rcpt,
			HoldOff: time.Minute}, 1)
		waits = append(waits, until.Sub(now))
		now = until
	}
	const m = time.Minute
	want := []time.Duration{m, 2 * m, 4 * m, 8 * m, 16 * m, 32 * m, time.Hour, time.Hour, time.Hour, time.Hour, time.Hour,
		time.Hour}
	if !slices.Equal(waits, want) {
		t.Errorf("%v", waits)
	}
	for range 100 {
		now = s.unreached(now, sender.Outcome{HoldOff: time.Hour})
	}
	s.reached()
	for range 3 {
		until := s.failed(now, sender.Outcome{Class: reply.Retry, About: reply.AboutServer, Stage: reply.Rcpt,
			HoldOff: time.Minute}, 1)
		if wait := until.Sub(now); wait != time.Hour {
			t.Errorf("after a hundred failures it waits %v", wait)
		}
		now = until
	}
	// A server that asks for a day gets one.
	until := s.failed(now, sender.Outcome{Class: reply.Hold, Stage: reply.Mail, HoldOff: 24 * time.Hour}, 1)
	if until.Sub(now) != 24*time.Hour {
		t.Errorf("it asked for a day and got %v", until.Sub(now))
	}
}
