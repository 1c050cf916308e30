package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"mailshot/campaign/accounts"
	"mailshot/campaign/artifacts"
	"mailshot/campaign/belonging"
	"mailshot/campaign/definition"
	"mailshot/campaign/ledger"
	"mailshot/campaign/remains"
	"mailshot/campaign/repeats"
	"mailshot/campaign/report"
	"mailshot/campaign/runlog"
	"mailshot/campaign/suppression"
	"mailshot/cmd/mailshot/human"
	"mailshot/internal/disk"
	"mailshot/internal/shell"
)

func (t *tool) forgetCommand() *cobra.Command {
	var o forgetFlags
	cmd := &cobra.Command{
		Use:   "forget ADDRESS [CAMPAIGN]",
		Short: "Erase a person's data, and never mail them again",
		Long: `forget erases a person from all campaigns in the ledger beside the campaign file: their address, key
and fields, the server's words about them, and those of what came back. It cannot be undone. The states and their sums stay,
with the times and codes of attempts. A message that was still to be sent is suppressed. The
suppression list keeps a keyed hash in place of the address, so that none of your campaigns mails
them again; suppress remove ADDRESS lifts it.

forget looks into all files beside the campaign, its ledger and the accounts, and names those that
still have the address. What mailshot made it offers to remove: copies of the ledger that a repair
kept (state.db.damaged-...) or somebody made (state.db.bak), messages of send --to-sink, and what
commands that were killed left. --copies removes these files without a question, and with what is in
them of others. The list, the archive, results, logs and other ledgers are your own: forget only names
them, and the logs of send --log wherever they are. It does not see encoded text (a workbook, base64).`,
		Args: args(cobra.RangeArgs(1, 2)),
		RunE: func(cmd *cobra.Command, args []string) error { return t.forget(cmd, args, o) },
	}
	cmd.Flags().BoolVarP(&o.yes, "yes", "y", false, "do not ask; copies stay unless --copies is given")
	cmd.Flags().BoolVar(&o.copies, "copies", false, "remove the files of mailshot that still have the address")
	return cmd
}

// forgetFlags are the flags of forget.
type forgetFlags struct{ yes, copies bool }

// as is a command of forget with --copies, if that was given.
func (o forgetFlags) as(command string) string {
	if o.copies {
		return strings.Replace(command, "--yes", "--copies --yes", 1)
	}
	return command
}

func (t *tool) forget(cmd *cobra.Command, args []string, o forgetFlags) (err error) {
	ctx := cmd.Context()
	key, err := suppression.Key(strings.TrimSpace(args[0]))
	if err != nil || strings.HasPrefix(key, "@") {
		return usage(errors.Join(errors.New("forget takes the address of one person"), err),
			"mailshot forget ann@example.com CAMPAIGN")
	}
	d, err := t.load(cmd, args[1:])
	if err != nil {
		return err
	}
	again := "mailshot forget --yes " + strings.Join(append(t.flags(), shell.Quote(args[0]), shell.Quote(d.Path)), " ")
	question := fmt.Sprintf("type yes to erase %s for good: ", report.Clean(key))
	if err := t.certain(ctx, question, o.yes, o.as(again)); err != nil {
		return err
	}
	var f *ledger.Forgotten
	file := t.stateFile(d)
	locked := (*ledger.LockedError)(nil)
	err = t.withAccounts(func(a *accounts.Accounts) (err error) {
		fresh, err := a.Hide(ctx, key)
		if err != nil {
			return err
		}
		// What a run that died has in its ledger comes to where the person is forgotten. The rest is left out later.
		_, _ = repeats.TakeOver(ctx, a, t.now(), nil)
		if f, err = forgetRows(ctx, file, a, key); f != nil {
			return errors.Join(err, a.Forget(ctx, key))
		}
		if fresh && errors.As(err, &locked) { // nothing was erased
			err = errors.Join(err, a.Unhide(ctx, key))
		}
		return err
	})
	if errors.As(err, &locked) {
		status := append(append([]string{"mailshot status"}, t.flags()...), "--id "+shell.Quote(locked.ID),
			shell.Quote(d.Path))
		return &exit{exitFailed, fmt.Errorf("%w; stop it with an interrupt first; nothing was erased", err),
			strings.Join(status, " ")}
	}
	if err != nil {
		return err
	}
	if f.Rows == 0 {
		t.say("no row in %s has that address", file)
	} else {
		t.say("erased %s of %s; %s still to be sent", human.Plural(f.Rows, "row"),
			report.Clean(strings.Join(f.Campaigns, ", ")), human.Plural(f.Stopped, "was", "were"))
		t.say("kept: the states, so that they still add up, and the times and codes of attempts")
	}
	t.say("kept: a keyed hash, so that none of your campaigns mails them (mailshot suppress remove %s lifts it)",
		report.Clean(args[0]))
	for _, place := range f.Mentions {
		t.say("the address is also in a field of another person: %s", report.Clean(place))
	}
	return t.lookBeside(ctx, d, append([]string{key, strings.TrimSpace(args[0])}, f.Keys...), o,
		forgetFlags{copies: true}.as(again))
}

// lookBeside looks for a person who was forgotten in the files beside the campaign, its ledger and the accounts.
func (t *tool) lookBeside(ctx context.Context, d *definition.Definition, names []string, o forgetFlags,
	again string) (err error) {
	shared, err := t.accountsFile()
	if err != nil {
		return err
	}
	if n, err := artifacts.Forget(d.Home(), names); err != nil {
		return err
	} else if n > 0 {
		t.say("removed %s made for the person from %s", human.Plural(int64(n), "file"), artifacts.Folder(d.Home()))
	}
	if removed, err := belonging.Forget(d.Home()); err != nil {
		return err
	} else if removed {
		t.say("removed what was read of all attachments from %s", belonging.Folder(d.Home()))
	}
	left, removed, err := remains.Find(ctx, remains.Config{
		Dir: d.Dir, Home: d.Home(), State: t.stateFile(d), Accounts: shared, Names: names,
	})
	for _, path := range removed {
		t.say("removed what a command that was killed left: %s", report.Clean(path))
	}
	if err != nil {
		return fmt.Errorf("look into the files beside the campaign: %w", err)
	}
	for _, log := range runlog.Known(filepath.Dir(t.stateFile(d))) {
		known := slices.ContainsFunc(left, func(f remains.File) bool { return disk.SameFile(f.Path, log) })
		if !known && runlog.Mentions(log, names) {
			left = append(left, remains.File{Path: log})
		}
	}
	return t.forgetCopies(ctx, left, o, again)
}

// forgetCopies names the files in which the person is left. It removes those that mailshot made, if it may.
func (t *tool) forgetCopies(ctx context.Context, left []remains.File, o forgetFlags, again string) error {
	var ours []remains.File
	for _, f := range left {
		path := report.Clean(f.Path)
		switch {
		case !f.Ours:
			t.say("not erased, because it is your own file: %s", path)
			continue
		case f.InUse:
			t.say("still there, and in use by a running command; forget again when that has ended: %s", path)
			continue
		case f.Unsure:
			t.say("may still be there, in a copy that cannot be read whole: %s", path)
		default:
			t.say("still there, in a file that mailshot made or a copy of one: %s", path)
		}
		ours = append(ours, f)
	}
	if len(ours) == 0 {
		return nil
	}
	them := human.Plural(int64(len(ours)), "file")
	switch {
	case o.copies:
	case o.yes || !isTerminal(t.stdin):
		t.say("%s not removed; --copies removes what mailshot made, with all that is in it", them)
		t.hint(again)
		return nil
	default:
		fmt.Fprintf(t.stderr, "%s type yes to remove %s for good, with all that is in it: ",
			t.screen.dim("mailshot:"), them)
		if line, err := t.answer(ctx); err != nil || line != "yes" {
			t.say("%s not removed", them)
			t.hint(again)
			return err
		}
	}
	var errs []error
	for _, f := range ours {
		if err := f.Remove(); err != nil {
			errs = append(errs, err)
			continue
		}
		t.say("removed %s", report.Clean(f.Path))
	}
	return errors.Join(errs...)
}

// forgetRows erases a person from the rows of a ledger, if there is a ledger. It returns what was erased even if
// closing the ledger fails.
func forgetRows(ctx context.Context, file string, a *accounts.Accounts, key string) (f *ledger.Forgotten, err error) {
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		return &ledger.Forgotten{}, nil
	}
	l, err := ledger.Open(file)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	if l.KeyHash, err = a.KeyHash(ctx); err != nil {
		return nil, err
	}
	if f, err = l.Forget(ctx, key); err != nil {
		return nil, err
	}
	return f, nil
}
