package clock

import (
	"strings"
	"testing"
	"time"
)

var t0 = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

const day = 24 * time.Hour

// Each step reads the clocks, and says what T is then, as what has passed since t0. By a wall clock's word alone,
// each of the rows with a jump had another T. With one of the two that a restart believes left out, "set right, then
// restarted" had, or "set back, right after a restart".
func TestAt(t *testing.T) {
	t.Parallel()
	type step struct {
		boot        string
		since, wall time.Duration // the wall since t0
		want        time.Duration
		off         time.Duration
	}
	for name, steps := range map[string][]step{
		"time passes": {{"a", time.Hour, time.Hour, time.Hour, 0}},
		"two days back": {{"a", time.Hour, -2 * day, time.Hour, -2*day - time.Hour},
			{"a", 2 * time.Hour, 2 * time.Hour, 2 * time.Hour, 0}},
		"two days ahead": {{"a", time.Hour, 2 * day, time.Hour, 2*day - time.Hour},
			{"a", 2 * time.Hour, 2 * time.Hour, 2 * time.Hour, 0}},
		"two wall clocks": {{"a", time.Second, time.Minute, time.Second, 0},
			{"a", 2 * time.Second, 2 * time.Second, 2 * time.Second, 0}},
		"off for a day": {{"b", time.Minute, day, day, 0}},
		"restarted with a clock that is behind": {{"b", time.Minute, -day, 0, -day},
			{"b", time.Hour, -day, 59 * time.Minute, -day - 59*time.Minute}},
		// The right clock is ahead of T by more than the machine was off.
		"set right, then restarted": {
			{"a", time.Minute, 3 * day, time.Minute, 3*day - time.Minute}, {"b", 0, 3*day + time.Hour, time.Hour + time.Minute,
				3*day - time.Minute},
		},
		// The latest wall time is ahead of T by less than the clock that is right again.
		"behind for one start": {{"b", time.Minute, -365 * day, 0, -365 * day}, {"c", 0, time.Hour, time.Hour, 0}},
		// The latest wall time is a day behind T.
		"set back, right after a restart": {{"a", day, -2 * day, day, -3 * day},
			{"b", 0, day + time.Hour, day + time.Hour, 0}},
		"2099 for one hour": {{"a", time.Minute, 26000 * day, time.Minute, 26000*day - time.Minute},
			{"b", 0, time.Hour, time.Minute, 59 * time.Minute}},
		"a snapshot of a machine": {{"a", 2 * time.Hour, 2 * time.Hour, 2 * time.Hour, 0},
			{"a", time.Hour, 3 * time.Hour, 3 * time.Hour, 0},
			{"a", 2 * time.Hour, 4 * time.Hour, 4 * time.Hour, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := Begin(Reading{t0, "a", 0}, time.Time{})
			for i, st := range steps {
				r := Reading{t0.Add(st.wall), st.boot, st.since}
				if s = s.At(r); s.Time.Sub(t0) != st.want {
					t.Errorf("step %d: T is %s, want %s", i, s.Time.Sub(t0), st.want)
				}
				if off := s.Off(r.Wall); off != st.off {
					t.Errorf("step %d: the wall is off by %s, want %s", i, off, st.off)
				}
			}
		})
	}
}

// A file that has no time yet begins with that of its latest use where the wall clock is behind it.
func TestBegin(t *testing.T) {
	t.Parallel()
	for latest, want := range map[time.Time]time.Time{
		{}:                  t0,
		t0.Add(-time.Hour):  t0,
		t0.Add(time.Second): t0.Add(time.Second),
		t0.Add(2 * day):     t0.Add(2 * day),
		time.Date(2222, 1, 1, 0, 0, 0, 0, time.UTC): t0, // a damaged record
	} {
		if s := Begin(Reading{t0, "a", 0}, latest); !s.Time.Equal(want) {
			t.Errorf("latest use %s: T is %s, want %s", latest, s.Time, want)
		}
	}
	if s := Begin(Reading{time.Date(2400, 1, 1, 0, 0, 0, 0, time.UTC), "a", 0}, time.Time{}); s.Time.UTC().Year() != 2200 {
		t.Error(s.Time, "cannot be stored")
	}
}

// T becomes the wall time where nothing counts. The latest wall time is kept until the two have agreed for a whole
// window: with it forgotten at once, a clock that is behind for one run, and right after a restart, was two days that
// passed.
func TestAnew(t *testing.T) {
	t.Parallel()
	s := Begin(Reading{t0, "a", 0}, time.Time{})
	behind := Reading{t0.Add(-2 * day), "a", 0}
	s = s.At(behind).Anew(behind, day)
	if !s.Time.Equal(behind.Wall) || s.Off(behind.Wall) != 0 {
		t.Errorf("T is %s", s.Time)
	}
	right := Reading{t0.Add(time.Minute), "b", 0}
	if again := s.At(right); again.Time.Sub(s.Time) != time.Minute {
		t.Errorf("%s passed", again.Time.Sub(s.Time))
	}
	// A clock that once said 2099 is forgotten after a window in which T and the wall clock agreed.
	wrong := Reading{t0.AddDate(73, 0, 0), "a", time.Second}
	s = Begin(Reading{t0, "a", 0}, time.Time{}).At(wrong)
	for hours := range 26 {
		passed := time.Duration(hours) * time.Hour
		r := Reading{t0.Add(passed), "a", time.Second + passed}
		if s = s.At(r); !s.Doubtful(r) {
			break
		}
		s = s.Anew(r, day)
	}
	if s.Wall.Year() != 2026 {
		t.Errorf("the latest wall time is still %s", s.Wall)
	}
}

// The drift of a quartz over weeks is not named, nor a step of seconds; a clock that is wrong is.
func TestOff(t *testing.T) {
	t.Parallel()
	s := Begin(Reading{t0, "a", 0}, time.Time{}).At(Reading{t0, "a", 30 * day})
	for off, believed := range map[time.Duration]bool{
		0: true, 4 * time.Minute: true, -4 * time.Minute: true, 6 * time.Minute: false, -6 * time.Minute: false,
	} {
		wall := s.Time.Add(off)
		if got := s.Off(wall); (got == 0) != believed {
			t.Errorf("%s: %s", off, got)
		}
		if note := Note(s.Time, wall, s.Off(wall)); (note == "") != believed {
			t.Errorf("%s: %q", off, note)
		}
	}
	note := Note(t0, t0.Add(-2*day), -2*day)
	for _, w := range []string{"2 days behind", "Fri 20 November 2026, 12:00 UTC", "Sun 22 November 2026, 12:00 UTC"} {
		if !strings.Contains(note, w) {
			t.Errorf("%q, want %q in it", note, w)
		}
	}
}

// The machine's clock goes on by itself, and a given one with what it is given.
func TestClocks(t *testing.T) {
	t.Parallel()
	a := System(t0)
	b := System(time.Time{})
	if a.Boot == "" || a.Boot != b.Boot || b.Since < a.Since || !a.Wall.Equal(t0) || b.Wall.IsZero() {
		t.Errorf("%+v, then %+v", a, b)
	}
	given := Given()
	first := given(t0)
	for _, c := range []struct{ wall, want time.Duration }{
		{time.Minute, time.Minute}, {30 * time.Second, time.Minute}, // a late caller
		{-time.Hour, time.Minute}, {-30 * time.Minute, 31 * time.Minute}, // set back
	} {
		if r := given(t0.Add(c.wall)); r.Since-first.Since != c.want {
			t.Errorf("at %s: %s have passed, want %s", c.wall, r.Since-first.Since, c.want)
		}
	}
	if at := Or(nil, func() time.Time { return t0 })(time.Time{}); !at.Wall.Equal(t0) {
		t.Error(at)
	}
}
