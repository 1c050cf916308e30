package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"mailshot/campaign"
	"mailshot/campaign/ledger"
	"mailshot/campaign/report"
)

// The three commands by which a person changes what the ledger says. None of them sends anything; each change is kept in the
// ledger with who made it and when.

func (t *tool) retryCommand() *cobra.Command {
	var id string
	var in []string
	cmd := &cobra.Command{
		Use:   "retry CAMPAIGN [ADDRESS|@DOMAIN|KEY...]",
		Short: "Take up again what was refused, given up, held or cancelled",
		Long: `retry makes rows pending again that ended as refused, gave_up, held or cancelled: all of them, those in the states that
--in names, or those of the addresses given. The next send takes them. It never touches what was sent, nor what is unknown
(that is for resolve).`,
		Example: `  mailshot retry campaign.yaml ann@example.com
  mailshot retry --in gave_up,held campaign.yaml`,
		Args: args(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error { return t.retry(cmd, args, id, in) },
	}
	cmd.Flags().StringVar(&id, "id", "", "the campaign `ID` instead of the file's")
	cmd.Flags().StringSliceVar(&in, "in", nil, "only rows in these `STATES`, as gave_up,held")
	return cmd
}

func (t *tool) retry(cmd *cobra.Command, args []string, id string, in []string) (err error) {
	chosen, err := statesNamed(in, retryable(), "mailshot retry --in gave_up,held "+quoted(args[0]))
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
	n, err := s.Retry(cmd.Context(), s.id, f)
	if err != nil {
		return t.busy(err, s)
	}
	if n == 0 {
		return &exit{exitFailed, errors.New("there is nothing to retry"), "mailshot report " + s.again(t)}
	}
	t.say("%s pending again", plural(n, "row is", "rows are"))
	t.hint("mailshot send " + s.again(t))
	return nil
}

func (t *tool) resolveCommand() *cobra.Command {
	var id, as string
	var all bool
	cmd := &cobra.Command{
		Use:   "resolve CAMPAIGN [--as sent|refused|resend {ADDRESS|@DOMAIN|KEY...|--all}]",
		Short: "Decide about messages of which nobody knows whether they arrived",
		Long: `resolve lists the unknown rows: the connection broke, or the machine, after a message was on its way and before the
server's answer. mailshot never sends those again by itself. Ask the people, or look into the server's log, then decide:
  --as sent      it arrived
  --as refused   it did not, and is not to be sent
  --as resend    send it again; who had it gets it twice`,
		Example: `  mailshot resolve campaign.yaml
  mailshot resolve --as resend campaign.yaml ann@example.com`,
		Args: args(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error { return t.resolve(cmd, args, id, as, all) },
	}
	cmd.Flags().StringVar(&id, "id", "", "the campaign `ID` instead of the file's")
	cmd.Flags().StringVar(&as, "as", "", "`DECISION`: sent, refused or resend")
	cmd.Flags().BoolVar(&all, "all", false, "decide about all unknown rows at once")
	return cmd
}

func (t *tool) resolve(cmd *cobra.Command, args []string, id, as string, all bool) (err error) {
	to, ok := map[string]ledger.State{"": "", "sent": ledger.Sent, "refused": ledger.Refused, "resend": ledger.Pending}[as]
	example := fmt.Sprintf("mailshot resolve --as sent %s ADDRESS", quoted(args[0]))
	switch {
	case !ok:
		return usage(fmt.Errorf("--as %s: it is sent, refused or resend", quoted(as)), example)
	case as == "" && (all || len(args) > 1):
		return usage(errors.New("say with --as what became of them: sent, refused or resend"), example)
	case as != "" && !all && len(args) == 1:
		return usage(errors.New("name the addresses to decide about, or --all"), example)
	case all && len(args) > 1:
		return usage(errors.New("name addresses or --all, not both"), example)
	}
	s, err := t.stored(cmd, args[:1], id)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	f, err := choose(args[1:], []ledger.State{ledger.Unknown})
	if err != nil {
		return err
	}
	if as == "" {
		return t.listUnknown(cmd, s, f)
	}
	n, err := s.Resolve(cmd.Context(), s.id, f, to)
	if err != nil {
		return t.busy(err, s)
	}
	if n == 0 {
		return &exit{exitFailed, errors.New("none of these is unknown"), "mailshot resolve " + s.again(t)}
	}
	t.say("%s now %s", plural(n, "row is", "rows are"), to)
	if to == ledger.Pending {
		t.hint("mailshot send " + s.again(t))
	} else {
		t.hint("mailshot status " + s.again(t))
	}
	return nil
}

// listUnknown prints the unknown rows, all of them: each wants a decision.
func (t *tool) listUnknown(cmd *cobra.Command, s *stored, f ledger.Filter) error {
	var out table
	for r, err := range s.rows(cmd.Context(), f) {
		if err != nil {
			return err
		}
		at := ""
		if !r.Time.IsZero() {
			at = r.Time.Local().Format("2006-01-02 15:04:05")
		}
		out.add(report.Clean(r.Address), report.Clean(r.Key), report.Clean(r.Place), at, why(r))
	}
	if len(out.rows) == 0 {
		t.say("nothing is unknown")
		return nil
	}
	if err := out.write(t.stdout, "", 0); err != nil {
		return err
	}
	t.say("%s", unknownWords(int64(len(out.rows))))
	t.hint(fmt.Sprintf("mailshot resolve --as sent|refused|resend %s ADDRESS... (or --all)", s.again(t)))
	return nil
}

func unknownWords(n int64) string {
	return plural(n, "message is unknown: the server may have it or not", "messages are unknown: the server may have them or not")
}

func (t *tool) cancelCommand() *cobra.Command {
	var id string
	cmd := &cobra.Command{
		Use:   "cancel CAMPAIGN",
		Short: "Take out what has not been sent",
		Long: `cancel takes every pending and deferred row out of the campaign; what was sent stays as it is. retry --in cancelled takes
them up again. A campaign that is being sent is stopped first, by an interrupt.`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			s, err := t.stored(cmd, args, id)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, s.Close()) }()
			n, err := s.Cancel(cmd.Context(), s.id)
			if err != nil {
				return t.busy(err, s)
			}
			t.say("%s cancelled", plural(n, "row is", "rows are"))
			t.hint("mailshot status " + s.again(t))
			return nil
		},
	}
	cmd.Flags().StringVar(&id, "id", "", "the campaign `ID` instead of the file's")
	return cmd
}

// busy explains that a campaign is being sent.
func (t *tool) busy(err error, s *stored) error {
	if locked := (*ledger.LockedError)(nil); errors.As(err, &locked) {
		return &exit{exitFailed, fmt.Errorf("%w; stop it with an interrupt first", err), "mailshot status " + s.again(t)}
	}
	return err
}

// retryable are the states from which a person may take a row up again.
func retryable() []ledger.State {
	return []ledger.State{ledger.Refused, ledger.GaveUp, ledger.Held, ledger.Cancelled}
}

// choose makes a filter of what a person named: addresses, whole domains (@example.com) or keys, of one kind.
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
		key, err := campaign.SuppressionKey(n)
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
