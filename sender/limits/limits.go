// Package limits is the arithmetic of sending caps. [Parse] reads a [Cap], [Usage] counts uses
// against caps and says when the next may go, [Backoff] says when a message that was put off is
// due, and [Foresee] says how long a campaign takes.
//
// The package is pure. Nothing here reads a clock, waits or locks: the time is an argument, and the
// caller serialises. So campaigns of days are tested in milliseconds, and a ledger on disk and a
// budget in memory obey one definition.
//
// Every cap is a rolling window, counted exactly: at no moment are there more than N uses in the
// window that ends there (see [Window]). A cap of less than a minute is a pace too: its uses start
// evenly spread, one after the other, with no burst (see [Pace]), because a server that says "5 per
// second" also minds five at once. The pace alone would not keep the cap, because the network
// decides how far apart messages arrive.
package limits

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Cap is a number of recipients in a stretch of time. The zero Cap is not a cap. Every Cap that
// [Parse] returns has N ≥ 1 and Window ≥ 1 s.
type Cap struct {
	N      int64
	Window time.Duration
}

// The largest values that Parse accepts. Beyond them a cap means nothing, and the arithmetic of
// times could overflow.
const (
	maxN      = 1_000_000_000_000
	maxWindow = 366 * 24 * time.Hour
)

// Parse reads a cap in KumoMTA's notation: a number, a slash, and a stretch of
// time that is a unit (s, min, h, d and their longer forms) or a number and a
// unit: 20/min, 10_000/24h, 5/s, 300/15m. Underscores may group the digits.
// Blanks around the parts are ignored. The error says what is wrong and shows
// how a cap is written.
func Parse(s string) (Cap, error) {
	c, err := parse(s)
	if err != nil {
		return Cap{}, fmt.Errorf("cap %q: %w; write a number and a time, like 20/min, 400/24h or 5/s", s, err)
	}
	return c, nil
}

func parse(s string) (Cap, error) {
	number, per, ok := strings.Cut(s, "/")
	if !ok {
		return Cap{}, errors.New("no slash")
	}
	n, err := parseNumber(strings.TrimSpace(number))
	if err != nil {
		return Cap{}, err
	}
	if n < 1 || n > maxN {
		return Cap{}, fmt.Errorf("the number must be between 1 and %d", int64(maxN))
	}
	per = strings.TrimSpace(per)
	end := 0
	for end < len(per) && (per[end] >= '0' && per[end] <= '9' || per[end] == '_') {
		end++
	}
	count := int64(1)
	if end > 0 {
		if count, err = parseNumber(per[:end]); err != nil {
			return Cap{}, err
		}
	}
	unit, ok := unitOf(strings.TrimSpace(per[end:]))
	if !ok {
		return Cap{}, fmt.Errorf("unknown unit of time %q", strings.TrimSpace(per[end:]))
	}
	if count < 1 || count > int64(maxWindow/unit) {
		return Cap{}, errors.New("the time must be between a second and 366 days")
	}
	return Cap{N: n, Window: time.Duration(count) * unit}, nil
}

// parseNumber reads decimal digits with single underscores between them.
func parseNumber(s string) (int64, error) {
	switch {
	case s == "":
		return 0, errors.New("no number")
	case strings.HasPrefix(s, "_"), strings.HasSuffix(s, "_"), strings.Contains(s, "__"):
		return 0, fmt.Errorf("%q is not a whole number", s)
	}
	for _, r := range s {
		if r != '_' && (r < '0' || r > '9') {
			return 0, fmt.Errorf("%q is not a whole number", s)
		}
	}
	n, err := strconv.ParseInt(strings.ReplaceAll(s, "_", ""), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is too large", s)
	}
	return n, nil
}

func unitOf(s string) (time.Duration, bool) {
	switch strings.ToLower(s) {
	case "s", "sec", "secs", "second", "seconds":
		return time.Second, true
	case "m", "min", "mins", "minute", "minutes":
		return time.Minute, true
	case "h", "hr", "hrs", "hour", "hours":
		return time.Hour, true
	case "d", "day", "days":
		return 24 * time.Hour, true
	}
	return 0, false
}

// String writes the cap so that [Parse] reads the same cap: 20/min, 10_000/24h.
func (c Cap) String() string {
	count, unit := int64(c.Window/time.Second), "s"
	if c.Window >= time.Hour && c.Window%time.Hour == 0 {
		count, unit = int64(c.Window/time.Hour), "h"
	} else if c.Window >= time.Minute && c.Window%time.Minute == 0 {
		count, unit = int64(c.Window/time.Minute), "min"
	}
	if count == 1 {
		return grouped(c.N) + "/" + unit
	}
	return grouped(c.N) + "/" + strconv.FormatInt(count, 10) + unit
}

// grouped writes n with underscores between thousands from 10_000 on.
func grouped(n int64) string {
	s := strconv.FormatInt(n, 10)
	if n < 10_000 {
		return s
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "_" + s[i:]
	}
	return s
}

// Paced reports whether uses under the cap start evenly spread, besides being counted: windows
// under a minute do.
func (c Cap) Paced() bool { return c.Window < time.Minute }

// Interval is the shortest time between two uses under a paced cap, rounded up
// to the nanosecond so that N of them never fit in less than the window.
func (c Cap) Interval() time.Duration {
	return time.Duration((int64(c.Window) + c.N - 1) / c.N)
}
