package chart

import (
	"math"
	"slices"
	"testing"
	"time"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// Minutes come into at most 60 columns that have all of them, also over days and years, in columns that begin at a
// round time.
func TestSpread(t *testing.T) {
	t.Parallel()
	for span, each := range map[time.Duration]time.Duration{
		0: time.Minute, 59 * time.Minute: time.Minute, 60 * time.Minute: 2 * time.Minute, 9 * time.Hour: 10 * time.Minute,
		30 * 24 * time.Hour: 24 * time.Hour, 3 * 365 * 24 * time.Hour: 28 * 24 * time.Hour,
	} {
		minutes := []Column{{noon, map[string]int64{"sent": 3}}, {noon.Add(span), map[string]int64{"sent": 4, "refused": 1}}}
		columns, got := Spread(minutes)
		n := int64(0)
		for _, c := range columns {
			n += c.Total()
		}
		if got != each || len(columns) > most || n != 8 {
			t.Errorf("%v: %d columns of %v with %d", span, len(columns), got, n)
		}
	}
	// What is older than all columns is in none of them, also if it is a little older.
	const wide = 28 * 24 * time.Hour
	before := noon.Truncate(wide).Add(-59*wide - time.Hour)
	columns, _ := Spread([]Column{{before, map[string]int64{"sent": 3}}, {noon, map[string]int64{"sent": 4}}})
	if len(columns) != most || columns[0].Total() != 0 || columns[most-1].Total() != 4 {
		t.Errorf("%d columns with %d in the first", len(columns), columns[0].Total())
	}
	if columns, _ := Spread(nil); columns != nil {
		t.Error(columns)
	}
}

// Every bar lies within the chart, one upon the other, and a small one can be seen.
func TestStack(t *testing.T) {
	t.Parallel()
	c := Stack([]Column{{noon, map[string]int64{"sent": 97_000, "refused": 1}}, {noon.Add(5 * time.Minute),
		map[string]int64{"deferred": 9, "other": 5}}}, []string{"sent", "deferred", "refused"})
	if c.Top != 100_000 || len(c.Bars) != 3 || len(c.States) != 3 || len(c.Columns) != 12 {
		t.Fatalf("%+v", c)
	}
	for _, b := range c.Bars {
		if b.X < 0 || b.X+b.Width > 1000 || b.Y < 0 || b.Y+b.Height > 1000.1 || b.Height < 5 {
			t.Errorf("%+v", b)
		}
	}
	if Stack(nil, nil) != nil {
		t.Error("a chart of nothing")
	}
}

func TestTop(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]int64{0: 1, 7: 7, 11: 12, 99: 100, 101: 120, 2_100: 2_500, 999_999: 1_000_000} {
		if got := top(n); got != want {
			t.Errorf("%d: %d, want %d", n, got, want)
		}
	}
}

func TestAbove(t *testing.T) {
	t.Parallel()
	for x, want := range map[float64]float64{0.049: 0.06, 0.7: 0.8, 1: 1.2, 9.9: 12, 4: 5, 130: 150} {
		if got := above(x); math.Abs(got-want) > 1e-9 {
			t.Errorf("%v: %v, want %v", x, got, want)
		}
	}
}

// A line has a gap where nothing was measured, as wide as that lasted. With stretches side by side whatever lies
// between them, an hour without a reply is not to be seen.
func TestLines(t *testing.T) {
	t.Parallel()
	at := []time.Time{noon, noon.Add(time.Minute), noon.Add(2 * time.Minute), noon.Add(3 * time.Minute),
		noon.Add(9 * time.Minute)}
	g := Lines(at, time.Minute, Line{Name: "p50", Values: []float64{1, 2, math.NaN(), 4, 2.1}})
	if want := []string{"0.0,800.0 100.0,800.0 100.0,600.0 200.0,600.0", "300.0,200.0 400.0,200.0",
		"900.0,580.0 1000.0,580.0"}; g.Top != 5 ||
		!slices.Equal(g.Lines[0].Points, want) || !g.To.Equal(noon.Add(10*time.Minute)) {
		t.Errorf("%+v", g)
	}
	if Lines(at[:1], time.Minute, Line{Values: []float64{math.NaN()}}) != nil || Lines(nil, time.Minute, Line{}) != nil {
		t.Error("a graph of nothing")
	}
}
