package costing

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"mailshot/internal/suggest"
	"mailshot/internal/traffic"
)

// presets are lines that have a name. The figures are round figures of lines that are sold. Nobody promises them.
var presets = []struct {
	name string
	line traffic.Line
}{
	{"satellite", traffic.Line{Up: 3e6, Down: 25e6, RTT: 600 * time.Millisecond}}, // in geostationary orbit
	{"mobile", traffic.Line{Up: 10e6, Down: 30e6, RTT: 50 * time.Millisecond}},
	{"dsl", traffic.Line{Up: 10e6, Down: 50e6, RTT: 20 * time.Millisecond}},
	{"modem", traffic.Line{Up: 33_600, Down: 56_000, RTT: 150 * time.Millisecond}},
}

// Presets returns the names of the preset lines.
func Presets() []string {
	names := make([]string, len(presets))
	for i, p := range presets {
		names[i] = p.name
	}
	return names
}

// usage is what a line may be.
var usage = "a rate and a round trip, as 2mbit,600ms; up and down, as 512kbit,2mbit,80ms; or " +
	strings.Join(Presets(), ", ") + "; also ipv6 and mtu=1400"

// An example that a hint shows.
const example = "as in --line 2mbit,600ms"

// ParseLine reads a line: 2mbit,600ms; or 512kbit,2mbit,80ms with the rates up and down; or the name of a preset. A
// later word overrides an earlier one, so that a preset can be changed. The error has all mistakes, each with a hint.
func ParseLine(text string) (traffic.Line, error) {
	var line traffic.Line
	var errs []error
	rates := 0
	for _, word := range words(text) {
		if err := take(&line, word, &rates); err != nil {
			errs = append(errs, fmt.Errorf("--line %q: %w", word, err))
		}
	}
	if len(errs) > 0 {
		return line, errors.Join(errs...)
	}
	switch {
	case line.Up == 0 && line.RTT == 0:
		return line, fmt.Errorf("--line %q: no rate and no round trip (give both, %s)", text, example)
	case line.Up == 0:
		return line, fmt.Errorf("--line %q: no rate (add one, %s)", text, example)
	case line.RTT == 0:
		return line, fmt.Errorf("--line %q: no round trip (add one, %s; ping shows it)", text, example)
	}
	if line.Down == line.Up {
		line.Down = 0
	}
	return line, nil
}

// words takes a text apart at commas, and joins a number and its unit: 2 Mbit/s, 600 ms.
func words(text string) (all []string) {
	for part := range strings.FieldsFuncSeq(strings.ToLower(text), func(r rune) bool { return r == ',' || r == ';' }) {
		word := ""
		for field := range strings.FieldsSeq(part) {
			switch ends := word != "" && strings.ContainsAny(word[len(word)-1:], "0123456789"); {
			case word == "" || ends && !strings.ContainsAny(field[:1], "0123456789"):
				word += field
			default:
				all, word = append(all, word), field
			}
		}
		if word != "" {
			all = append(all, word)
		}
	}
	return all
}

// take takes a word into a line. rates is how many rates came before it.
func take(line *traffic.Line, word string, rates *int) error {
	for _, p := range presets {
		if p.name == word {
			mtu, ipv6 := line.MTU, line.IPv6
			*line, *rates = p.line, 0
			line.MTU, line.IPv6 = mtu, ipv6
			return nil
		}
	}
	name, value, named := strings.Cut(word, "=")
	if !named {
		value = word
		name = kindOf(word)
	}
	switch name {
	case "ipv6", "ipv4":
		line.IPv6 = name == "ipv6"
		return nil
	case "mtu":
		n, err := strconv.Atoi(value)
		if err != nil || n < 576 || n > 65535 {
			return errors.New("the MTU is a number of bytes from 576 to 65535, as mtu=1400")
		}
		line.MTU = n
		return nil
	case "rtt":
		d, err := roundTrip(value)
		if err == nil {
			line.RTT = d
		}
		return err
	case "rate", "up", "down":
		n, err := rate(value)
		switch {
		case err != nil:
			return err
		case name == "down" || name == "rate" && *rates == 1:
			line.Down = n
		case name == "rate" && *rates > 1:
			return errors.New("a third rate (give one for both ways, or the one up and the one down)")
		case name == "rate":
			line.Up, line.Down = n, 0
		default:
			line.Up = n
		}
		if name == "rate" {
			*rates++
		}
		return nil
	}
	return unknown(name)
}

// unknown is the error of a word that nobody knows.
func unknown(name string) error {
	hint := "a line is " + usage
	known := append(Presets(), "ipv4", "ipv6", "mtu", "rtt", "up", "down")
	near := suggest.Nearest(known, func(w string) (int, int) {
		limit := suggest.Limit(w)
		return suggest.Distance(name, w, limit), limit
	})
	if near != "" {
		hint = "did you mean " + near + "?"
	}
	return fmt.Errorf("not known (%s)", hint)
}

// kindOf says what a word without a name is: a rate or a round trip by its unit, else itself.
func kindOf(word string) string {
	digits, unit := split(word)
	switch {
	case digits == "":
		return word
	case durations[unit] != 0:
		return "rtt"
	}
	return "rate"
}

// split takes a number and its unit apart.
func split(s string) (digits, unit string) {
	i := strings.IndexFunc(s, func(r rune) bool { return (r < '0' || r > '9') && r != '.' })
	if i < 0 {
		i = len(s)
	}
	return s[:i], strings.TrimSpace(s[i:])
}

var durations = map[string]time.Duration{
	"ms": time.Millisecond, "msec": time.Millisecond, "millis": time.Millisecond,
	"s": time.Second, "sec": time.Second, "us": time.Microsecond, "µs": time.Microsecond,
}

func roundTrip(s string) (time.Duration, error) {
	digits, unit := split(s)
	n, err := strconv.ParseFloat(digits, 64)
	of := durations[unit]
	if err != nil || of == 0 {
		return 0, errors.New("not a round trip (give it with ms or s, as 600ms)")
	}
	if d := n * float64(of); d > 0 && d <= float64(10*time.Minute) {
		return time.Duration(d), nil
	}
	return 0, errors.New("a round trip is more than nothing and at most 10 minutes, as 600ms")
}

// prefixes are those of units, with the powers of ten that lines are sold in.
var prefixes = map[string]float64{"": 1, "k": 1e3, "m": 1e6, "g": 1e9}

func rate(s string) (int64, error) {
	digits, unit := split(s)
	n, err := strconv.ParseFloat(digits, 64)
	unit = strings.NewReplacer("bits", "bit", "bytes", "byte").Replace(unit)
	if unit == "" {
		return 0, fmt.Errorf("a number without a unit (bits per second: %[1]skbit or %[1]smbit; a round trip: %[1]sms)", digits)
	}
	prefix, bytes := unit, strings.Contains(unit, "byte")
	for _, end := range []string{"/s", "ps", "/sec"} {
		prefix = strings.TrimSuffix(prefix, end)
	}
	for _, end := range []string{"bit", "byte", "b"} {
		if p, ok := strings.CutSuffix(prefix, end); ok {
			prefix = p
			break
		}
	}
	of, ok := prefixes[prefix]
	if err != nil || !ok {
		return 0, errors.New("not a rate (give it in bits per second, as 512kbit, 2mbit or 1gbit)")
	}
	if bytes {
		of *= 8
	}
	if n *= of; n < 1 || n > 1e12 || math.IsNaN(n) {
		return 0, errors.New("a rate is from 1 bit to 1,000 gbit per second, as 2mbit")
	}
	return int64(n), nil
}
