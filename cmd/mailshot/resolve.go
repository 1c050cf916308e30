package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"mailshot/campaign/accounts"
	"mailshot/campaign/definition/returns"
	"mailshot/campaign/digest"
	"mailshot/campaign/history"
	"mailshot/campaign/ledger"
	"mailshot/campaign/message"
	"mailshot/campaign/report"
	"mailshot/cmd/mailshot/human"
	"mailshot/internal/inbox/boxes"
	"mailshot/internal/shell"
)

// resolveFlags are the flags of resolve.
type resolveFlags struct {
	id, as    string
	all, json bool
	found     []string
}

func (t *tool) resolveCommand() *cobra.Command {
	var f resolveFlags
	cmd := &cobra.Command{
		Use:   "resolve CAMPAIGN [--as sent|refused|resend {ADDRESS|@DOMAIN|KEY...|--all}] [--found FILE]",
		Short: "Decide about messages whose outcome is unknown",
		Long: `resolve lists the unknown rows: the connection or the machine failed when a message was on its way,
before the server's answer. mailshot never sends those again by itself. Look for them, or ask the
people, then decide:
  --found FILE   decide by what is found in a Sent folder (mbox, Maildir, a folder of .eml files),
                 in a list of Message-IDs, or in the relay's log (Postfix or Exim, also .gz): what
                 was taken is sent, what bounced is refused, the rest stays unknown;
                 --found returns looks for copies in the boxes that returns: names
  --as sent      it arrived; this also takes back that a message bounced, or that its person
                 complained, where addresses or keys are given
  --as refused   it did not arrive, and is not sent again
  --as resend    send it again; a person who has it gets it twice
status and report show who decided, and when.`,
		Example: `  mailshot resolve campaign.yaml
  mailshot resolve --found /var/log/mail.log --found /var/log/mail.log.1 campaign.yaml
  mailshot resolve --as resend campaign.yaml ann@example.com`,
		Args: args(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error { return t.resolve(cmd, args, f) },
	}
	fs := cmd.Flags()
	idFlag(cmd, &f.id, true, "the campaign `ID` instead of the file's")
	fs.StringVar(&f.as, "as", "", "`DECISION`: sent, refused or resend")
	fs.BoolVar(&f.all, "all", false, "decide about all unknown rows at once")
	fs.StringArrayVar(&f.found, "found", nil,
		"decide by what is found in this `FILE` or folder, or in the boxes of returns; may be given more than once")
	fs.BoolVar(&f.json, "json", false, "print the unknown rows as JSON")
	return cmd
}

func (t *tool) resolve(cmd *cobra.Command, args []string, f resolveFlags) (err error) {
	to, ok := map[string]ledger.State{
		"": "", "sent": ledger.Sent, "refused": ledger.Refused, "resend": ledger.Pending,
	}[f.as]
	example := fmt.Sprintf("mailshot resolve --as sent %s ADDRESS", shell.Quote(args[0]))
	switch {
	case !ok:
		return usage(fmt.Errorf("--as %s: must be sent, refused or resend", shell.Quote(f.as)), example)
	case f.as != "" && len(f.found) > 0:
		return usage(errors.New("--found decides by what it finds; --as is for what you know yourself"),
			"mailshot resolve --found FILE "+shell.Quote(args[0]))
	case f.as == "" && (f.all || len(args) > 1) && len(f.found) == 0:
		return usage(errors.New("say with --as what became of them: sent, refused or resend"), example)
	case f.as != "" && !f.all && len(args) == 1:
		return usage(errors.New("name the addresses to decide about, or --all"), example)
	case f.all && len(args) > 1:
		return usage(errors.New("name addresses or --all, not both"), example)
	}
	s, err := t.stored(cmd, args[:1], f.id)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	chosen, err := choose(args[1:], []ledger.State{ledger.Unknown})
	if err != nil {
		return err
	}
	if to == ledger.Sent && len(chosen.Addresses)+len(chosen.Keys) > 0 {
		chosen.States = []ledger.State{ledger.Unknown, ledger.Bounced, ledger.Complained}
	}
	if f.as == "" {
		return t.withAccounts(func(a *accounts.Accounts) error {
			secret, err := a.Secret(cmd.Context())
			if err != nil {
				return err
			}
			if len(f.found) > 0 {
				return t.resolveFound(cmd.Context(), s, secret, chosen, f.found)
			}
			return t.listUnknown(cmd.Context(), s, secret, chosen, f.json)
		})
	}
	n, err := s.Ledger.Resolve(cmd.Context(), s.ID, chosen, to)
	if err != nil {
		return t.busy(err, s)
	}
	if n == 0 {
		return t.nothingToResolve(cmd.Context(), s, chosen, args[1:])
	}
	t.say("%s now %s", human.Plural(n, "row is", "rows are"), to)
	if len(chosen.States) > 1 {
		t.say("who was put on the suppression list because of what came back is still on it (mailshot suppress list)")
	}
	if to == ledger.Pending {
		t.hint("mailshot send " + s.again(t))
	} else {
		t.hint("mailshot status " + s.again(t))
	}
	return nil
}

// nothingToResolve says why nothing was decided.
func (t *tool) nothingToResolve(ctx context.Context, s *stored, f ledger.Filter, names []string) error {
	f.States = []ledger.State{ledger.Bounced, ledger.Complained}
	n, err := s.Tally(ctx, f)
	if err != nil {
		return err
	}
	if n[ledger.Bounced]+n[ledger.Complained] == 0 || len(names) == 0 {
		return &exit{exitFailed, errors.New("none of these is unknown"), "mailshot resolve " + s.again(t)}
	}
	err = errors.New("none of these is unknown: the message came back, and is not sent again")
	return &exit{exitFailed, err, "mailshot resolve --as sent " + s.again(t) + " " + shell.Quote(names[0]) +
		", if it did arrive and was wanted"}
}

// resolveFound decides by what mailboxes, lists and logs say.
func (t *tool) resolveFound(ctx context.Context, s *stored, secret []byte, f ledger.Filter, files []string) error {
	search, err := s.Unknown(ctx, secret, f)
	if err != nil {
		return err
	}
	for _, file := range files {
		if file == "returns" { // a file of that name is ./returns
			if err := t.readReturns(ctx, s, search); err != nil {
				return &exit{exitFailed, err, ""}
			}
			continue
		}
		if err := search.Read(file); err != nil {
			return usage(err, "mailshot resolve --help")
		}
	}
	n, err := search.Settle(ctx)
	if err != nil {
		return t.busy(err, s)
	}
	t.say("%d found: %d sent, %d refused; %s", n.Sent+n.Refused, n.Sent, n.Refused,
		human.Plural(n.Left, "row stays unknown", "rows stay unknown"))
	if n.Left > 0 {
		t.hint("mailshot resolve " + s.again(t))
	} else {
		t.hint("mailshot status " + s.again(t))
	}
	return nil
}

// readReturns looks for copies of messages in the boxes of the campaign, or of config.yaml.
func (t *tool) readReturns(ctx context.Context, s *stored, search *history.Unknown) error {
	config, err := returns.Load("")
	if err != nil {
		return err
	}
	all := s.def.Returns.Over(config)
	if len(all.Boxes) == 0 {
		return errors.New("neither the campaign file nor config.yaml has returns:, so there is nothing to look in")
	}
	list, err := boxes.Open(boxes.Config{Boxes: all.Boxes, Definition: s.def, Accounts: t.accounts})
	if err != nil {
		return err
	}
	return boxes.Messages(ctx, list, search.ReadMessage)
}

// unknownRows are the unknown rows of a campaign in JSON.
type unknownRows struct {
	Campaign string       `json:"campaign"` // its id
	Unknown  []unknownRow `json:"unknown"`
}

// unknownRow is an unknown row in JSON.
type unknownRow struct {
	report.Row
	MessageID string `json:"message_id"` // to look for in the server's log
}

// listUnknown prints all unknown rows, because each needs a decision.
func (t *tool) listUnknown(ctx context.Context, s *stored, secret []byte, f ledger.Filter, asJSON bool) error {
	out := table{wraps: true}
	out.add("ADDRESS", "KEY", "ROW", "TIME", "SERVER", "MESSAGE-ID", "LAST WORDS")
	list := unknownRows{s.ID, []unknownRow{}}
	if err := s.Ledger.Recover(ctx, s.ID); err != nil { // so that the list has what a killed run left
		return err
	}
	for r, err := range s.Reported(ctx, f) {
		if err != nil {
			return err
		}
		id := ""
		if r.Key != "" {
			id = message.ID(s.def, digest.Parse(s.Kept.Definition).IDs(), secret, s.ID, r.Key)
		}
		if asJSON {
			list.Unknown = append(list.Unknown, unknownRow{r, id})
			continue
		}
		at := "-"
		if !r.Time.IsZero() {
			at = r.Time.Local().Format(time.DateTime)
		}
		dash := func(s string) string {
			if s == "" {
				return "-"
			}
			return report.Clean(s)
		}
		out.add(dash(r.Address), dash(r.Key), dash(r.Place), at, dash(r.Server), dash(id), r.Why())
	}
	if asJSON {
		return writeJSON(t.stdout, list)
	}
	if len(out.rows) == 1 {
		t.say("nothing is unknown")
		return nil
	}
	if err := out.write(t.stdout, "", t.width()); err != nil {
		return err
	}
	t.say("%s", unknownWords(int64(len(out.rows)-1)))
	t.hint(fmt.Sprintf("mailshot resolve --found SENT-FOLDER|LOG %s (or --as sent|refused|resend ADDRESS...)",
		s.again(t)))
	return nil
}

// unknownWords says how many messages are unknown, and what that means.
func unknownWords(n int64) string {
	return human.Plural(n, "message is unknown: the server may have it or not",
		"messages are unknown: the server may have them or not")
}
