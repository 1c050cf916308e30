package courtesy

import (
	"testing"
	"time"
)

// Three tries in a row that were put off make it reluctant; gaps grow up to a tenth of the wait, and an answer ends
// them. Without the count's end in Answered, the tries after it were held.
func TestReluctance(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	var r Reluctance
	for range 2 {
		r.PutOff(now)
		if ok, _ := r.Free(now, 7); !ok || r.Reluctant() {
			t.Fatal("reluctant after less than three")
		}
	}
	gap := func() time.Duration {
		ok, until := r.Free(now, 0)
		if ok || !r.Reluctant() {
			t.Fatalf("not reluctant: %+v", r)
		}
		if ok, _ := r.Free(until, 0); !ok {
			t.Errorf("not free at %v", until)
		}
		if ok, later := r.Free(until, 1); ok || !later.IsZero() {
			t.Error("a second one is under way")
		}
		return until.Sub(now)
	}
	want := []time.Duration{100, 100, 100, 100, 200, 200, 200, 200, 400}
	for i, ms := range want {
		r.PutOff(now)
		if got := gap(); got != ms*time.Millisecond {
			t.Errorf("put off %d times: a gap of %v, want %v ms", i+3, got, ms)
		}
	}
	for range 10_000 {
		r.PutOff(now)
	}
	if got := gap(); got != 30*time.Second {
		t.Errorf("the longest gap is %v", got)
	}
	if ok, _ := r.Free(now.Add(-48*time.Hour), 0); !ok {
		t.Error("a clock that was set back holds it")
	}
	r.Answered()
	if ok, _ := r.Free(now, 3); !ok || r.Reluctant() {
		t.Error("an answer did not end it")
	}
	// The schedule of retries scales the gaps.
	r = Reluctance{After: 1, Wait: 3 * time.Second}
	r.PutOff(now)
	if got := gap(); got != time.Millisecond {
		t.Errorf("%v", got)
	}
}
