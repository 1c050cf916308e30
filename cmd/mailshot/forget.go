package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mailshot/campaign"
	"mailshot/campaign/accounts"
	"mailshot/campaign/ledger"
	"mailshot/campaign/report"
)

func (t *tool) forgetCommand() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:   "forget ADDRESS [CAMPAIGN]",
		Short: "Erase a person's data, and never mail them again",
		Long: `forget erases a person from the ledger beside the campaign file, from all campaigns in it: their address, key and fields, and
the server's words about them. It cannot be undone. The states and their sums stay, with the times and codes of attempts; what
was still to be sent is suppressed. The user's list of people never to be mailed keeps a keyed hash in place of the address, so that
no campaign of yours mails them again; suppress remove ADDRESS lifts it.

The list, the archive and other ledgers are not touched: forget names the files beside the campaign in which the address stands.`,
		Args: args(cobra.RangeArgs(1, 2)),
		RunE: func(cmd *cobra.Command, args []string) error { return t.forget(cmd, args, yes) },
	}
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	return cmd
}

func (t *tool) forget(cmd *cobra.Command, args []string, yes bool) (err error) {
	ctx := cmd.Context()
	key, err := campaign.SuppressionKey(strings.TrimSpace(args[0]))
	if err != nil || strings.HasPrefix(key, "@") {
		return usage(errors.Join(errors.New("forget takes the address of one person"), err), "mailshot forget ann@example.com CAMPAIGN")
	}
	d, err := t.load(cmd, args[1:])
	if err != nil {
		return err
	}
	again := "mailshot forget --yes " + strings.Join(append(t.flags(), quoted(args[0]), quoted(d.Path)), " ")
	if err := t.certain(ctx, fmt.Sprintf("type yes to erase %s for good: ", report.Clean(key)), yes, again); err != nil {
		return err
	}
	f := &ledger.Forgotten{}
	file := t.stateFile(d)
	err = t.withAccounts(func(a *accounts.Accounts) (err error) {
		if _, err := os.Stat(file); err == nil {
			l, err := ledger.Open(file)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, l.Close()) }()
			if l.KeyHash, err = a.KeyHash(ctx); err != nil {
				return err
			}
			if f, err = l.Forget(ctx, key); err != nil {
				return err
			}
		}
		return a.Forget(ctx, key)
	})
	if locked := (*ledger.LockedError)(nil); errors.As(err, &locked) {
		status := append(append([]string{"mailshot status"}, t.flags()...), "--id "+quoted(locked.ID), quoted(d.Path))
		return &exit{exitFailed, fmt.Errorf("%w; stop it with an interrupt first; nothing was erased", err), strings.Join(status, " ")}
	}
	if err != nil {
		return err
	}
	if f.Rows == 0 {
		t.say("nobody of that address is in %s", file)
	} else {
		t.say("erased %s of %s; %s still to be sent", plural(f.Rows, "row"), report.Clean(strings.Join(f.Campaigns, ", ")), plural(f.Stopped, "was", "were"))
		t.say("kept: the states, so that they add up, and times and codes of attempts")
	}
	t.say("kept: a keyed hash, so that no campaign of yours mails them (mailshot suppress remove %s lifts it)", report.Clean(args[0]))
	for _, place := range f.Mentions {
		t.say("the address also stands in a field of somebody else: %s", report.Clean(place))
	}
	names := append([]string{key}, f.Keys...)
	for _, name := range standsIn(d.Dir, file, names) {
		t.say("not erased, for it is a file of yours: %s", report.Clean(name))
	}
	return nil
}

// certain asks for a yes before what cannot be undone.
func (t *tool) certain(ctx context.Context, question string, yes bool, again string) error {
	if yes {
		return nil
	}
	if !isTerminal(t.stdin) {
		return usage(errors.New("standard input is no terminal, so there is nobody to ask; nothing was changed (--yes says yes)"), again)
	}
	fmt.Fprintf(t.stderr, "%s %s", t.screen.dim("mailshot:"), question)
	line, err := t.answer(ctx)
	if err != nil {
		return err
	}
	if line != "yes" {
		return &exit{exitWorkLeft, errors.New("nothing was changed"), again}
	}
	return nil
}

// largest is the largest file that standsIn looks into.
const largest = 256 << 20

// standsIn lists the files below dir, the ledger's own aside, in whose name or text one of the names stands: lists, copies of messages,
// rehearsals. What is encoded otherwise (a workbook, base64) is not seen.
func standsIn(dir, state string, names []string) []string {
	var found []string
	_ = filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() || strings.HasPrefix(path, state) {
			return nil // what cannot be read cannot be told of
		}
		if info, err := e.Info(); err != nil || info.Size() > largest {
			return nil
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return nil
		}
		b = bytes.ToLower(b)
		for _, name := range names {
			if strings.Contains(name, "@") && (bytes.Contains(b, []byte(strings.ToLower(name))) || strings.Contains(strings.ToLower(e.Name()), strings.ToLower(name))) {
				found = append(found, path)
				return nil
			}
		}
		return nil
	})
	return found
}

func (t *tool) purgeCommand() *cobra.Command {
	var yes bool
	var older string
	cmd := &cobra.Command{
		Use:   "purge --older-than AGE [CAMPAIGN]",
		Short: "Erase the people of campaigns that ended long ago",
		Long: `purge erases the rows, deliveries and attempts of the campaigns in the ledger beside the campaign file that have ended: nothing of
them is pending, deferred or unknown, and nothing has happened to them since AGE (90d, 12w, 720h). How many there were in each state
stays, and that the campaign ended: a later send of the same id sends nothing. It cannot be undone.`,
		Example: "  mailshot purge --older-than 90d campaign.yaml",
		Args:    args(cobra.MaximumNArgs(1)),
		RunE:    func(cmd *cobra.Command, args []string) error { return t.purge(cmd, args, older, yes) },
	}
	cmd.Flags().StringVar(&older, "older-than", "", "only campaigns to which nothing has happened for this `AGE`")
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	return cmd
}

func (t *tool) purge(cmd *cobra.Command, args []string, older string, yes bool) (err error) {
	ctx := cmd.Context()
	since, err := age(older)
	if err != nil {
		return usage(fmt.Errorf("--older-than: %w", err), "mailshot purge --older-than 90d "+quoted(path(args)))
	}
	d, err := t.load(cmd, args)
	if err != nil {
		return err
	}
	file := t.stateFile(d)
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		t.say("there is no ledger %s, so there is nothing to purge", file)
		return nil
	}
	l, err := ledger.Open(file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	before := time.Now().Add(-since)
	list, err := l.Ended(ctx, before)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		t.say("no campaign in %s ended that long ago", file)
		return nil
	}
	var out table
	for _, e := range list {
		out.add(report.Clean(e.ID), plural(e.Rows, "row"), "ended "+e.Last.Local().Format(time.DateOnly))
	}
	if err := out.write(t.stdout, "", 0); err != nil {
		return err
	}
	again := "mailshot purge --yes --older-than " + quoted(older) + " " + strings.Join(append(t.flags(), quoted(d.Path)), " ")
	if err := t.certain(ctx, fmt.Sprintf("type yes to erase the people of %s for good: ", plural(int64(len(list)), "campaign")), yes, again); err != nil {
		return err
	}
	done, err := l.Purge(ctx, before)
	if locked := (*ledger.LockedError)(nil); errors.As(err, &locked) {
		return &exit{exitFailed, fmt.Errorf("%w; stop it with an interrupt first", err), again}
	}
	t.say("%s purged", plural(int64(len(done)), "campaign is", "campaigns are"))
	return err
}

// age reads a stretch of time such as 90d, 12w or 720h.
func age(text string) (time.Duration, error) {
	var n int
	var unit string
	if _, err := fmt.Sscanf(text, "%d%s", &n, &unit); err == nil && n > 0 && n < 100_000 {
		switch unit {
		case "d":
			return time.Duration(n) * 24 * time.Hour, nil
		case "w":
			return time.Duration(n) * 7 * 24 * time.Hour, nil
		}
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("%q is not an age such as 90d, 12w or 720h", text)
	}
	return d, nil
}
