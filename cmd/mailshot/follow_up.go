package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"mailshot/campaign/accounts"
	"mailshot/campaign/digest"
	"mailshot/campaign/leaving"
	"mailshot/campaign/ledger"
	"mailshot/campaign/message"
	"mailshot/cmd/mailshot/following"
	"mailshot/cmd/mailshot/human"
	"mailshot/internal/disk"
	"mailshot/internal/shell"
)

// followFlags are the flags of follow-up.
type followFlags struct {
	id, list, file string
	force          bool
}

func (t *tool) followUpCommand() *cobra.Command {
	var f followFlags
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
		RunE: func(cmd *cobra.Command, args []string) error { return t.followUp(cmd, args, f) },
	}
	fs := cmd.Flags()
	idFlag(cmd, &f.id, true, "the campaign `ID` instead of the file's")
	fs.StringVar(&f.list, "list", "", "write the list to this .csv `FILE`; - is standard output")
	fs.StringVar(&f.file, "campaign", "", "write a campaign to this .yaml `FILE` beside the first one, with its list and body")
	fs.BoolVar(&f.force, "force", false, "overwrite existing files")
	return cmd
}

func (t *tool) followUp(cmd *cobra.Command, args []string, f followFlags) (err error) {
	if f.list == "" && f.file == "" {
		return usage(errors.New("name the list or the campaign to write"),
			"mailshot follow-up "+shell.Quote(args[0])+" --list again.csv")
	}
	s, err := t.stored(cmd, args, f.id)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	stem := strings.TrimSuffix(f.file, filepath.Ext(f.file))
	if f.file != "" && f.list == "" {
		f.list = stem + ".csv"
	}
	if ext := filepath.Ext(f.list); f.list != "-" && !strings.EqualFold(ext, ".csv") {
		return usage(fmt.Errorf("--list %s: the list is CSV, and its name has to end in .csv", shell.Quote(f.list)),
			"mailshot follow-up "+shell.Quote(args[0])+" --list again.csv")
	}
	if err := mayFollow(s, f, stem); err != nil {
		return usage(err, "mailshot follow-up --help")
	}
	return t.withAccounts(func(a *accounts.Accounts) error {
		ctx := cmd.Context()
		secret, err := a.Secret(ctx)
		if err != nil {
			return err
		}
		cfg := following.Config{Campaign: s.Campaign, Accounts: a, Mail: leaving.MailOf(s.def),
			MessageID: func(r ledger.Record) string {
				return message.ID(s.def, digest.Parse(s.Kept.Definition).IDs(), secret, s.ID, r.Key)
			}}
		var n following.Counts
		write := func(w io.Writer) (err error) {
			n, err = following.List(ctx, cfg, w)
			return err
		}
		if f.list == "-" {
			err = write(t.stdout)
		} else {
			err = disk.Replace(f.list, func(w io.Writer) error { return buffered(w, write) })
		}
		if err != nil {
			return err
		}
		t.sayFollowed(n)
		if n.Messages == 0 {
			return &exit{exitFailed, following.ErrNobody, "mailshot status " + s.again(t)}
		}
		if f.file == "" {
			return nil
		}
		return t.writeFollowing(s, f, stem)
	})
}

// mayFollow says why files must not be written.
func mayFollow(s *stored, f followFlags, stem string) error {
	if f.file == "" {
		return notThere(f, f.list)
	}
	if there, here := filepath.Dir(f.file), filepath.Dir(s.file); disk.Real(there) != disk.Real(here) {
		return fmt.Errorf("--campaign %s: it has to be in %s, for its paths are relative to that folder", shell.Quote(f.file),
			shell.Quote(here))
	}
	if f.list == "-" || disk.Real(filepath.Dir(f.list)) != disk.Real(filepath.Dir(f.file)) {
		return errors.New("--list has to be in the folder of --campaign")
	}
	return notThere(f, f.list, f.file, stem+".md")
}

// notThere says which of the files exist.
func notThere(f followFlags, files ...string) error {
	for _, name := range files {
		if _, err := os.Lstat(name); name != "-" && err == nil && !f.force {
			return fmt.Errorf("%s exists already; --force overwrites it", shell.Quote(name))
		}
	}
	return nil
}

// writeFollowing writes the campaign file and its body.
func (t *tool) writeFollowing(s *stored, f followFlags, stem string) error {
	first, err := os.ReadFile(s.file)
	if err != nil {
		return err
	}
	body := stem + ".md"
	text, err := following.Campaign(first, following.File{ID: s.ID + "-follow-up", List: filepath.Base(f.list),
		Body: filepath.Base(body)})
	if err != nil {
		return err
	}
	for _, file := range []struct{ name, text string }{
		{body, following.Body(s.def.Recipients.Name)}, {f.file, string(text)},
	} {
		err := disk.Replace(file.name, func(w io.Writer) error {
			_, err := io.WriteString(w, file.text)
			return err
		})
		if err != nil {
			return err
		}
	}
	t.say("written: %s, %s; the text in %s is yours to write", f.file, f.list, body)
	t.hint("mailshot check " + shell.Quote(f.file))
	return nil
}

// sayFollowed says who is on the list, and who is not.
func (t *tool) sayFollowed(n following.Counts) {
	t.say("%s to be written to again", human.Plural(n.Messages, "person is", "people are"))
	if len(n.Left) > 0 {
		t.say("not: %s", countWords(n.Left))
	}
}
