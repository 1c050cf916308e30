package main

import (
	"errors"

	"github.com/spf13/cobra"

	"mailshot/campaign/accounts"
	"mailshot/campaign/digest"
	"mailshot/campaign/leaving"
	"mailshot/campaign/ledger"
	"mailshot/campaign/message"
	"mailshot/cmd/mailshot/following"
	"mailshot/cmd/mailshot/human"
	"mailshot/internal/shell"
)

func (t *tool) followUpCommand() *cobra.Command {
	var f following.Files
	var id string
	cmd := &cobra.Command{
		Use:   "follow-up CAMPAIGN [--list FILE.csv] [--campaign FILE.yaml]",
		Short: "A list, or a campaign, for those who have not answered",
		Long: `follow-up writes the list of those to whom a campaign was sent and of whom nothing came back: they did not
bounce, complain, answer, leave the company or unsubscribe. It has the columns of the campaign's list, and two more:
mailshot_in_reply_to and mailshot_references, which name the person's message.

With --campaign it also writes a campaign file for that list, beside the first one. Its messages are answers to the first
ones: mail programs show them in the same thread. The text is yours to write: check names what is to be replaced.

Run mailshot collect before, so that what came back is known.`,
		Example: `  mailshot follow-up campaign.yaml --list again.csv
  mailshot follow-up campaign.yaml --campaign again.yaml`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error { return t.followUp(cmd, args, id, f) },
	}
	fs := cmd.Flags()
	idFlag(cmd, &id, true, "the campaign `ID` instead of the file's")
	fs.StringVar(&f.List, "list", "", "write the list to this .csv `FILE`; - is standard output")
	fs.StringVar(&f.Campaign, "campaign", "", "write a campaign to this .yaml `FILE` beside the first one, with its list and body")
	fs.BoolVar(&f.Force, "force", false, "overwrite existing files")
	return cmd
}

func (t *tool) followUp(cmd *cobra.Command, args []string, id string, f following.Files) (err error) {
	if f.List == "" && f.Campaign == "" {
		return usage(errors.New("name the list or the campaign to write"),
			"mailshot follow-up "+shell.Quote(args[0])+" --list again.csv")
	}
	s, err := t.stored(cmd, args, id)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if err := f.Check(s.file); err != nil {
		return usage(err, "mailshot follow-up "+shell.Quote(args[0])+" --list again.csv")
	}
	return t.withAccounts(func(a *accounts.Accounts) error {
		secret, err := a.Secret(cmd.Context())
		if err != nil {
			return err
		}
		cfg := following.Config{Campaign: s.Campaign, Accounts: a, Mail: leaving.MailOf(s.def),
			MessageID: func(r ledger.Record) string {
				return message.ID(s.def, digest.Parse(s.Kept.Definition).IDs(), secret, s.ID, r.Key)
			}}
		n, err := f.WriteList(cmd.Context(), cfg, t.stdout)
		if err != nil {
			return err
		}
		t.say("%s to be written to again", human.Plural(n.Messages, "person is", "people are"))
		if len(n.Left) > 0 {
			t.say("not: %s", human.Counts(n.Left))
		}
		if n.Messages == 0 {
			return &exit{exitFailed, following.ErrNobody, "mailshot status " + s.again(t)}
		}
		if f.Campaign == "" {
			return nil
		}
		if err := f.WriteCampaign(s.file, s.ID+"-follow-up", s.def.Recipients.Name); err != nil {
			return err
		}
		t.say("written: %s, %s; the text in %s is yours to write", f.Campaign, f.List, f.Body())
		t.hint("mailshot check " + shell.Quote(f.Campaign))
		return nil
	})
}
