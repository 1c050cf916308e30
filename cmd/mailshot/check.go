package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mailshot/campaign"
	"mailshot/campaign/check"
	"mailshot/campaign/check/export"
	"mailshot/campaign/definition"
	"mailshot/campaign/filters"
	"mailshot/campaign/ledger"
	"mailshot/campaign/links"
	"mailshot/campaign/transport"
	"mailshot/cmd/mailshot/filtering"
	"mailshot/cmd/mailshot/human"
	"mailshot/cmd/mailshot/linking"
	"mailshot/cmd/mailshot/probing"
	"mailshot/internal/disk"
	"mailshot/internal/shell"
)

func (t *tool) checkCommand() *cobra.Command {
	var f checkFlags
	cmd := &cobra.Command{
		Use:   "check [CAMPAIGN]",
		Short: "Read, render and check everything; nothing is sent",
		Long: `check makes every message as send would, checks it, and says what it found: errors stop a send,
warnings do not. It keeps nothing of the campaign; files that it made and texts that it read stay in
.mailshot for the next time. It uses no network, unless --dns asks the DNS, once for each
domain of the list, whether it accepts mail, and what it has of the sender's, or --links asks the
servers of the links and images whether they are there, each once and at most a hundred. --spam
shows twenty of the messages to a spam filter that is installed here: SpamAssassin or rspamd.
Exit code 0: no errors, 2: mistakes in the campaign file, 3: errors.`,
		Example: `  mailshot check campaign.yaml
  mailshot check --dns --json campaign.yaml
  mailshot check --spam campaign.yaml
  mailshot check --sarif findings.sarif --annotate github campaign.yaml`,
		Args: args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error { return t.check(cmd, args, f) },
	}
	fs := cmd.Flags()
	idFlag(cmd, &f.id, false, "check as this campaign `ID` instead of the file's")
	newDay(cmd, &f.fresh)
	givenFlags(cmd, &f.given)
	fs.BoolVar(&f.json, "json", false, "print the report as JSON")
	fs.BoolVar(&f.links, "links", false, "ask the servers of the links whether they lead somewhere")
	fs.BoolVar(&f.dns, "dns", false, "ask the DNS whether the domains of the list accept mail")
	fs.StringVar(&f.spam, "spam", "", "show twenty messages to a spam `FILTER` of this machine: "+
		strings.Join(filters.Names(), ", ")+" (default the first that is here)")
	fs.Lookup("spam").NoOptDefVal = "auto"
	fs.BoolVar(&f.notes, "notes", false, "print each note; else many notes are one line")
	fs.StringVar(&f.sarif, "sarif", "", "also write the findings to this `FILE` as SARIF 2.1.0, for code scanning")
	fs.StringVar(&f.annotate, "annotate", "", "print the findings as annotations for this `SYSTEM`: github")
	fs.StringVar(&f.resolver, "resolver", "",
		"with --dns and --links: ask the DNS server at this `HOST:PORT` (default the system's)")
	return cmd
}

// checkFlags are the flags of check.
type checkFlags struct {
	id, resolver string
	json, dns    bool
	notes, links bool
	spam         string // a filter, or auto
	sarif        string // a file for the findings
	annotate     string // "github"
	fresh        bool   // --new
	given        definition.Flags
}

// wrong says which flags do not go together. again is the command without them.
func (f checkFlags) wrong(name, again string) error {
	if f.resolver != "" && !f.dns && !f.links {
		return usage(errors.New("--resolver goes with --dns or --links"),
			"mailshot check --dns --resolver "+shell.Quote(f.resolver)+" "+shell.Quote(name))
	}
	if f.sarif == "-" {
		return usage(errors.New("--sarif takes the name of a file, not -"),
			again+" --sarif findings.sarif")
	}
	if f.annotate != "" && f.annotate != "github" || f.annotate != "" && f.json {
		return usage(errors.New("--annotate is github, and does not go with --json"), again+" --annotate github")
	}
	return nil
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
	again := "mailshot check " + shell.Quote(name)
	if err := f.wrong(name, again); err != nil {
		return err
	}
	t.given, f.given.Stdin = givenWords(f.given), t.stdin
	d, err := definition.LoadWith(name, f.given)
	if err != nil {
		if isMissing(err, name) {
			return missing(cmd, name)
		}
		r := &check.Report{Campaign: f.id, Counts: map[string]int64{}, Findings: check.From(err)}
		if err := t.printReport(r, name, f); err != nil {
			return err
		}
		return &exit{exitUsage, fmt.Errorf("%s in %s", human.Plural(int64(len(r.Findings)), "mistake"), name),
			"fix it, then " + again}
	}
	if err := mayBeNew(cmd, d, f.id, f.fresh); err != nil {
		return err
	}
	filter, err := f.filter(d)
	if err != nil {
		return err
	}
	defer func() { _ = filter.Close() }() // what is left is in the system's folder for such files
	ctx, _, stop := interrupts(cmd.Context())
	defer stop()
	start := time.Now()
	o := t.options(d, f.id)
	o.DNS, o.Network, o.New = f.dns, network(f.resolver), f.fresh
	r, err := t.checked(ctx, o)
	if err != nil {
		return t.refuse(err, d.Path)
	}
	if f.links {
		err = t.linked(ctx, r, o, f.resolver)
	}
	if filter != nil && err == nil {
		err = t.filtered(ctx, r, o, filter)
	}
	if e := t.printReport(r, d.Path, f); e != nil {
		return e
	}
	if err != nil { // the links or the filter could not be asked: what the check found is said all the same
		return t.refuse(err, d.Path)
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

// linked adds what is wrong with the links of the messages.
func (t *tool) linked(ctx context.Context, r *check.Report, o campaign.Options, at string) (err error) {
	c, err := campaign.Open(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	found, err := linking.Check(ctx, c, o.Definition, links.Config{Resolver: probing.Resolver(at)})
	r.Findings = append(r.Findings, check.Judged(o.Definition.Check, found)...)
	return err
}

// filter finds the filter that was asked for; nil if none was.
func (f checkFlags) filter(d *definition.Definition) (*filters.Filter, error) {
	if (f.links || f.spam != "") && d.Recipients.File == "-" {
		return nil, usage(errors.New("--links (and --spam) reads the list a second time, and this one comes from standard input"),
			"write the list to a file first")
	}
	if f.spam == "" {
		return nil, nil
	}
	filter, err := filters.Find(f.spam, nil)
	if missing := (*filters.MissingError)(nil); errors.As(err, &missing) {
		return nil, usage(err, "apt-get install "+missing.Package)
	}
	if err != nil {
		return nil, usage(err, "mailshot check --spam")
	}
	return filter, nil
}

// filtered adds what a spam filter holds against some of the messages.
func (t *tool) filtered(ctx context.Context, r *check.Report, o campaign.Options, f *filters.Filter) (err error) {
	c, err := campaign.Open(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	found, err := filtering.Check(ctx, c, o.Definition, f, r.Findings)
	r.Findings = append(r.Findings, check.Judged(o.Definition.Check, found)...)
	return err
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

// printReport prints a report about the campaign file at path on standard output, in the form that the flags say.
func (t *tool) printReport(r *check.Report, path string, f checkFlags) error {
	from := export.From{Campaign: path, Version: version()}
	if f.sarif != "" {
		write := func(w io.Writer) error { return export.SARIF(w, from, r.Findings) }
		if err := disk.Replace(f.sarif, write); err != nil {
			return err
		}
	}
	r.AllNotes = f.notes
	switch {
	case f.annotate != "":
		return export.GitHub(t.stdout, from, r.Findings)
	case f.json:
		return r.WriteJSON(t.stdout)
	}
	return r.WriteText(t.stdout)
}
