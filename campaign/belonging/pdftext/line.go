package pdftext

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// glyph is what is drawn of a letter or several.
type glyph struct {
	start, end float64 // along the line
	size       float64
	text       string
}

// How far letters of one word stand apart, and how far a line is from the one before, as parts of their size.
const (
	wordGap = 0.1
	lineGap = 0.4
)

// mostOnLine bounds how many letters are put in order at once.
const mostOnLine = 20_000

// place puts a letter on the line. One that stands elsewhere begins another line.
func (p *painter) place(g glyph, start, end point, angle float64) {
	if math.IsNaN(start.x+start.y+end.x+end.y+g.size) || math.IsInf(start.x+start.y+end.x+end.y+g.size, 0) {
		return
	}
	if n := len(p.line); n > 0 {
		_, off := p.along(start)
		large := max(g.size, p.line[n-1].size)
		if math.Abs(off) > lineGap*large || math.Abs(angle-p.angle) > 0.1 || n >= mostOnLine {
			p.flush()
		}
	}
	if len(p.line) == 0 {
		p.from, p.angle = start, angle
	}
	g.start, _ = p.along(start)
	g.end, _ = p.along(end)
	if g.end < g.start {
		g.start, g.end = g.end, g.start
	}
	if n := len(p.line); n > 0 && mark(g.text) && g.start-p.line[n-1].end < g.size { // it belongs to the letter before it
		g.start, g.end = p.line[n-1].start, p.line[n-1].end
	}
	p.line = append(p.line, g)
}

// mark says whether a text is marks alone of a script that runs from left to right, as those of Thai.
func mark(s string) bool {
	for _, r := range s {
		if !unicode.Is(unicode.Mn, r) || r >= 0x590 && r < 0x900 {
			return false
		}
	}
	return s != ""
}

// accent is the mark of a letter that a letter of its own draws over or below it, as TeX does; 0 = it is none.
func accent(s string) rune {
	for _, m := range marks {
		if m.alone == s {
			return m.mark
		}
	}
	return 0
}

// undotted are letters that lose their dot below an accent.
var undotted = map[string]string{"ı": "i", "ȷ": "j"}

// accented puts each accent that stands over a letter behind it, as a mark of it.
func accented(line []glyph) {
	for i, g := range line {
		m := accent(g.text)
		if m == 0 {
			continue
		}
		center := (g.start + g.end) / 2
		for _, k := range []int{i - 1, i + 1} {
			if k < 0 || k >= len(line) || center <= line[k].start || center >= line[k].end {
				continue
			}
			if r, _ := utf8.DecodeRuneInString(line[k].text); !unicode.IsLetter(r) {
				continue
			}
			base := line[k]
			if s := undotted[base.text]; s != "" {
				base.text = s
			}
			line[min(i, k)], line[max(i, k)] = base, glyph{base.start, base.end, g.size, string(m)}
			break
		}
	}
}

// along says where a point is along the line, and how far beside it.
func (p *painter) along(to point) (x, off float64) {
	sin, cos := math.Sincos(-p.angle)
	dx, dy := to.x-p.from.x, to.y-p.from.y
	return dx*cos - dy*sin, dx*sin + dy*cos
}

// flush writes the line. Programs draw what is on a line in any order, font by font or from the right, so its letters
// are put in the order of their places first.
func (p *painter) flush() {
	slices.SortStableFunc(p.line, func(a, b glyph) int { return cmp.Compare(a.start, b.start) })
	accented(p.line)
	for i, g := range p.line {
		if i > 0 {
			before := p.line[i-1]
			switch {
			case g.text == before.text && again(g, before):
				continue
			case g.start-before.end > wordGap*max(g.size, before.size):
				p.out.blank()
			}
		}
		p.out.put(g.text)
	}
	p.line = p.line[:0]
	p.out.line()
}

// again says whether a letter is the one before once more: drawn twice, to be bold, or a mark of it that has a glyph of
// its own, of which the font says that it is the letter and the mark.
func again(g, before glyph) bool {
	if math.Abs(g.start-before.start) < 0.1*g.size && g.end > g.start {
		return true
	}
	marked := strings.ContainsFunc(g.text, func(r rune) bool { return unicode.Is(unicode.Mn, r) })
	return marked && g.start >= before.start && g.end <= before.end+0.05*g.size
}
