package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mailshot/campaign"
	"mailshot/campaign/definition"
	"mailshot/campaign/report"
	"mailshot/cmd/mailshot/human"
	"mailshot/internal/costing"
	"mailshot/internal/shell"
	"mailshot/sender/limits"
)

// stretchesShown is how many lines of its table an estimate prints; --json has all.
const stretchesShown = 20

type estimateFlags struct {
	id, only string
	limit    int64
	json     bool
	fresh    bool // --new
	traffic  trafficFlags
	given    definition.Flags
}

func (t *tool) estimateCommand() *cobra.Command {
	var f estimateFlags
	cmd := &cobra.Command{
		Use:   "estimate [CAMPAIGN]",
		Short: "How many messages, how many bytes, and when they go; nothing is sent",
		Long: `estimate makes every message that a send would make now, and works out when each of them goes. It
follows the rules of a send: the caps, with what this and other campaigns have already used of them;
the waves with their holds; the days and hours of the schedule; and the steps of a new sender. It
uses no network and changes nothing. The time is that of send --wait, and the earliest one: a server
may be slower than its caps, and what it defers goes later.

With --traffic it says what that costs on the line: bytes and frames on each path that SMTP has, with
and without TLS, what encodings add, and what fetching the mails by POP3 and IMAP costs. With --line
it says how long that takes, and what binds: bandwidth, round trips or caps. A line is a rate and a
round trip (2mbit,600ms), or the rates up and down and a round trip (512kbit,2mbit,80ms), or one of
satellite, mobile, dsl and modem. ipv6 and mtu=1400 may stand beside them.`,
		Example: `  mailshot estimate campaign.yaml
  mailshot estimate --traffic campaign.yaml
  mailshot estimate --traffic --line satellite campaign.yaml
  mailshot estimate --traffic --line 512kbit,2mbit,80ms --json campaign.yaml`,
		Args: args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error { return t.estimate(cmd, args, f) },
	}
	fs := cmd.Flags()
	idFlag(cmd, &f.id, false, "as this campaign `ID` instead of the file's")
	newDay(cmd, &f.fresh)
	givenFlags(cmd, &f.given)
	fs.StringVar(&f.only, "only", "", "only the rows for which the `EXPRESSION` is true")
	fs.Int64Var(&f.limit, "limit", 0, "at most `N` messages")
	fs.BoolVar(&f.traffic.on, "traffic", false, "say what it costs on the line, too: bytes, frames, encodings")
	fs.StringVar(&f.traffic.line, "line", "", "with --traffic: how long it takes on this `LINE`, as 2mbit,600ms or satellite")
	fs.BoolVar(&f.json, "json", false, "print as JSON")
	return cmd
}

func (t *tool) estimate(cmd *cobra.Command, args []string, f estimateFlags) (err error) {
	d, err := t.loadGiven(cmd, args, f.given)
	if err != nil {
		return err
	}
	if f.limit < 0 {
		return usage(errors.New("--limit counts from 1"), "mailshot estimate --limit 100 "+shell.Quote(d.Path))
	}
	if err := f.traffic.check(cmd, d.Path); err != nil {
		return err
	}
	if err := mayBeNew(cmd, d, f.id, f.fresh); err != nil {
		return err
	}
	ctx, _, stop := interrupts(cmd.Context())
	defer stop()
	o := t.options(d, f.id)
	o.New = f.fresh
	c, err := campaign.Open(ctx, o)
	if err != nil {
		return t.refuse(err, d.Path)
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	asked := campaign.EstimateOptions{Only: f.only, Limit: f.limit}
	var counter *costing.Counter
	if f.traffic.on {
		counter = t.counter(d, c, f.traffic)
		asked.Weighed = counter.Add
	}
	e, err := c.Estimate(ctx, asked)
	if err != nil {
		return t.refuse(err, d.Path)
	}
	e.Start = e.Start.In(t.now().Location())
	return t.estimated(d, c.ID(), e, counter, f.json)
}

// estimated prints an estimate, with what counter has counted; nil: that was not asked for.
func (t *tool) estimated(d *definition.Definition, id string, e *campaign.Estimate, counter *costing.Counter,
	asJSON bool) error {
	var traffic *costing.Traffic
	if counter != nil {
		counted := counter.Traffic(capsTime(e))
		traffic = &counted
	}
	if asJSON {
		return writeJSON(t.stdout, estimateJSON(id, e, traffic))
	}
	for _, what := range e.Changed {
		t.say("no longer what was planned: %s", report.Clean(what))
	}
	if e.Unmade > 0 {
		t.say("%s cannot be made as planned, and would be held", human.Plural(e.Unmade, "message"))
	}
	if _, err := fmt.Fprintln(t.stdout, headline(e)); err != nil {
		return err
	}
	if err := t.estimateTable(e); err != nil {
		return err
	}
	if traffic != nil {
		if err := t.printTraffic(*traffic); err != nil {
			return err
		}
	}
	t.hint("mailshot send " + shell.Quote(d.Path))
	return nil
}

// headline is an estimate in one line: "2140 mails, 12.3 MB, 3 days, ends Thu 14:10".
func headline(e *campaign.Estimate) string {
	words := []string{human.Plural(e.Messages, "mail"), human.Size(e.Bytes) + " on the wire"}
	if e.Copies > 0 {
		words[0] += " with " + human.Plural(e.Copies, "copy", "copies")
	}
	switch {
	case e.Messages == 0:
		words = words[:1]
	case len(e.Caps) == 0 && e.Forecast.End.Equal(e.Start.Round(0)):
		words = append(words, "no caps: as fast as the server takes them")
	case e.Forecast.Left > 0:
		words = append(words, remainder(e.Forecast))
	case e.Forecast.End.Sub(e.Start) < time.Second:
		words = append(words, "no cap in the way")
	default:
		words = append(words, roughly(e.Forecast.End.Sub(e.Start)), "ends "+clock(e.Forecast.End, e.Start)+" "+human.Zone(e.Start))
	}
	return strings.Join(words, ", ")
}

// remainder says how many messages do not go, and why.
func remainder(f limits.Forecast) string {
	why := "not within ten years"
	if f.Stop != (limits.Hold{}) {
		why = "held back by " + f.Stop.String()
	}
	return fmt.Sprintf("%d of them %s", f.Left, why)
}

// roughly is a length of time for a person who plans with it: in one unit, rounded up.
func roughly(d time.Duration) string {
	up := func(unit time.Duration) int64 { return int64((d + unit - 1) / unit) }
	switch {
	case d > 36*time.Hour:
		return human.Plural(up(24*time.Hour), "day")
	case d > 90*time.Minute:
		return human.Plural(up(time.Hour), "hour")
	case d > 90*time.Second:
		return human.Plural(up(time.Minute), "minute")
	}
	return human.Plural(up(time.Second), "second")
}

// clock is a time as on a calendar: the hour alone on the day of now, with the day of the week within the next six
// days, else with the date.
func clock(at, now time.Time) string {
	at = at.In(now.Location())
	layout := "2 Jan 2006 15:04"
	switch {
	case at.Format(time.DateOnly) == now.Format(time.DateOnly):
		layout = "15:04"
	case at.Sub(now) < 6*24*time.Hour:
		layout = "Mon 15:04"
	}
	return at.Format(layout)
}

// estimateTable prints what has been used of the caps, and how many messages go when.
func (t *tool) estimateTable(e *campaign.Estimate) error {
	var used table
	for _, u := range e.Caps {
		name := limits.Hold{Lane: u.Lane, Cap: u.Cap}.String()
		switch {
		case u.Cap.Paced():
			used.add("cap "+name, "evenly spaced")
		case u.Used == 0:
			used.add("cap "+name, "unused")
		default:
			used.add("cap "+name, fmt.Sprintf("%d used, %d left now", u.Used, max(0, u.Cap.N-u.Used)))
		}
	}
	if err := used.write(t.stdout, "  ", 0); err != nil {
		return err
	}
	if len(e.Forecast.Stretches) == 0 || e.Forecast.End.Equal(e.Start.Round(0)) {
		return nil
	}
	var when table
	when.add("from", "to", "mails", "in all", "waits for", "goes by")
	total := int64(0)
	for i, s := range e.Forecast.Stretches {
		if i == stretchesShown {
			break
		}
		total += s.Messages
		when.add(clock(s.From, e.Start), clock(s.To, e.Start), fmt.Sprint(s.Messages), fmt.Sprint(total), dash(s.After),
			dash(s.Pace))
	}
	if _, err := fmt.Fprintln(t.stdout); err != nil {
		return err
	}
	if err := when.write(t.stdout, "  ", 0); err != nil {
		return err
	}
	if rest := len(e.Forecast.Stretches) - stretchesShown; rest > 0 {
		t.say("and %s more until %s (--json has all)", human.Plural(int64(rest), "line"), clock(e.Forecast.End, e.Start))
	}
	return nil
}

// dash is the name of a hold in a table, "-" for none.
func dash(h limits.Hold) string {
	if s := h.String(); s != "" {
		return s
	}
	return "-"
}

// estimated is an estimate in JSON.
type estimated struct {
	Campaign  string    `json:"campaign"`                // its id
	Rows      int64     `json:"rows"`                    // of the list
	Messages  int64     `json:"messages"`                // that are to be sent
	Copies    int64     `json:"copies,omitempty"`        // to those of cc and bcc
	Bytes     int64     `json:"bytes"`                   // of all messages
	Largest   int64     `json:"largest"`                 // bytes of the largest message
	Place     string    `json:"largest_place,omitempty"` // of the row that gets it
	Resumed   bool      `json:"resumed"`                 // the campaign was planned before
	Changed   []string  `json:"changed,omitempty"`       // what has changed since it was planned
	Unmade    int64     `json:"unmade"`                  // messages that cannot be made
	Start     time.Time `json:"start"`
	End       time.Time `json:"end"`
	Seconds   float64   `json:"seconds"`            // from start to end
	Left      int64     `json:"left"`               // messages that would not go
	LeftWhy   string    `json:"left_why,omitempty"` // why
	Caps      []capUse  `json:"caps"`               // which caps hold, and what is used of them
	Stretches []stretch `json:"stretches"`          // when how much goes
	// Traffic is what it costs on the line, with --traffic.
	Traffic *costing.Traffic `json:"traffic,omitempty"`
}

// capUse is a cap in JSON.
type capUse struct {
	Lane string `json:"lane,omitempty"` // the domain or the lane that it holds for; none: for all messages
	Cap  string `json:"cap"`            // as the campaign file writes it: 20/min
	Used int64  `json:"used"`           // of the present window
}

// stretch is a time in which messages go, in JSON.
type stretch struct {
	From     time.Time `json:"from"`
	To       time.Time `json:"to"`
	Messages int64     `json:"messages"`            // that go in it
	After    string    `json:"waits_for,omitempty"` // what it begins after
	Pace     string    `json:"goes_by,omitempty"`   // what keeps it from being faster
}

// estimateJSON is an estimate for scripts.
func estimateJSON(id string, e *campaign.Estimate, traffic *costing.Traffic) estimated {
	out := estimated{
		id, e.Rows, e.Messages, e.Copies, e.Bytes, e.Largest, e.Place, e.Resumed, e.Changed, e.Unmade, e.Start, e.Forecast.End,
		e.Forecast.End.Sub(e.Start.Round(0)).Seconds(), e.Forecast.Left, e.Forecast.Stop.String(), []capUse{},
		[]stretch{}, traffic,
	}
	for _, u := range e.Caps {
		out.Caps = append(out.Caps, capUse{u.Lane, u.Cap.String(), u.Used})
	}
	for _, s := range e.Forecast.Stretches {
		out.Stretches = append(out.Stretches, stretch{s.From, s.To, s.Messages, s.After.String(), s.Pace.String()})
	}
	return out
}
