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

	"github.com/spf13/cobra"

	"mailshot/campaign/accounts"
	"mailshot/campaign/ledger"
	"mailshot/campaign/report"
	"mailshot/campaign/suppression"
	"mailshot/cmd/mailshot/human"
	"mailshot/internal/shell"
)

func (t *tool) forgetCommand() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:   "forget ADDRESS [CAMPAIGN]",
		Short: "Erase a person's data, and never mail them again",
		Long: `forget erases a person from all campaigns in the ledger beside the campaign file: their address, key
and fields, and the server's words about them. It cannot be undone. The states and their sums stay,
with the times and codes of attempts. A message that was still to be sent is suppressed. The
suppression list keeps a keyed hash in place of the address, so that none of your campaigns mails
them again; suppress remove ADDRESS lifts it.

forget does not touch the list, the archive or other ledgers. It names the files beside the campaign
that have the address.`,
		Args: args(cobra.RangeArgs(1, 2)),
		RunE: func(cmd *cobra.Command, args []string) error { return t.forget(cmd, args, yes) },
	}
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	return cmd
}

func (t *tool) forget(cmd *cobra.Command, args []string, yes bool) (err error) {
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
	if err := t.certain(ctx, question, yes, again); err != nil {
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
	names := append([]string{key}, f.Keys...)
	for _, name := range mentions(d.Dir, file, names) {
		t.say("not erased, because it is your own file: %s", report.Clean(name))
	}
	return nil
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

// largest is the largest file that mentions looks into.
const largest = 256 << 20

// mentions lists the files below dir that have one of the names in their own name or in their text: lists, copies of
// messages, rehearsals. It leaves out the ledger's files, and does not see encoded text (a workbook, base64).
func mentions(dir, state string, names []string) []string {
	var found []string
	_ = filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() || strings.HasPrefix(path, state) {
			return nil // a file that cannot be read cannot be listed
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
			if strings.Contains(name, "@") &&
				(bytes.Contains(b, []byte(strings.ToLower(name))) ||
					strings.Contains(strings.ToLower(e.Name()), strings.ToLower(name))) {
				found = append(found, path)
				return nil
			}
		}
		return nil
	})
	return found
}
