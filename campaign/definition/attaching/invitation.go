package attaching

import (
	"fmt"
	"time"

	"go.yaml.in/yaml/v4"

	"mailshot/campaign/definition/schema"
)

// Invitation is an event to which each message invites. Its texts are templates.
type Invitation struct {
	Start, End, Duration                schema.Text
	Summary, Location, Description, URL schema.Text
	Organizer                           schema.Text // not given = from
	Zone                                string      // of times without an offset (IANA); "" = they need one
	Event                               string      // what the event is known by over campaigns; "" = the campaign's id
	Sequence                            int         // grows with each change
	Cancel                              bool        // the event does not take place
}

// Given says whether there is one.
func (i Invitation) Given() bool { return i.Start.Given() }

// keys are those of ics.
func (i *Invitation) keys() []schema.Key {
	return []schema.Key{
		{Name: "start", Required: true, Read: schema.Line(&i.Start), Example: `"2026-12-01 10:00"`},
		{Name: "end", Read: schema.Line(&i.End)},
		{Name: "duration", Read: schema.Line(&i.Duration)},
		{Name: "zone", Read: zone(&i.Zone)},
		{Name: "summary", Required: true, Read: schema.Line(&i.Summary), Example: "Your appointment"},
		{Name: "location", Read: schema.Line(&i.Location)},
		{Name: "description", Read: schema.Line(&i.Description)},
		{Name: "url", Read: schema.Line(&i.URL)},
		{Name: "organizer", Read: schema.Line(&i.Organizer)},
		{Name: "event", Read: schema.String(&i.Event)},
		{Name: "sequence", Read: schema.Number(&i.Sequence, 0, 1_000_000)},
		{Name: "cancel", Read: schema.Truth(&i.Cancel)},
	}
}

// zone reads the name of a time zone.
func zone(into *string) schema.Reader {
	return schema.OneLine(func(dec *schema.Decoder, n *yaml.Node, t schema.Text) {
		if _, err := time.LoadLocation(t.Text); err != nil || t.Text == "Local" || schema.IsTemplate(t.Text) {
			dec.Bad(n, fmt.Sprintf("there is no time zone %q", schema.Clip(t.Text)), "for example Europe/Berlin or UTC")
			return
		}
		*into = t.Text
	})
}

// invitation holds the rules of an invitation.
func (c checking) invitation(f File) {
	n := c.given("ics")
	if n == nil {
		return
	}
	for _, key := range []string{"file", "pattern", "split", "template", "cid", "optional"} {
		c.refuse(key, key+" is for a file, and ics makes one", "remove the line")
	}
	i := f.ICS
	switch {
	case i.End.Given() && i.Duration.Given():
		c.dec.Report(c.given("ics.duration"), "useless-key", "end and duration are both given", "remove one")
	case !i.End.Given() && !i.Duration.Given() && i.Start.Given():
		c.dec.Report(n, "missing-key", "the event has neither an end nor a duration", "for example duration: 90m")
	}
	if i.Cancel && i.Sequence == 0 {
		c.dec.Report(c.given("ics.cancel"), "missing-key", "what cancels an event has a higher sequence than the invitation",
			"add sequence: 1, and the event: of the invitation")
	}
}
