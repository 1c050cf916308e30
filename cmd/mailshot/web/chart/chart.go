// Package chart makes the figures of the window's charts: where each column and each line is, in thousandths of the
// chart's width and height. The page draws them as SVG, so that they are there without a script, and in a file.
// [Stack] makes columns of states over time, [Lines] lines over time, and [Spread] puts minutes into columns of a width
// that a person can read. [Groups] puts lanes together by provider.
package chart

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"mailshot/campaign/ledger"
	"mailshot/campaign/pacing"
	"mailshot/campaign/report"
)

// Column is what happened in a stretch of time.
type Column struct {
	Start time.Time
	N     map[string]int64 // by state
}

// Total is how many there are of all states.
func (c Column) Total() (n int64) {
	for _, m := range c.N {
		n += m
	}
	return n
}

// Bar is a part of a column as it is drawn.
type Bar struct {
	State               string
	X, Y, Width, Height float64
}

// Chart are columns as they are drawn.
type Chart struct {
	Bars    []Bar
	Columns []Column
	States  []string // those that are there, in the order in which they lie upon each other
	Top     int64    // the highest column, rounded up to a number that reads well
	Each    time.Duration
	From    time.Time
	To      time.Time // when the last column ends
}

// least and most are how many columns a chart has: one alone would be a wall.
const least, most = 12, 60

// widths are those of columns.
var widths = []time.Duration{time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute,
	30 * time.Minute, time.Hour, 2 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour, 7 * 24 * time.Hour,
	28 * 24 * time.Hour}

// Spread puts columns of a minute into at most 60 of one width, with those between that are empty. They come in the
// order of their time.
func Spread(minutes []Column) (columns []Column, each time.Duration) {
	if len(minutes) == 0 {
		return nil, time.Minute
	}
	first, last := minutes[0].Start, minutes[len(minutes)-1].Start
	for _, each = range widths {
		if last.Sub(first.Truncate(each)) < most*each {
			break
		}
	}
	first = first.Truncate(each)
	if n := int(last.Sub(first)/each) + 1; n > most {
		first = last.Truncate(each).Add(-(most - 1) * each) // older than four years
	}
	for at := first; !at.After(last) || len(columns) < least; at = at.Add(each) {
		columns = append(columns, Column{Start: at, N: map[string]int64{}})
	}
	for _, m := range minutes {
		if m.Start.Before(first) {
			continue
		}
		for state, n := range m.N {
			columns[m.Start.Sub(first)/each].N[state] += n
		}
	}
	return columns, each
}

// Stack draws columns of states. order is the order in which the states lie upon each other; what it lacks is left out.
func Stack(minutes []Column, order []string) *Chart {
	columns, each := Spread(minutes)
	if len(columns) == 0 {
		return nil
	}
	c := &Chart{Columns: columns, Each: each, From: columns[0].Start, To: columns[len(columns)-1].Start.Add(each)}
	highest := int64(0)
	for _, col := range columns {
		sum := int64(0)
		for _, state := range order {
			sum += col.N[state]
		}
		highest = max(highest, sum)
	}
	c.Top = top(highest)
	wide := 1000 / float64(len(columns))
	gap := min(wide*.15, 4)
	for i, col := range columns {
		y := 1000.0
		for _, state := range order {
			n := col.N[state]
			if n == 0 {
				continue
			}
			if !slices.Contains(c.States, state) {
				c.States = append(c.States, state)
			}
			high := max(float64(n)*1000/float64(c.Top), 6)
			y = max(y-high, 0)
			c.Bars = append(c.Bars, Bar{state, wide*float64(i) + gap/2, y, wide - gap, high})
		}
	}
	return c
}

// top is the next number of one digit and zeros, or of two, that is not less than n.
func top(n int64) int64 {
	if n <= 10 {
		return max(n, 1)
	}
	unit := int64(math.Pow10(len(fmt.Sprint(n)) - 1))
	for _, m := range []int64{10, 12, 15, 20, 25, 30, 40, 50, 60, 80, 100} {
		if m*unit/10 >= n {
			return m * unit / 10
		}
	}
	return n
}

// above is a number that reads well and leaves some room above x, which is more than 0.
func above(x float64) float64 {
	unit := math.Pow10(int(math.Floor(math.Log10(x))))
	for _, m := range []float64{1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10} {
		if m*unit >= 1.05*x {
			return m * unit
		}
	}
	return 12 * unit
}

// Line is a line over time as it is drawn: one value for each point, NaN where there is none.
type Line struct {
	Name   string
	Values []float64 // one for each stretch
	Points []string  // of each stretch without a gap, as an SVG polyline takes them
}

// Graph are lines as they are drawn.
type Graph struct {
	Lines    []Line
	Top      float64
	From, To time.Time
}

// Lines draws lines over time. at are the beginnings of stretches of one length each, in the order of their time;
// each line has a value for each stretch. What lies between two stretches is a gap, as wide as the time that it
// lasted. It is nil where there are no values.
func Lines(at []time.Time, each time.Duration, lines ...Line) *Graph {
	g := &Graph{}
	for _, l := range lines {
		for _, v := range l.Values {
			if !math.IsNaN(v) {
				g.Top = max(g.Top, v)
			}
		}
	}
	if g.Top == 0 {
		return nil
	}
	g.From, g.To = at[0], at[len(at)-1].Add(each)
	g.Top = above(g.Top)
	x := func(t time.Time) float64 { return 1000 * float64(t.Sub(g.From)) / float64(g.To.Sub(g.From)) }
	for _, l := range lines {
		var points []string
		end := func() {
			if len(points) > 0 {
				l.Points = append(l.Points, strings.Join(points, " "))
			}
			points = nil
		}
		for i, v := range l.Values {
			if i > 0 && at[i].After(at[i-1].Add(each)) || math.IsNaN(v) {
				end()
			}
			if math.IsNaN(v) {
				continue
			}
			y := 1000 - v*1000/g.Top
			points = append(points, fmt.Sprintf("%.1f,%.1f", x(at[i]), y)) // a point alone is seen, too
			points = append(points, fmt.Sprintf("%.1f,%.1f", x(at[i].Add(each)), y))
		}
		end()
		g.Lines = append(g.Lines, l)
	}
	return g
}

// Group is what became of the messages to one provider or domain.
type Group struct {
	Name    string   // "" = all others
	Servers []string // by which its messages went, as far as that is known
	Counts  []report.Count
	Rows    int64
}

// N is how many are in these states.
func (g Group) N(states ...string) (n int64) {
	for _, c := range g.Counts {
		if slices.Contains(states, c.State) {
			n += c.N
		}
	}
	return n
}

// Groups puts lanes together by the provider or domain that they are of, the largest first and all others last.
func Groups(lanes map[string]map[ledger.State]int64) []Group {
	by := map[string]map[ledger.State]int64{}
	for lane, states := range lanes {
		name := pacing.GroupOf(lane)
		if !pacing.Single(name) {
			name = ""
		}
		if by[name] == nil {
			by[name] = map[ledger.State]int64{}
		}
		for state, n := range states {
			by[name][state] += n
		}
	}
	var all []Group
	for name, states := range by {
		g := Group{Name: name}
		for _, state := range ledger.States() {
			g.Counts = append(g.Counts, report.Count{State: string(state), N: states[state]})
			g.Rows += states[state]
		}
		all = append(all, g)
	}
	slices.SortFunc(all, func(a, b Group) int {
		if (a.Name == "") != (b.Name == "") {
			return strings.Compare(b.Name, a.Name) // the others last
		}
		return cmp.Or(cmp.Compare(b.Rows, a.Rows), strings.Compare(a.Name, b.Name))
	})
	return all
}
