package pacing

import "time"

// Answer says whether something may go at a moment, and if not, from when and because of what. Admission, the wait for
// the next delivery, a forecast and the line that a person reads all use it.
type Answer struct {
	May       bool
	NotBefore time.Time // where it may not: when to ask again; zero = after the next outcome
	Because   string    // for a person, with the moment in it; "" = caps, or outcomes that are awaited
	Rule      string    // the rule alone, without a moment, for a forecast; "" as Because
	Never     bool      // waiting does not help: nothing will go any more
}

// Openings say what of a campaign may go at a moment.
type Openings struct {
	Campaign Answer            // whether anything may
	Closed   map[string]Answer // the lanes that may not although the campaign may; nil = none
	Fresh    int64             // how many people who were never tried before may go; 0 = any number
}

// First is the earliest answer among the lanes: whether anything may go at once, else what is next to open.
func (o Openings) First(lanes []string) Answer {
	if !o.Campaign.May || len(o.Closed) < len(lanes) {
		return o.Campaign
	}
	var first Answer
	for _, lane := range lanes {
		if a := o.Closed[lane]; first.NotBefore.IsZero() || a.NotBefore.Before(first.NotBefore) {
			first = a
		}
	}
	return first
}
