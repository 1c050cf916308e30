package main

import (
	"fmt"
	"strings"
	"time"

	"mailshot/campaign"
	"mailshot/campaign/check"
	"mailshot/campaign/ledger"
	"mailshot/campaign/report"
	"mailshot/cmd/mailshot/human"
)

// showPlan says what a run would do.
func (t *tool) showPlan(id string, p *campaign.Plan) {
	if p.Report != nil {
		t.shown(onlyWarnings(p.Report))
	}
	b := &strings.Builder{}
	if p.Resumed {
		fmt.Fprintf(b, "campaign %s continues where it stopped\n", report.Clean(id))
	} else {
		fmt.Fprintf(b, "campaign %s\n", report.Clean(id))
	}
	for _, n := range p.Notes {
		fmt.Fprintf(b, "  %s\n", report.Clean(n))
	}
	fmt.Fprintf(b, "  %s: %s\n", human.Plural(p.Rows, "row"), t.countWords(p.Counts))
	if p.Multiple > 0 {
		fmt.Fprintf(b, "  %s more than one message\n", human.Plural(p.Multiple, "address gets", "addresses get"))
	}
	if p.ToSend == 0 {
		b.WriteString("  nothing to send\n")
		t.say("%s", b.String())
		return
	}
	t.samples(b, p)
	planServers(b, p, t.now())
	t.say("%s\n", b.String())
}

// samples writes the first messages of a plan: recipient, subject, size.
func (t *tool) samples(b *strings.Builder, p *campaign.Plan) {
	for i, s := range p.Samples {
		if i == 0 {
			fmt.Fprintf(b, "  from %s\n", report.Clean(s.From))
		}
		line := fmt.Sprintf("  to %s: %s (%s", report.Clean(s.To), t.screen.bold(report.Clean(s.Subject)), human.Size(s.Size))
		for _, a := range s.Attachments {
			line += ", " + report.Clean(a)
		}
		line += ")"
		if len(s.Copies) > 0 {
			line += ", copies to " + report.Clean(strings.Join(s.Copies, ", "))
		}
		fmt.Fprintln(b, line)
	}
	if more := p.ToSend - int64(len(p.Samples)); len(p.Samples) > 0 && more > 0 {
		fmt.Fprintf(b, "  and %d more\n", more)
	}
}

// planServers writes where the messages of a plan go, within which caps, and until when.
func planServers(b *strings.Builder, p *campaign.Plan, now time.Time) {
	within := func(connections int, caps []string) string {
		if len(caps) == 0 {
			return human.Plural(int64(connections), "connection") + ", no caps"
		}
		return human.Plural(int64(connections), "connection") + ", caps " + strings.Join(caps, ", ")
	}
	for _, s := range p.Servers {
		name := ""
		if !strings.HasPrefix(s.Server, s.Name) {
			name = report.Clean(s.Name) + ": "
		}
		fmt.Fprintf(b, "  server %s%s, weight %d, %s\n", name, report.Clean(s.Server), s.Weight,
			within(s.Connections, s.Caps))
	}
	if len(p.Servers) > 0 {
		fmt.Fprintf(b, "  together %s", within(p.Connections, p.Caps))
	} else {
		fmt.Fprintf(b, "  server %s, %s", report.Clean(p.Server), within(p.Connections, p.Caps))
	}
	if p.Ends.After(now) {
		fmt.Fprintf(b, "; it ends %s at the earliest", human.When(p.Ends, now))
	}
}

// onlyWarnings is a report without its errors, for a plan that went ahead.
func onlyWarnings(r *check.Report) *check.Report {
	w := *r
	w.Findings = nil
	for _, f := range r.Findings {
		if f.Severity != check.Error {
			w.Findings = append(w.Findings, f)
		}
	}
	return &w
}

// countWords names the states that have rows, in the order of the identity.
func (t *tool) countWords(counts map[string]int64) string {
	var words []string
	for _, s := range ledger.States() {
		if n := counts[string(s)]; n > 0 {
			words = append(words, t.screen.state(string(s), fmt.Sprintf("%d %s", n, s)))
		}
	}
	if len(words) == 0 {
		return "none"
	}
	return strings.Join(words, ", ")
}
