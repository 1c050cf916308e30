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
	"mailshot/campaign/history"
	"mailshot/campaign/report"
	"mailshot/campaign/returns"
	"mailshot/cmd/mailshot/collecting"
	"mailshot/cmd/mailshot/human"
	"mailshot/internal/disk"
	"mailshot/internal/inbox/returning"
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
	return with(func(a *accounts.Accounts) error {
		ledgers := func(ctx context.Context) ([]string, error) { return t.everyLedger(ctx, a, all) }
		if f.explain != "" {
			return t.explainReturns(cmd.Context(), a, ledgers, f.explain)
		}
		return t.collectNow(cmd, a, ledgers, all, since, f)
	})
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

// everyLedger are the ledgers of all campaigns of the user: a message that came back may be about any of them.
func (t *tool) everyLedger(ctx context.Context, a *accounts.Accounts, all []*definition.Definition) (files []string, err error) {
	sent, err := a.AllSendings(ctx)
	add := func(file string, needed bool) {
		if abs, err := filepath.Abs(file); err == nil {
			file = disk.Real(abs)
		}
		if _, err := os.Stat(file); err == nil || needed {
			files = append(files, file)
		}
	}
	for _, s := range sent {
		add(s.Ledger, true) // its disk may come back
	}
	for _, file := range history.Ledgers(".") {
		add(file, false)
	}
	for _, d := range all {
		add(t.stateFile(d), false)
	}
	if t.state != "" {
		add(t.state, false)
	}
	slices.Sort(files)
	return slices.Compact(files), err
}

// explainReturns says what is made of messages.
func (t *tool) explainReturns(ctx context.Context, a *accounts.Accounts,
	ledgers func(context.Context) ([]string, error), path string) (err error) {
	box, err := returning.Open(path, t.stdin, true)
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("there is no file or folder %s", shell.Quote(path))
	}
	if err != nil {
		return usage(err, "mailshot collect --explain FILE")
	}
	defer func() { err = errors.Join(err, box.Close()) }()
	files, err := ledgers(ctx)
	if err != nil {
		return err
	}
	desk, err := returns.Open(ctx, a, files)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, desk.Close()) }()
	for _, text := range desk.Elsewhere() {
		t.say("ledger: %s", report.Clean(text))
	}
	return returning.Explain(ctx, desk, box, path == "-", func(e returning.Explained) error { return writeLine(t.stdout, e) })
}

// collectNow reads the boxes and records what came back.
func (t *tool) collectNow(cmd *cobra.Command, a *accounts.Accounts, ledgers func(context.Context) ([]string, error),
	all []*definition.Definition, since time.Time, f collectFlags) error {
	ctx, _, stop := interrupts(cmd.Context())
	defer stop()
	cfg := returning.Config{Accounts: a, Ledgers: ledgers, Since: since, Watch: f.watch,
		Trouble: func(source string, err error) { t.say("%s: %v", report.Clean(source), err) }}
	for _, path := range f.read {
		if _, err := os.Stat(path); path != "-" && errors.Is(err, fs.ErrNotExist) {
			return usage(fmt.Errorf("there is no file or folder %s", shell.Quote(path)), "mailshot collect --read FILE")
		}
		s := returning.Opener(path, t.stdin)
		s.Soft = given.DefaultSoft
		cfg.Sources = append(cfg.Sources, s)
	}
	if len(cfg.Sources) == 0 {
		var err error
		if cfg.Sources, err = t.sources(all); err != nil {
			return err
		}
	}
	sum, err := returning.Run(ctx, cfg)
	if err == nil && len(sum.Failed) > 0 {
		err = errors.New("not all could be read")
	}
	if sum != nil {
		if f.json {
			err = errors.Join(err, writeJSON(t.stdout, sum))
		} else {
			for _, line := range collectedWords(sum) {
				t.say("%s", line)
			}
		}
	}
	if err != nil {
		return &exit{exitFailed, err, "mailshot collect"}
	}
	if len(sum.Decide) > 0 {
		t.hint("mailshot why ADDRESS")
	}
	return nil
}

// sources are the mailboxes of the campaigns that are named, else of config.yaml and of the campaign in this folder.
func (t *tool) sources(all []*definition.Definition) ([]returning.Source, error) {
	base, err := given.Load("")
	if err != nil {
		fs := check.From(err)
		t.findings(fs)
		return nil, &exit{exitUsage, fmt.Errorf("%s in config.yaml", human.Plural(int64(len(fs)), "mistake")), "mailshot collect"}
	}
	named := []returning.Named{{Returns: base}}
	if here := path(nil); len(all) == 0 {
		if d, err := definition.LoadWith(here, definition.Flags{NoList: true}); err == nil {
			all = append(all, d)
		}
	} else {
		named = nil
	}
	for _, d := range all {
		named = append(named, returning.Named{Returns: d.Returns.Over(base), Definition: d})
	}
	file, err := t.accountsFile()
	if err != nil {
		return nil, err
	}
	list, err := returning.Sources(named, file, webhooks(file))
	if err != nil {
		return nil, usage(err, "mailshot collect --help")
	}
	if len(list) == 0 {
		err := fmt.Errorf("nothing says where mail comes back: returns: is neither in a campaign file nor in %s "+
			"(write returns: [{ maildir: ~/Maildir }] or the like; docs/returns.md)", given.ConfigName())
		return nil, usage(err, "mailshot collect --read FILE")
	}
	return list, nil
}

// webhooks is the folder in which collect serve keeps what it takes, beside the accounts.
func webhooks(accounts string) string { return filepath.Join(filepath.Dir(accounts), "webhooks") }

// serveCommand is collect serve.
func (t *tool) serveCommand() *cobra.Command {
	return collecting.Command(collecting.Host{
		Stdout: t.stdout, Say: t.say, Interrupts: interrupts, Usage: usage,
		Spool: func() (string, error) {
			file, err := t.accountsFile()
			return webhooks(file), err
		},
	})
}
