// Package property says what the properties of CSS have to do with each other. Overlap says whether two may set the
// same, and Known whether a value is one that every mail program knows.
package property

import (
	"regexp"
	"slices"
	"strings"
)

// Overlap says whether two properties may set the same: the same one, a shorthand and one of its parts, or two
// shorthands with a part in common. It may say so of two that do not.
func Overlap(a, b string) bool {
	switch {
	case a == "" || b == "": // browsers skip such a declaration
		return false
	case a == b, a == "*", b == "*":
		return true
	}
	a, b = unprefixed(a), unprefixed(b)
	switch {
	case a == b, a == "all" || b == "all", isPart(a, b), isPart(b, a):
		return true
	case a == "font" && b == "line-height", a == "line-height" && b == "font":
		return true
	case logical(a) || logical(b):
		return family(a) == family(b) || strings.Contains(a+b, "-size") && sized(a) && sized(b)
	}
	return shares(a, b)
}

// isPart says whether a property is a part of a shorthand, by its name.
func isPart(a, shorthand string) bool {
	return strings.HasPrefix(a, shorthand+"-") && !slices.Contains(whole, shorthand)
}

// whole are properties that are no shorthands, although others begin with their name, such as color-scheme.
var whole = []string{"color", "content", "position"}

// unprefixed takes the name of a browser off.
func unprefixed(p string) string {
	if strings.HasPrefix(p, "--") || !strings.HasPrefix(p, "-") {
		return p
	}
	if _, rest, ok := strings.Cut(p[1:], "-"); ok {
		return rest
	}
	return p
}

// family is the first word of a property.
func family(p string) string {
	first, _, _ := strings.Cut(p, "-")
	return first
}

// logical says whether a property means a side that the direction of the text decides on.
func logical(p string) bool {
	return strings.Contains(p, "inline") || strings.Contains(p, "block") || strings.HasPrefix(p, "inset")
}

func sized(p string) bool {
	return strings.HasSuffix(p, "width") || strings.HasSuffix(p, "height") || strings.HasSuffix(p, "-size")
}

// shares says whether two parts of border have something in common: border-top and border-color do.
func shares(a, b string) bool {
	a, okA := strings.CutPrefix(a, "border-")
	b, okB := strings.CutPrefix(b, "border-")
	switch has := func(s, part string) bool { return strings.Contains(s, part) }; {
	case !okA || !okB, has(a+b, "collapse"), has(a+b, "spacing"):
		return false
	case has(a+b, "radius"):
		return has(a, "radius") && has(b, "radius")
	}
	sideA, partA := aspect(a)
	sideB, partB := aspect(b)
	return (sideA == "" || sideB == "" || sideA == sideB) && (partA == "" || partB == "" || partA == partB)
}

// aspect splits top-color into its side and its part.
func aspect(p string) (side, part string) {
	for _, s := range []string{"top", "right", "bottom", "left"} {
		if rest, ok := strings.CutPrefix(p, s); ok {
			return s, strings.TrimPrefix(rest, "-")
		}
	}
	return "", p
}

// The values of common properties that every program knows. A value that a program does not know leaves an earlier one
// in force, so only such a value makes an earlier one needless.
const (
	length = `(?:0|(?:\d+|\d*\.\d+)(?:px|em|%|pt))`
	colour = `(?:#[0-9a-f]{3}|#[0-9a-f]{6}|black|white|red|green|blue|gray|navy|silver)`
)

// knownValues has a pattern for each kind of property, by the names of the properties.
var knownValues = []struct{ properties, value *regexp.Regexp }{
	{pattern(`(?:background-)?color`), pattern(colour)},
	{pattern(`background`), pattern(`#[0-9a-f]{3}|#[0-9a-f]{6}|none`)},
	{pattern(`font-size|(?:padding|margin)-(?:top|right|bottom|left)|(?:min-|max-)?(?:width|height)|text-indent`),
		pattern(length)},
	{pattern(`padding|margin`), pattern(length + `(?: ` + length + `){0,3}`)},
	{pattern(`line-height`), pattern(length + `|\d+|\d*\.\d+`)},
	{pattern(`font-weight`), pattern(`bold|normal|[1-9]00`)},
	{pattern(`font-style`), pattern(`italic|normal`)},
	{pattern(`text-align`), pattern(`left|right|center|justify`)},
	{pattern(`vertical-align`), pattern(`top|middle|bottom|baseline`)},
	{pattern(`text-decoration`), pattern(`none|underline|line-through`)},
	{pattern(`text-transform`), pattern(`none|uppercase|lowercase`)},
	{pattern(`display`), pattern(`none|block|inline|inline-block`)},
	{pattern(`border-collapse`), pattern(`collapse|separate`)},
	{pattern(`border(?:-top|-right|-bottom|-left)?`),
		pattern(`0|none|` + length + ` (?:solid|dashed|dotted) (?:#[0-9a-f]{3}|#[0-9a-f]{6})`)},
}

func pattern(s string) *regexp.Regexp { return regexp.MustCompile("^(?:" + s + ")$") }

// Known says whether every program knows a value of a property.
func Known(property, value string) bool {
	value = strings.ToLower(value)
	for _, k := range knownValues {
		if k.properties.MatchString(property) {
			return k.value.MatchString(value)
		}
	}
	return false
}
