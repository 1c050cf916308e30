package dispatch

import (
	"slices"
	"testing"
	"time"
)

// Why nothing goes is news once, and the same reason once more where it holds a second longer than was told: whoever
// shows what holds a run back now has no other way to know. Broken on purpose: without the second moment the page of
// a run under a cap said that nothing holds it.
func TestTell(t *testing.T) {
	t.Parallel()
	var got []Event
	r := &Run{c: Config{Observe: func(e Event) { got = append(got, e) }, Now: time.Now}}
	start := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	for _, step := range []struct {
		why   string
		after time.Duration
	}{
		{"", 0}, {"cap", time.Minute}, {"cap", time.Minute}, {"cap", time.Minute + time.Second/2}, {"cap", 2 * time.Minute},
		{"hours", time.Hour}, {"", time.Hour}, {"hours", time.Hour},
	} {
		r.tell(step.why, start.Add(step.after))
	}
	type told struct {
		text  string
		until time.Duration
		again bool
	}
	var have []told
	for _, e := range got {
		have = append(have, told{e.Text, e.Until.Sub(start), e.Again})
	}
	want := []told{{"cap", time.Minute, false}, {"cap", 2 * time.Minute, true}, {"hours", time.Hour, false},
		{"hours", time.Hour, false}}
	if !slices.Equal(have, want) {
		t.Errorf("%v, want %v", have, want)
	}
}
