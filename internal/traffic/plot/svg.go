package main

import (
	"fmt"
	"math"
	"strings"
)

// chart is a picture with the size of a message on a logarithmic axis to the right, and a logarithmic axis upward.
type chart struct {
	title, note string
	y           []tick
	lines       []line
}

type xy struct{ x, y float64 }

type tick struct {
	at   float64
	text string
}

// line is a line of the model with the dots that were measured.
type line struct {
	label string
	at    []xy
	dots  []dot
}

// dot is a measured point with its bounds.
type dot struct {
	xy
	lower, upper float64
}

// The picture's size and where its axes are.
const (
	width, height            = 760, 440
	left, right, top, bottom = 64, 600, 64, 392
	leastSize, mostSize      = 1000, 1_000_000
)

// sizes are the sizes for which lines are drawn.
func sizes() []float64 {
	var all []float64
	for i := range 121 {
		all = append(all, math.Round(leastSize*math.Pow(mostSize/leastSize, float64(i)/120)))
	}
	return all
}

// style has colours that are told apart on white and on black, and texts in the reader's scheme.
const style = `<style>
text{font:13px system-ui,sans-serif;fill:#1f2328}
.title{font-size:15px;font-weight:600}.note,.axis{fill:#59636e}
.grid{stroke:#d1d9e0;stroke-width:1}.line{fill:none;stroke-width:2}.bar{stroke-width:1;opacity:.6}
.s0{stroke:#2a78d6}.s1{stroke:#c2541f}.s2{stroke:#12805c}.s3{stroke:#8a5fd0}.s4{stroke:#a3701a}
.d0{fill:#2a78d6}.d1{fill:#c2541f}.d2{fill:#12805c}.d3{fill:#8a5fd0}.d4{fill:#a3701a}
@media (prefers-color-scheme:dark){text{fill:#e6edf3}.note,.axis{fill:#9198a1}.grid{stroke:#3d444d}
.s0{stroke:#5aa2f5}.s1{stroke:#f0895a}.s2{stroke:#3fc294}.s3{stroke:#b394f0}.s4{stroke:#dba94b}
.d0{fill:#5aa2f5}.d1{fill:#f0895a}.d2{fill:#3fc294}.d3{fill:#b394f0}.d4{fill:#dba94b}}
</style>
`

func (c chart) svg() string {
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" aria-label="%s">`+"\n", width,
		height, c.title)
	b.WriteString(style)
	fmt.Fprintf(&b, `<text class="title" x="%d" y="24">%s</text>`+"\n", 16, c.title)
	fmt.Fprintf(&b, `<text class="note" x="%d" y="44">%s</text>`+"\n", 16, c.note)
	for _, t := range c.y {
		y := c.up(t.at)
		fmt.Fprintf(&b, `<line class="grid" x1="%d" x2="%d" y1="%.1f" y2="%.1f"/>`, left, right, y, y)
		fmt.Fprintf(&b, `<text class="axis" text-anchor="end" x="%d" y="%.1f">%s</text>`+"\n", left-8, y+4, t.text)
	}
	for _, t := range []tick{{1e3, "1 kB"}, {1e4, "10 kB"}, {1e5, "100 kB"}, {1e6, "1 MB"}} {
		fmt.Fprintf(&b, `<text class="axis" text-anchor="middle" x="%.1f" y="%d">%s</text>`+"\n", across(t.at), bottom+20, t.text)
	}
	fmt.Fprintf(&b, `<text class="axis" text-anchor="middle" x="%d" y="%d">size of a message</text>`+"\n", (left+right)/2,
		bottom+40)
	for i, l := range c.lines {
		c.line(&b, i, l)
	}
	c.labels(&b)
	b.WriteString("</svg>\n")
	return b.String()
}

func (c chart) line(b *strings.Builder, i int, l line) {
	fmt.Fprintf(b, `<polyline class="line s%d" points="`, i)
	for _, p := range l.at {
		fmt.Fprintf(b, "%.1f,%.1f ", across(p.x), c.up(p.y))
	}
	b.WriteString("\"/>\n")
	for _, d := range l.dots {
		x := across(d.x) + float64(i-2)*4 // beside each other
		if d.upper > d.lower {
			fmt.Fprintf(b, `<line class="bar s%d" x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f"/>`, i, x, x, c.up(d.upper), c.up(d.lower))
		}
		fmt.Fprintf(b, `<circle class="d%d" cx="%.1f" cy="%.1f" r="3.5"/>`+"\n", i, x, c.up(d.y))
	}
}

// labels names the lines in a key at the right, in the order in which they begin from the top.
func (c chart) labels(b *strings.Builder) {
	for i, l := range c.lines {
		y := top + 12 + 22*i
		fmt.Fprintf(b, `<line class="line s%d" x1="%d" x2="%d" y1="%d" y2="%d"/>`, i, right+20, right+40, y, y)
		fmt.Fprintf(b, `<text x="%d" y="%d">%s</text>`+"\n", right+46, y+4, l.label)
	}
}

// across is where a size is.
func across(size float64) float64 {
	return left + (right-left)*math.Log(size/leastSize)/math.Log(mostSize/leastSize)
}

// up is where a value is. What is beyond the axis is at its end.
func (c chart) up(v float64) float64 {
	least, most := c.y[0].at, c.y[len(c.y)-1].at
	v = min(max(v, least), most)
	return bottom - (bottom-top)*math.Log(v/least)/math.Log(most/least)
}
