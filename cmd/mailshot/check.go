package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"mailshot/campaign"
	"mailshot/campaign/check"
	"mailshot/campaign/definition"
	"mailshot/campaign/ledger"
	"mailshot/campaign/transport"
	"mailshot/cmd/mailshot/human"
	"mailshot/cmd/mailshot/probing"
	"mailshot/internal/shell"
)

func (t *tool) checkCommand() *cobra.Command {
	var f checkFlags
	cmd := &cobra.Command{
		Use:   "check [CAMPAIGN]",
		Short: "Read, render and check everything; nothing is sent",
		Long: `check makes every message as send would, checks it, and says what it found: errors stop a send,
warnings do not. It keeps nothing. It uses no network, unless --dns asks the DNS, once for each
domain of the list, whether it accepts mail.
Exit code 0: no errors, 2: mistakes in the campaign file, 3: errors.`,
		Example: `  mailshot check campaign.yaml
  mailshot check --dns --json campaign.yaml`,
		Args: args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error { return t.check(cmd, args, f) },
	}
	fs := cmd.Flags()
	idFlag(cmd, &f.id, false, "check as this campaign `ID` instead of the file's")
	newDay(cmd, &f.fresh)
	givenFlags(cmd, &f.given)
	fs.BoolVar(&f.json, "json", false, "print the report as JSON")
	fs.BoolVar(&f.dns, "dns", false, "ask the DNS whether the domains of the list accept mail")
	fs.StringVar(&f.resolver, "resolver", "",
		"with --dns: ask the DNS server at this `HOST:PORT` (default the system's)")
	return cmd
}

// checkFlags are the flags of check.
type checkFlags struct {
	id, resolver string
	json, dns    bool
	fresh        bool // --new
	given        definition.Flags
}

// network is the way to the DNS; "" is the system's.
func network(at string) transport.Network {
	if r := probing.Resolver(at); r != nil {
		return transport.Network{Resolver: r}
	}
	return transport.Network{}
}

func (t *tool) check(cmd *cobra.Command, args []string, f checkFlags) error {
	name := path(args)
	if f.resolver != "" && !f.dns {
		return usage(errors.New("--resolver goes with --dns"),
			"mailshot check --dns --resolver "+shell.Quote(f.resolver)+" "+shell.Quote(name))
	}
	again := "mailshot check " + shell.Quote(name)
	t.given, f.given.Stdin = givenWords(f.given), t.stdin
	d, err := definition.LoadWith(name, f.given)
	if err != nil {
		if isMissing(err, name) {
			return missing(cmd, name)
		}
		r := &check.Report{Campaign: f.id, Counts: map[string]int64{}, Findings: check.From(err)}
		if err := t.printReport(r, f.json); err != nil {
			return err
		}
		return &exit{exitUsage, fmt.Errorf("%s in %s", human.Plural(int64(len(r.Findings)), "mistake"), name),
			"fix it, then " + again}
	}
	if err := mayBeNew(cmd, d, f.id, f.fresh); err != nil {
		return err
	}
	ctx, _, stop := interrupts(cmd.Context())
	defer stop()
	start := time.Now()
	o := t.options(d, f.id)
	o.DNS, o.Network, o.New = f.dns, network(f.resolver), f.fresh
	r, err := t.checked(ctx, o)
	if err != nil {
		return t.refuse(err, d.Path)
	}
	if err := t.printReport(r, f.json); err != nil {
		return err
	}
	if n := r.Errors(); n > 0 {
		return &exit{exitFindings, errors.New(human.Plural(int64(n), "error")), "fix it, then " + again}
	}
	if r.Counts[string(ledger.Pending)] == 0 {
		t.say("no errors, but nobody gets a message; checked in %s", human.Duration(time.Since(start)))
		return nil
	}
	t.say("good to send; checked in %s", human.Duration(time.Since(start)))
	t.hint("mailshot preview " + shell.Quote(d.Path))
	return nil
}

// checked opens a campaign for a check and closes it. Faults of the list's header and of templates are findings too.
func (t *tool) checked(ctx context.Context, o campaign.Options) (r *check.Report, err error) {
	c, err := campaign.Open(ctx, o)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	defer sparing()()
	r, err = c.Check(ctx)
	if found := (*campaign.CheckError)(nil); errors.As(err, &found) {
		return found.Report, nil
	}
	return r, err
}

// printReport prints a report on standard output: as JSON, or as send shows findings to people.
func (t *tool) printReport(r *check.Report, asJSON bool) error {
	if asJSON {
		return r.WriteJSON(t.stdout)
	}
	return r.WriteText(t.stdout)
}
