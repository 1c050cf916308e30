package schema

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
)

// The readers of values. Each takes where the value goes.

// OneLine reads a text without line breaks, and hands it to then.
func OneLine(then func(dec *Decoder, n *yaml.Node, t Text)) Reader {
	return func(dec *Decoder, n *yaml.Node) {
		t, ok := dec.Scalar(n)
		if !ok {
			return
		}
		if strings.Contains(t.Text, "\n") {
			dec.Report(n, "line-break", fmt.Sprintf("%q must be one line", dec.Name()), "use >- instead of | to join lines")
			return
		}
		then(dec, n, t)
	}
}

// String reads a text of one line.
func String(into *string) Reader {
	return OneLine(func(_ *Decoder, _ *yaml.Node, t Text) { *into = t.Text })
}

// Line reads a text of one line with its place.
func Line(into *Text) Reader {
	return OneLine(func(_ *Decoder, _ *yaml.Node, t Text) { *into = t })
}

// Word reads one of the words.
func Word(into *string, words ...string) Reader {
	return Known(Shape{"enum": words}, OneLine(func(dec *Decoder, n *yaml.Node, t Text) {
		if !slices.Contains(words, t.Text) {
			hint := "one of " + strings.Join(words, ", ")
			if near := Nearest(t.Text, words); near != "" {
				hint = fmt.Sprintf("did you mean %q?", near)
			}
			dec.Bad(n, fmt.Sprintf("%q cannot be %q", dec.Name(), Clip(t.Text)), hint)
			return
		}
		*into = t.Text
	}))
}

var numberPattern = regexp.MustCompile(`^(0|[1-9][0-9]*(_[0-9]+)*)$`)

// Number reads a whole number in plain decimal digits. 012 and 1e3, which YAML reads in ways of its own, are mistakes.
func Number(into *int, least, most int) Reader {
	return Known(numbers(least, most), OneLine(func(dec *Decoder, n *yaml.Node, t Text) {
		v, err := strconv.Atoi(strings.ReplaceAll(t.Text, "_", ""))
		if err != nil || !numberPattern.MatchString(t.Text) {
			dec.Bad(n, fmt.Sprintf("%q must be a whole number, not %q", dec.Name(), Clip(t.Text)), "")
			return
		}
		if v < least || v > most {
			dec.Bad(n, fmt.Sprintf("%q must be between %d and %d", dec.Name(), least, most), "")
			return
		}
		*into = v
	}))
}

// Duration reads a length of time between a second and 30 days.
func Duration(into *time.Duration) Reader {
	const hint = "a number and a unit, such as 90s, 5m, 4h or 2d"
	return OneLine(func(dec *Decoder, n *yaml.Node, t Text) {
		v, err := time.ParseDuration(t.Text)
		if days, ok := strings.CutSuffix(t.Text, "d"); ok {
			var whole int
			whole, err = strconv.Atoi(days)
			v = time.Duration(min(whole, 10_000)) * 24 * time.Hour
		}
		switch {
		case err != nil:
			dec.Bad(n, fmt.Sprintf("%q is not a duration", Clip(t.Text)), hint)
		case v < time.Second || v > 30*24*time.Hour:
			dec.Bad(n, fmt.Sprintf("%q must be between 1s and 30d", dec.Name()), "")
		default:
			*into = v
		}
	})
}

// Days reads a number of days, at most so many, or never, which is -1.
func Days(into *int, most int) Reader {
	return OneLine(func(dec *Decoder, n *yaml.Node, t Text) {
		number, ok := strings.CutSuffix(t.Text, "d")
		v, err := strconv.Atoi(number)
		switch {
		case t.Text == "never":
			*into = -1
		case !ok || err != nil:
			dec.Bad(n, fmt.Sprintf("%q is not a number of days", Clip(t.Text)), "such as 400d, or never")
		case v < 1 || v > most:
			dec.Bad(n, fmt.Sprintf("%q must be between 1d and %dd, or never", dec.Name(), most), "")
		default:
			*into = v
		}
	})
}

// Truth reads true or false.
func Truth(into *bool) Reader {
	return Known(truth, OneLine(func(dec *Decoder, n *yaml.Node, t Text) {
		switch t.Text {
		case "true", "false":
			*into = t.Text == "true"
		default:
			dec.Bad(n, fmt.Sprintf("%q must be true or false, not %q", dec.Name(), Clip(t.Text)), "")
		}
	}))
}

// Yes reads a switch that is only ever turned on.
func Yes(into *bool) Reader {
	return Known(Shape{"const": true}, OneLine(func(dec *Decoder, n *yaml.Node, t Text) {
		if t.Text != "true" {
			dec.Bad(n, fmt.Sprintf("%q can only be true", dec.Name()), "write true, or remove the line")
			return
		}
		*into = true
	}))
}

// Off reads a switch that is on unless it is turned off. into becomes true if it is.
func Off(into *bool) Reader {
	return Known(truth, OneLine(func(dec *Decoder, n *yaml.Node, t Text) {
		if t.Text != "true" && t.Text != "false" {
			dec.Bad(n, fmt.Sprintf("%q cannot be %q", dec.Name(), Clip(t.Text)), "write true or false")
			return
		}
		*into = t.Text == "false"
	}))
}

// Each reads a list of mappings. item returns the keys of a new item, and what to do once the item has been read.
func Each(item func() ([]Key, func())) Reader {
	return func(dec *Decoder, n *yaml.Node) {
		if dec.describing() {
			keys, _ := item()
			dec.describe(Shape{"type": "array", "items": object(keys)})
			return
		}
		if n.Kind == yaml.MappingNode {
			dec.Report(n, "wrong-type", strconv.Quote(dec.Name())+" must be a list", "begin each item with - and a space")
			return
		}
		dec.List(n, func(n *yaml.Node) {
			keys, done := item()
			dec.Section(n, n, keys)
			done()
		})
	}
}
