package layouts

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// DefaultAccent is the accent colour of a campaign that names none.
const DefaultAccent = "#1f5fbf"

// least is the contrast that a text needs with what is behind it (WCAG 2.2, success criterion 1.4.3), and leastEdge
// what the edge of a button needs (1.4.11).
const (
	least     = 4.5
	leastEdge = 3
)

const white = "#ffffff"

// The surfaces on which texts stand. desk is around the sheet, and well is behind code.
const (
	lightDesk, lightSheet, lightWell = "#f3f4f6", "#ffffff", "#f3f4f6"
	darkDesk, darkSheet, darkWell    = "#111214", "#1b1c1f", "#2a2c31"
)

// Accent reads a colour: #0a5 or #00aa55, in any case. It returns the long form in small letters.
func Accent(text string) (string, error) {
	hex, ok := strings.CutPrefix(strings.ToLower(text), "#")
	if len(hex) == 3 {
		hex = string([]byte{hex[0], hex[0], hex[1], hex[1], hex[2], hex[2]})
	}
	if _, err := strconv.ParseUint(hex, 16, 32); !ok || err != nil || len(hex) != 6 {
		return "", fmt.Errorf("%q is not a colour", text)
	}
	return "#" + hex, nil
}

// palette is the colours that are made of the accent. Each text in it has enough contrast with each surface that it
// stands on, whatever the accent is.
type palette struct {
	Fill, Label, Edge string // of a button
	Link              string // a text in the accent colour, darker where it must be
	Rule              string // lines and bars in the accent colour

	DarkFill, DarkLabel, DarkLink, DarkRule string // on a dark screen
}

// lights makes the palette of an accent.
func lights(accent string) palette {
	if accent == "" {
		accent = DefaultAccent
	}
	p := palette{Rule: accent}
	p.Link = until(accent, 0, least, lightSheet, lightDesk, lightWell)
	// A program that turns colours for a dark screen makes black texts white and white surfaces black, and leaves the
	// colours between as they are. So the text on a colour is white, and the colour dark enough for that. A light colour
	// would become another one that way: the button is white then, with an edge and a text of that colour.
	p.Fill, p.Label = until(accent, 0, least, white), white
	p.Edge = p.Fill
	if contrast(white, accent) < leastEdge {
		p.Fill, p.Label, p.Edge = white, p.Link, until(accent, 0, leastEdge, lightSheet)
	}
	p.DarkLink = until(accent, 1, least, darkSheet, darkDesk, darkWell)
	p.DarkRule = until(accent, 1, leastEdge, darkSheet)
	p.DarkFill, p.DarkLabel = until(p.DarkRule, 0, least, white), white
	if p.Fill == white {
		p.DarkFill, p.DarkLabel = p.DarkRule, "#000000" // nobody turns the colours of a dark style
	}
	return p
}

// until mixes a colour with black (to 0) or white (to 1), as little as is needed for its contrast with all surfaces.
func until(colour string, to float64, enough float64, surfaces ...string) string {
	from := linear(colour)
	for step := 0; ; step++ {
		t := float64(step) / 100
		var mixed [3]float64
		for i, c := range from {
			mixed[i] = gamma(c)*(1-t) + to*t
		}
		made := fmt.Sprintf("#%02x%02x%02x", octet(mixed[0]), octet(mixed[1]), octet(mixed[2]))
		worst := math.Inf(1)
		for _, s := range surfaces {
			worst = min(worst, contrast(made, s))
		}
		if worst >= enough || step == 100 {
			return made
		}
	}
}

func octet(v float64) int { return int(math.Round(min(max(v, 0), 1) * 255)) }

// linear returns the linear light of a colour's red, green and blue, from 0 to 1. Anything but #rrggbb is black.
func linear(colour string) [3]float64 {
	n, _ := strconv.ParseUint(strings.TrimPrefix(colour, "#"), 16, 32)
	var out [3]float64
	for i := range out {
		c := float64(n>>(16-8*i)&0xff) / 255
		if c <= 0.04045 {
			out[i] = c / 12.92
		} else {
			out[i] = math.Pow((c+0.055)/1.055, 2.4)
		}
	}
	return out
}

// gamma is the inverse of what linear does to one part of a colour.
func gamma(c float64) float64 {
	if c <= 0.0031308 {
		return c * 12.92
	}
	return 1.055*math.Pow(c, 1/2.4) - 0.055
}

// contrast is the contrast ratio of two colours, from 1 to 21 (WCAG 2.2, "contrast ratio").
func contrast(a, b string) float64 {
	luminance := func(colour string) float64 {
		l := linear(colour)
		return 0.2126*l[0] + 0.7152*l[1] + 0.0722*l[2]
	}
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}
