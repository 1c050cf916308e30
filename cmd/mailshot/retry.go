package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"mailshot/campaign/accounts"
	"mailshot/campaign/leaving"
	"mailshot/campaign/ledger"
	"mailshot/campaign/suppression"
	"mailshot/cmd/mailshot/human"
	"mailshot/internal/shell"
)

// With retry, resolve and cancel a person changes what the ledger says. None of them sends anything. The ledger keeps
// who made each change, and when.

func (t *tool) retryCommand() *cobra.Command {
	var id string
	var in []string
	cmd := &cobra.Command{
		Use:   "retry CAMPAIGN [ADDRESS|@DOMAIN|KEY...]",
		Short: "Try again what was refused, given up, held or cancelled",
		Long: `retry makes rows pending again that ended as refused, gave_up, held or cancelled: all of them, those
in the states that --in names, or those of the addresses given. The next send takes them. retry
never touches what was sent, what bounced or was complained about, nor what is unknown (see resolve). Rows about which a person decided
(resolve, cancel, an accepted list that lacks them) are left out unless their addresses or keys are
given, or --in names cancelled. --in suppressed is for people who
were put on a suppression list by mistake and have been taken off it; a person who is still on one
is left out again.`,
		Example: `  mailshot retry campaign.yaml ann@example.com
  mailshot retry --in gave_up,held campaign.yaml`,
		Args: args(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error { return t.retry(cmd, args, id, in) },
	}
	idFlag(cmd, &id, true, "the campaign `ID` instead of the file's")
	cmd.Flags().StringSliceVar(&in, "in", nil, "only rows in these `STATES`, as gave_up,held")
	return cmd
}

func (t *tool) retry(cmd *cobra.Command, args []string, id string, in []string) (err error) {
	chosen, err := statesNamed(in, retryable(), "mailshot retry --in gave_up,held "+shell.Quote(args[0]))
	if err != nil {
		return err
	}
	s, err := t.stored(cmd, args[:1], id)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	f, err := choose(args[1:], chosen)
	if err != nil {
		return err
	}
	n, byHand, err := s.Ledger.Retry(cmd.Context(), s.ID, f)
	if err != nil {
		return t.busy(err, s)
	}
	if byHand > 0 {
		t.say("%s left out, because a person decided about %s; name the addresses or keys to retry them all the same",
			human.Plural(byHand, "row is", "rows are"), map[bool]string{true: "it", false: "them"}[byHand == 1])
	}
	if n == 0 {
		f.States = nil
		return t.nothingToRetry(cmd.Context(), s, f, chosen)
	}
	t.say("%s pending again", human.Plural(n, "row is", "rows are"))
	listed, example, err := t.listed(cmd.Context(), s, f)
	if err != nil {
		return err
	}
	if listed > 0 {
		t.say("%s on the suppression list, and the next send leaves them out; take them off first if that is wrong",
			human.Plural(listed, "of them is", "of them are"))
		t.hint("mailshot suppress list, or " + example)
	}
	t.hint("mailshot send " + s.again(t))
	return nil
}

// nothingToRetry says which states the chosen rows have, and what can be done about them.
func (t *tool) nothingToRetry(ctx context.Context, s *stored, f ledger.Filter, chosen []ledger.State) error {
	if !s.Kept.Purged.IsZero() {
		return &exit{exitFailed, errors.New("there is nothing to retry: the rows were erased by a purge"),
			"mailshot status " + s.again(t)}
	}
	n, err := s.Tally(ctx, f)
	if err != nil {
		return err
	}
	var words []string
	for _, state := range ledger.States() {
		if n[state] > 0 {
			words = append(words, fmt.Sprintf("%d %s", n[state], state))
		}
	}
	if words == nil {
		return &exit{exitFailed, errors.New("there is nothing to retry: no row has that address, domain or key"),
			"mailshot report " + s.again(t)}
	}
	e := &exit{exitFailed, fmt.Errorf("there is nothing to retry: %s", strings.Join(words, ", ")),
		"mailshot report " + s.again(t)}
	switch {
	case n[ledger.Unknown] > 0:
		e.next = "mailshot resolve " + s.again(t)
	case n[ledger.Pending]+n[ledger.Deferred] > 0:
		e.next = "mailshot send " + s.again(t)
	case n[ledger.Bounced]+n[ledger.Complained] > 0:
		e.next = "mailshot resolve --as sent " + s.again(t) + " ADDRESS, if the message did arrive and was wanted"
	case n[ledger.Suppressed] > 0 && !slices.Contains(chosen, ledger.Suppressed):
		e.next = "mailshot retry --in suppressed " + s.again(t) + ", if they have been taken off the suppression list"
	}
	return e
}

// listed counts the chosen rows that are pending now but on the suppression list. example is the command that takes one
// of them off the list.
func (t *tool) listed(ctx context.Context, s *stored, f ledger.Filter) (n int64, example string, err error) {
	err = t.withAccounts(func(a *accounts.Accounts) error {
		var first accounts.Entry
		var err error
		n, first, err = s.Suppressed(ctx, a, leaving.MailOf(s.def), f)
		example = "mailshot suppress remove "
		if first.Domain != "" {
			example += "--from " + shell.Quote(first.Domain) + " "
		}
		example += shell.Quote(first.Key)
		return err
	})
	return n, example, err
}

// retryable are the states of which a person may make a row pending again.
func retryable() []ledger.State {
	return []ledger.State{ledger.Refused, ledger.GaveUp, ledger.Held, ledger.Cancelled, ledger.Suppressed}
}

// choose makes a filter of what a person named: addresses, whole domains (@example.com) or keys, but not of several
// kinds.
func choose(names []string, in []ledger.State) (ledger.Filter, error) {
	f := ledger.Filter{States: in}
	var errs []error
	kinds := map[string]bool{}
	for _, n := range names {
		n = strings.TrimSpace(n)
		if !strings.Contains(n, "@") {
			f.Keys, kinds["keys"] = append(f.Keys, n), true
			continue
		}
		key, err := suppression.Key(n)
		if err == nil && strings.Contains(key, "*") {
			err = fmt.Errorf("%q: a * is not allowed here, only addresses, whole domains and keys", n)
		}
		if domain, ok := strings.CutPrefix(key, "@"); ok {
			f.Domains, kinds["domains"] = append(f.Domains, domain), true
		} else {
			f.Addresses, kinds["addresses"] = append(f.Addresses, key), true
		}
		errs = append(errs, err)
	}
	if len(kinds) > 1 {
		errs = append(errs, errors.New("name addresses, domains or keys, not several kinds at once"))
	}
	if err := errors.Join(errs...); err != nil {
		return f, usage(err, "mailshot --help")
	}
	return f, nil
}
