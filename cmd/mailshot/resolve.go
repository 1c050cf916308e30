package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"mailshot/campaign/ledger"
	"mailshot/campaign/report"
)

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

// unknownWords says how many messages are unknown, and what that means.
func unknownWords(n int64) string {
	return plural(n, "message is unknown: the server may have it or not", "messages are unknown: the server may have them or not")
}
