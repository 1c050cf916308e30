package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"mailshot/campaign/accounts"
	"mailshot/campaign/check"
	"mailshot/campaign/definition"
	given "mailshot/campaign/definition/returns"
	"mailshot/cmd/mailshot/collecting"
	"mailshot/cmd/mailshot/human"
	"mailshot/internal/shell"
)

// collectFlags are the flags of collect.
type collectFlags struct {
	read           []string
	explain, since string
	watch, json    bool
}

func (t *tool) collectCommand() *cobra.Command {
	var f collectFlags
	cmd := &cobra.Command{
		Use:   "collect [CAMPAIGN...]",
		Short: "Read what came back: bounces, complaints, answers, unsubscribes",
		Long: `collect reads the mailboxes that returns: names in the campaign files, or in the file config.yaml of
mailshot for all campaigns, and says what each message means for whom: bounced, complained, away until a day, answered,
wants no more mail. It records that in the ledgers of the user's campaigns. It changes nothing in a mailbox.

Who is taken off the lists was proven to be the one: the message names the row by a token that nobody else can make, its
report names the row's person, and the mailbox is gone; or it is the person's complaint. What is known by the Message-ID
alone is marked, and suppresses nobody. What a person wrote is listed for a person to decide.

With --explain it says what it makes of messages, one JSON a message, and touches nothing.`,
		Example: `  mailshot collect
  mailshot collect --watch campaign.yaml
  mailshot collect --read bounces.mbox
  mailshot collect --explain bounces/ | jq .kind`,
		RunE: func(cmd *cobra.Command, args []string) error { return f.tried(t.collect(cmd, args, f)) },
	}
	fs := cmd.Flags()
	fs.StringArrayVar(&f.read, "read", nil,
		"read this `FILE` or folder of messages in place of the mailboxes: mbox, Maildir, .eml, a provider's events; - is\nstandard input; may be given more than once")
	fs.StringVar(&f.explain, "explain", "", "say what is made of this `FILE` or folder, or of standard input (-); nothing is recorded")
	fs.StringVar(&f.since, "since", "", "leave alone what came before this `DAY`, as 2026-11-30")
	fs.BoolVar(&f.watch, "watch", false, "go on until an interrupt")
	fs.BoolVar(&f.json, "json", false, "print as JSON")
	cmd.AddCommand(t.serveCommand())
	return cmd
}

// tried makes each error one after which a mail server that gives a message on standard input keeps it, and tries again
// (EX_TEMPFAIL of sysexits.h): with any other code it would return the message to whom it is from.
func (f collectFlags) tried(err error) error {
	if err == nil || !slices.Contains(f.read, "-") {
		return err
	}
	next := "mailshot collect"
	if e := (*exit)(nil); errors.As(err, &e) && e.err != nil {
		err, next = e.err, e.next
	}
	return &exit{exitWorkLeft, err, next}
}

func (t *tool) collect(cmd *cobra.Command, args []string, f collectFlags) error {
	switch {
	case f.explain != "" && (len(f.read) > 0 || f.watch):
		return usage(errors.New("--explain reads what it names, and records nothing"), "mailshot collect --explain FILE")
	case len(f.read) > 0 && f.watch:
		return usage(errors.New("--watch is for mailboxes, and --read is for files"), "mailshot collect --watch")
	}
	var since time.Time
	if f.since != "" {
		var err error
		if since, err = time.ParseInLocation(time.DateOnly, f.since, time.Local); err != nil {
			return usage(fmt.Errorf("--since %s is not a day", shell.Quote(f.since)), "mailshot collect --since 2026-11-30")
		}
	}
	var all []*definition.Definition
	for _, name := range args {
		d, err := t.load(cmd, []string{name})
		if err != nil {
			return err
		}
		all = append(all, d)
	}
	with := t.withAccounts
	if f.explain != "" {
		with = t.withAccountsAsTheyAre
	}
	file, err := t.accountsFile()
	if err != nil {
		return err
	}
	j := collecting.Job{File: file, Campaigns: all, Here: path(nil), Base: t.mailboxes, Read: f.read, Since: since,
		Watch: f.watch, Stdin: t.stdin, Say: t.say}
	for _, d := range all {
		j.Ledgers = append(j.Ledgers, t.stateFile(d))
	}
	if t.state != "" {
		j.Ledgers = append(j.Ledgers, t.state)
	}
	return with(func(a *accounts.Accounts) error {
		j.Accounts = a
		if f.explain != "" {
			j.Print = func(v any) error { return writeLine(t.stdout, v) }
			return collectError(j.Explain(cmd.Context(), f.explain))
		}
		if f.json {
			j.Print = func(v any) error { return writeJSON(t.stdout, v) }
		}
		return t.runCollect(cmd.Context(), &j)
	})
}

// runCollect reads what came back and records it.
func (t *tool) runCollect(ctx context.Context, j *collecting.Job) error {
	ctx, _, stop := interrupts(ctx)
	defer stop()
	decide, err := j.Run(ctx)
	err = collectError(err)
	switch e := (*exit)(nil); {
	case errors.As(err, &e):
		return err
	case err != nil:
		return &exit{exitFailed, err, "mailshot collect"}
	case decide:
		t.hint("mailshot why ADDRESS")
	}
	return nil
}

// collectError is an error of collecting, with its exit code where it has one.
func collectError(err error) error {
	if u := (*collecting.Usage)(nil); errors.As(err, &u) {
		return usage(u.Err, u.Next)
	}
	return err
}

// mailboxes are those of config.yaml.
func (t *tool) mailboxes() (given.Returns, error) {
	base, err := given.Load("")
	if err != nil {
		fs := check.From(err)
		t.findings(fs)
		err = &exit{exitUsage, fmt.Errorf("%s in config.yaml", human.Plural(int64(len(fs)), "mistake")), "mailshot collect"}
	}
	return base, err
}

// withAccountsAsTheyAre is withAccounts for who changes nothing: where there are no accounts, none are left behind.
func (t *tool) withAccountsAsTheyAre(work func(*accounts.Accounts) error) error {
	file, err := t.accountsFile()
	if err != nil {
		return err
	}
	if _, err := os.Stat(file); !errors.Is(err, fs.ErrNotExist) {
		return t.withAccounts(work)
	}
	dir, err := os.MkdirTemp("", "mailshot-")
	if err != nil {
		return err
	}
	a, err := accounts.Open(filepath.Join(dir, "accounts.db"))
	if err == nil {
		err = errors.Join(work(a), a.Close())
	}
	return errors.Join(err, os.RemoveAll(dir))
}

// serveCommand is collect serve.
func (t *tool) serveCommand() *cobra.Command {
	return collecting.Command(collecting.Host{
		Stdout: t.stdout, Say: t.say, Interrupts: interrupts, Usage: usage,
		Spool: func() (string, error) {
			file, err := t.accountsFile()
			return collecting.Webhooks(file), err
		},
	})
}
