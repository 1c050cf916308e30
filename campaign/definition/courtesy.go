package definition

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"mailshot/campaign/definition/schema"
	"mailshot/sender/courtesy"
)

// Courtesy says how the sending spares the servers that take the mail. The zero Courtesy sets no bounds.
type Courtesy struct {
	Warmup   courtesy.Warmup
	Waves    courtesy.Waves
	StopLoss courtesy.StopLoss
}

// Schedule says when mail may go. The zero Schedule is always.
type Schedule struct {
	Hours      courtesy.Hours
	Zone       *time.Location // nil = the machine's
	ZoneColumn Text           // column with each recipient's own zone; not given = none
	NotAfter   time.Time      // zero = no end

	days, hours []Text // as written, until check reads them together
	notAfter    Text
}

// Location is the schedule's zone.
func (s *Schedule) Location() *time.Location {
	if s.Zone != nil {
		return s.Zone
	}
	return time.Local
}

// courtesyKeys are the keys of limits that are about courtesy.
func (d *Definition) courtesyKeys() []schema.Key {
	c := &d.Limits.Courtesy
	return []schema.Key{
		{Name: "warmup", Read: warmup(&c.Warmup), Example: "[50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000]", Off: true,
			Doc: "For a new sender: messages on its first, second, third sending day, over all campaigns of the account. " +
				"A day with more than 3 % refused holds the step, and one with more than 6 % goes a step back. " +
				"After a month's pause the warm-up begins anew."},
		{Name: "waves", Read: waves(&c.Waves.Sizes), Example: "[20, 200, rest]",
			Doc: "How many messages go before the sending waits for what comes of them: 20, a hold, 200, a hold, the rest."},
		{Name: "hold", Read: schema.Duration(&c.Waves.Hold), Example: "30m", Doc: "After each wave. Default: 30m."},
		{Name: "stop_loss", Keys: []schema.Key{
			{Name: "refused", Read: percentage(&c.StopLoss.Refused), Example: "5%"},
			{Name: "deferred", Read: percentage(&c.StopLoss.Deferred), Example: "30%"},
			{Name: "unknown", Read: percentage(&c.StopLoss.Unknown), Example: "2%"},
			{Name: "after", Read: count(&c.StopLoss.After), Example: "50",
				Doc: "The shares count once this many messages were tried. Default: 50."},
			{Name: "content", Read: count(&c.StopLoss.Content), Example: "10",
				Doc: "The sending stops when one server refuses this many messages in a row for what is in them, " +
					"because it would refuse the others as well. Default: 10."},
			{Name: "same_refusal", Read: count(&c.StopLoss.Same), Example: "10",
				Doc: "It stops when one server refuses this many recipients of several domains in a row with the same words, " +
					"because such words are about the sender. Nobody is put on the suppression list for them. Default: 10."},
			{Name: "unknown_in_a_row", Read: count(&c.StopLoss.Doubts), Example: "3",
				Doc: "It stops when one server gives this many messages in a row no reply that can be understood, " +
					"so that a person has to decide about few. Default: 3."},
		}, Doc: "The sending stops at these shares of the messages tried, " +
			"of the campaign or of one large provider's recipients. Default: never."},
	}
}

func (d *Definition) scheduleKeys() []schema.Key {
	s := &d.Schedule
	return []schema.Key{
		{Name: "days", Read: words(&s.days), Example: "[mon-fri]",
			Doc: "mon, tue, wed, thu, fri, sat, sun. Default: all."},
		{Name: "hours", Read: words(&s.hours), Example: "[09:00-12:00, 13:30-17:00]",
			Doc: "Default: all. 22:00-06:00 goes past midnight."},
		{Name: "zone", Read: zone(&s.Zone), Example: "Europe/Berlin",
			Doc: "Time zone of days and hours, of the days of warmup, and of {{date}} in id. Default: this machine's."},
		{Name: "zone_column", Read: schema.Line(&s.ZoneColumn), Example: "timezone", Off: true,
			Doc: "Column of the list with each recipient's own zone. Where the cell is empty, zone holds."},
		{Name: "not_after", Read: schema.Line(&s.notAfter), Example: "2026-12-24 18:00", Off: true,
			Doc: "Nothing goes after this moment, in zone."},
	}
}

// checkCourtesy holds the rules that need more than one key, and reads the values that need more than one.
func (d *Definition) checkCourtesy(dec *schema.Decoder) {
	l := &d.Limits.Courtesy
	if n := dec.Given("limits.hold"); n != nil && dec.Given("limits.waves") == nil {
		dec.Report(n, "useless-key", "a hold without waves", "add waves: [20, 200, rest], or remove the line")
	}
	if n := dec.Given("limits.stop_loss"); n != nil && !l.StopLoss.Shares() && !dec.Failed("limits.stop_loss") &&
		(!l.StopLoss.Rows() || dec.Given("limits.stop_loss.after") != nil) {
		dec.Report(n, "missing-key", "stop_loss without a share to stop at", "add refused: 5%")
	}
	s := &d.Schedule
	var err error
	if s.Hours, err = courtesy.ParseHours(texts(s.days), texts(s.hours)); err != nil {
		d.badHours(dec)
	}
	place := s.Location()
	if n := dec.Given("schedule.not_after"); n != nil && s.notAfter.Given() {
		if s.NotAfter, err = moment(s.notAfter.Text, place); err != nil {
			text := fmt.Sprintf("%q is not a day and a time", schema.Clip(s.notAfter.Text))
			dec.Report(n, "bad-value", text, "for example 2026-12-24 18:00")
		}
	}
	for _, name := range []string{"zone", "zone_column"} {
		used := name == "zone" && (s.notAfter.Given() || len(l.Warmup) > 0 || d.IDTemplate() != "")
		if n := dec.Given("schedule." + name); n != nil && s.Hours.Always() && !dec.Failed("schedule") && !used {
			text := fmt.Sprintf("%q without days or hours", "schedule."+name)
			dec.Report(n, "useless-key", text, "add hours: [09:00-17:00], or remove the line")
		}
	}
}

// badHours reports each day and each hour that cannot be read, at its own place.
func (d *Definition) badHours(dec *schema.Decoder) {
	one := func(t Text, days, hours []string) {
		if _, err := courtesy.ParseHours(days, hours); err != nil {
			text, hint, _ := strings.Cut(err.Error(), "; ")
			dec.ReportAt(t.Line, t.Column, "bad-value", text, hint)
		}
	}
	for _, t := range d.Schedule.days {
		one(t, []string{t.Text}, nil)
	}
	for _, t := range d.Schedule.hours {
		one(t, nil, []string{t.Text})
	}
}

// moment reads a day with a time, or a day to its end, in the zone of a place.
func moment(s string, place *time.Location) (time.Time, error) {
	if day, err := time.ParseInLocation(time.DateOnly, s, place); err == nil {
		return courtesy.Midnight(day), nil
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t, nil
	}
	return time.ParseInLocation("2006-01-02 15:04", s, place)
}

func texts(ts []Text) []string {
	var s []string
	for _, t := range ts {
		s = append(s, t.Text)
	}
	return s
}

// words reads a list of short texts.
func words(into *[]Text) schema.Reader {
	return func(dec *schema.Decoder, n *yaml.Node) {
		dec.List(n, func(n *yaml.Node) {
			schema.OneLine(func(_ *schema.Decoder, _ *yaml.Node, t Text) { *into = append(*into, t) })(dec, n)
		})
	}
}

// mostMessages bounds the numbers of messages that a campaign file gives.
const mostMessages = 1_000_000_000

// count reads a number of messages, at least one.
func count(into *int64) schema.Reader {
	return func(dec *schema.Decoder, n *yaml.Node) {
		var v int
		if schema.Number(&v, 1, mostMessages)(dec, n); v > 0 {
			*into = int64(v)
		}
	}
}

func counts(dec *schema.Decoder, n *yaml.Node, into *[]int64) {
	dec.List(n, func(n *yaml.Node) {
		var v int64
		if count(&v)(dec, n); v > 0 {
			*into = append(*into, v)
		}
	})
}

func warmup(into *courtesy.Warmup) schema.Reader {
	return func(dec *schema.Decoder, n *yaml.Node) { counts(dec, n, (*[]int64)(into)) }
}

// waves reads numbers of messages, and the word rest at the end.
func waves(into *[]int64) schema.Reader {
	return func(dec *schema.Decoder, n *yaml.Node) {
		if !dec.Plain(n) {
			return
		}
		const hint = "for example [20, 200, rest]"
		if n.Kind != yaml.SequenceNode || len(n.Content) < 2 {
			dec.Bad(n, fmt.Sprintf("%q must be a list of numbers that ends with rest", dec.Name()), hint)
			return
		}
		last := n.Content[len(n.Content)-1]
		if last.Kind != yaml.ScalarNode || last.Value != "rest" {
			dec.Bad(last, "the last wave must be rest", hint)
			return
		}
		sizes := *n
		sizes.Content = n.Content[:len(n.Content)-1]
		counts(dec, &sizes, into)
	}
}

var percentPattern = regexp.MustCompile(`^[0-9]{1,3}(\.[0-9]{1,3})?\s?%$`)

// percentage reads 5% as 0.05.
func percentage(into *float64) schema.Reader {
	return schema.OneLine(func(dec *schema.Decoder, n *yaml.Node, t Text) {
		v, err := strconv.ParseFloat(strings.TrimRight(t.Text, "% "), 64)
		if err != nil || !percentPattern.MatchString(t.Text) || v <= 0 || v > 100 {
			dec.Bad(n, fmt.Sprintf("%q is not a percentage", schema.Clip(t.Text)),
				"above 0% and up to 100%, for example 5% or 0.5%")
			return
		}
		*into = v / 100
	})
}

// zone reads the name of a time zone.
func zone(into **time.Location) schema.Reader {
	return schema.OneLine(func(dec *schema.Decoder, n *yaml.Node, t Text) {
		l, err := courtesy.Zone(t.Text)
		if err != nil {
			dec.Bad(n, err.Error(), "for example Europe/Berlin or UTC")
			return
		}
		*into = l
	})
}
