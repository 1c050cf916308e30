package inline

import (
	"regexp"
	"strings"
)

// overlap says whether two properties may set the same: the same one, a shorthand and one of its parts, or two
// shorthands with a part in common. It may say so of two that do not.
func overlap(a, b string) bool {
	switch {
	case a == "" || b == "": // browsers skip such a declaration
		return false
	case a == b, a == "*", b == "*":
		return true
	}
	a, b = unprefixed(a), unprefixed(b)
	switch {
	case a == b, a == "all" || b == "all", strings.HasPrefix(a, b+"-"), strings.HasPrefix(b, a+"-"):
		return true
	case a == "font" && b == "line-height", a == "line-height" && b == "font":
		return true
	case logical(a) || logical(b):
		return family(a) == family(b) || strings.Contains(a+b, "-size") && sized(a) && sized(b)
	}
	return shares(a, b)
}

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
	if !okA || !okB || strings.Contains(a+b, "radius") || strings.Contains(a+b, "collapse") || strings.Contains(a+b, "spacing") {
		return okA && okB && strings.Contains(a, "radius") && strings.Contains(b, "radius")
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

// plainValue is a value that every program knows: numbers, lengths, colours, common words.
var plainValue = regexp.MustCompile(`^(?:(?:[+-]?(?:\d+|\d*\.\d+)(?:px|em|%|pt)?|#[0-9A-Fa-f]{3}|#[0-9A-Fa-f]{6}|` +
	`auto|none|normal|bold|italic|left|right|center|justify|top|middle|bottom|baseline|block|inline|inline-block|` +
	`solid|dashed|dotted|underline|line-through|uppercase|lowercase|collapse|separate|nowrap|hidden|visible|` +
	`black|white|transparent|inherit|ltr|rtl)(?: |$))+$`)

func plain(value string) bool { return plainValue.MatchString(strings.ToLower(value)) }
