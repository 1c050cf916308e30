package markup

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"mailshot/campaign/check/target"
)

// The contrasts below which large text is hard to read for some people (WCAG 2.2, 1.4.3), for most people, and for all.
const (
	weak   = 3.0
	low    = 2.0
	hidden = 1.05
)

// colours finds text whose colour is too close to the colour behind it. Both colours have to be literals of the
// template. The colour of the text comes from its own style or from a rule for it in <style>; the background comes from
// the element or from an element around it. If more than one element decides which rule counts, nothing is said.
func (l *looker) colours() {
	type ground struct {
		name   string
		colour string
	}
	var around []ground
	rules, said := l.sheet(), map[int]bool{}
	for i := range l.tags {
		t := &l.tags[i]
		switch t.kind {
		case closes:
			for j := len(around) - 1; j >= 0; j-- {
				if around[j].name == t.name {
					around = around[:j]
					break
				}
			}
		case opens:
			is := rules.of(t)
			style := is.style
			behind := firstOf(style["background-color"], style["background"], t.value("bgcolor"))
			if behind == "" && len(around) > 0 {
				behind = around[len(around)-1].colour
			}
			if image := style["background-image"] + t.value("background") +
				style["background"]; strings.Contains(image, "url(") ||
				strings.Contains(image, "gradient") || t.value("background") != "" || target.Dynamic(image) {
				behind = "?"
			}
			if is.unsure {
				behind = "?"
			}
			if is.at == 0 && style["color"] == "" && t.name != "font" {
				// it has no colour of its own
			} else if is.at == 0 && l.wears(i, rules) || is.at > 0 && !said[is.at] && l.speaks(i) {
				said[is.at] = l.contrast(t, is, behind)
			}
			if !t.void && t.name != "" && !isAlone(t.name) {
				around = append(around, ground{t.name, behind})
			}
		}
	}
}

func isAlone(name string) bool {
	for _, a := range alone {
		if a == name {
			return true
		}
	}
	return false
}

// speaks says whether words follow the start of an element, so that they have its colour.
func (l *looker) speaks(i int) bool {
	return i+1 < len(l.tags) && l.tags[i+1].kind == words && isRead(l.tags[i+1].text)
}

// contrast looks at the colours of one element that has a colour of its own, or gets a colour from a rule. It reports
// whether it made a finding.
func (l *looker) contrast(t *tag, is dress, behind string) bool {
	style, n := is.style, len(l.found)
	text, ok := rgb(firstOf(style["color"], attrOf(t, "font", "color")))
	ground, also := rgb(behind)
	if !ok || !also || t.name == "img" || concealed(style) {
		return false
	}
	ratio := contrast(text, ground)
	a, has := t.get("style")
	at := a.at
	if !has {
		at = t.at
	}
	if is.at > 0 {
		at = is.at
	}
	switch {
	case ratio < hidden:
		l.say(at, "hidden-text", "the text has the colour of what is behind it, so nobody sees it",
			"filters take that for spam: remove the text, or change a colour")
	case ratio < low && !(t.name == "a" && firstOf(style["background-color"],
		style["background"]) != ""): // a button's is large
		l.say(at, "low-contrast", fmt.Sprintf("the contrast of the text is %.1f to 1, which hardly anybody can read",
			ratio), enough)
	case ratio < weak:
		l.say(at, "weak-contrast", fmt.Sprintf("the contrast of the text is %.1f to 1, and large letters need 3 to 1",
			ratio), enough)
	}
	return len(l.found) > n
}

const enough = "make the text darker or lighter: 4.5 to 1 is enough for all sizes"

func attrOf(t *tag, name, attr string) string {
	if t.name == name {
		return t.value(attr)
	}
	return ""
}

// concealed says whether a style hides its element, as the style of a preheader does.
func concealed(style map[string]string) bool {
	size, err := strconv.ParseFloat(strings.TrimSuffix(style["font-size"], "px"), 64)
	return strings.HasPrefix(style["display"], "none") || style["mso-hide"] != "" || style["visibility"] == "hidden" ||
		err == nil && size < 3 || strings.HasPrefix(style["opacity"], "0") || strings.HasPrefix(style["max-height"], "0") ||
		style["line-height"] == "0" || style["line-height"] == "1px"
}

// pixels returns a size in pixels; -1 if it has another unit, or is not known.
func pixels(size string) float64 {
	if n, ok := number(strings.TrimSuffix(size, "px")); ok && (n == 0 || strings.HasSuffix(size, "px")) {
		return n
	}
	if n, ok := number(strings.TrimRight(size, "%abcdefghijklmnopqrstuvwxyz")); ok && n == 0 {
		return 0
	}
	return -1
}

// number reads a number of CSS.
func number(s string) (n float64, ok bool) {
	n, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	return n, err == nil
}

// declarations returns the declarations of a style, by property. The last one of a property counts.
func declarations(style string) map[string]string {
	all := map[string]string{}
	for d := range strings.SplitSeq(style, ";") {
		name, value, ok := strings.Cut(d, ":")
		if !ok || target.Dynamic(name) {
			continue
		}
		value = strings.TrimSpace(strings.ReplaceAll(lower(value), "!important", ""))
		all[strings.TrimSpace(lower(name))] = value
	}
	return all
}

func firstOf(values ...string) string {
	for _, v := range values {
		if v = strings.TrimSpace(v); v != "" && v != "transparent" && v != "none" && v != "inherit" {
			return v
		}
	}
	return ""
}

var names = map[string]string{
	"white": "#ffffff", "black": "#000000", "red": "#ff0000", "green": "#008000", "blue": "#0000ff", "yellow": "#ffff00",
	"gray": "#808080", "grey": "#808080", "silver": "#c0c0c0", "lightgray": "#d3d3d3", "lightgrey": "#d3d3d3",
	"whitesmoke": "#f5f5f5", "orange": "#ffa500", "navy": "#000080", "maroon": "#800000", "purple": "#800080",
}

// rgb reads a colour: #abc, #aabbcc, a name, rgb(1, 2, 3). Other colours are not compared.
func rgb(colour string) (c [3]float64, ok bool) {
	colour = lower(strings.TrimSpace(colour))
	if hex := names[colour]; hex != "" {
		colour = hex
	}
	if list, is := strings.CutPrefix(colour, "rgb("); is {
		parts := strings.Split(strings.TrimSuffix(list, ")"), ",")
		if len(parts) != 3 {
			return c, false
		}
		for i, p := range parts {
			n, err := strconv.Atoi(strings.TrimSpace(p))
			if err != nil || n < 0 || n > 255 {
				return c, false
			}
			c[i] = float64(n)
		}
		return c, true
	}
	hex, is := strings.CutPrefix(colour, "#")
	if !is || len(hex) != 3 && len(hex) != 6 {
		return c, false
	}
	if len(hex) == 3 {
		hex = string([]byte{hex[0], hex[0], hex[1], hex[1], hex[2], hex[2]})
	}
	n, err := strconv.ParseUint(hex, 16, 32)
	return [3]float64{float64(n >> 16), float64(n >> 8 & 255), float64(n & 255)}, err == nil
}

// contrast returns the contrast ratio of two colours (WCAG 2.2).
func contrast(a, b [3]float64) float64 {
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func luminance(c [3]float64) float64 {
	var l float64
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		v := c[i] / 255
		if v <= 0.04045 {
			v /= 12.92
		} else {
			v = math.Pow((v+0.055)/1.055, 2.4)
		}
		l += weight * v
	}
	return l
}
