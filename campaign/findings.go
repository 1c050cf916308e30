package campaign

import (
	"context"
	"slices"

	"mailshot/campaign/check"
	"mailshot/campaign/definition"
	"mailshot/campaign/readiness"
	"mailshot/campaign/transport"
)

// maxFindings bounds what is said of the DNS; the rest is counted.
const maxFindings = 1000

// asCheck makes a report of an error about the list's header or a template, as of any other finding.
func (c *Campaign) asCheck(err error) error {
	found := slices.Concat(c.lacks, check.From(err))
	return &CheckError{&check.Report{Campaign: c.id, Counts: map[string]int64{}, Findings: found}}
}

// lacking is what a send needs and does not have, as far as that is known before one. Only if ask is true servers are
// asked for tokens. A sink needs nothing.
func (c *Campaign) lacking(ctx context.Context, ask bool) []check.Finding {
	if c.opts.Sink != nil {
		return nil
	}
	if ask {
		c.tokens = map[*definition.Server]*transport.Tokens{}
	}
	return check.Judged(c.def.Check, readiness.Lacks(ctx, readiness.Config{
		Definition: c.def, Accounts: c.opts.Accounts, Now: c.now(), Rehearsal: c.opts.To != nil, Tokens: c.tokens,
	}))
}

// ready is the error about a plan with something left to send, and something that its run would lack.
func (c *Campaign) ready(plan *Plan) error {
	if plan.ToSend == 0 || len(c.lacks) == 0 {
		return nil
	}
	r := *plan.Report
	r.Findings = slices.Concat(c.lacks, r.Findings)
	return &CheckError{&r}
}
