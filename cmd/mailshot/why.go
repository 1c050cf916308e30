package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mailshot/campaign/accounts"
	"mailshot/campaign/history"
	"mailshot/campaign/leaving"
	"mailshot/campaign/ledger"
	"mailshot/campaign/report"
	"mailshot/campaign/suppression"
	"mailshot/cmd/mailshot/entries"
	"mailshot/cmd/mailshot/textwidth"
)

func (t *tool) whyCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "why ADDRESS|TOKEN [CAMPAIGN...]",
		Short: "What is known about a person: suppressed or not, and the outcome of each message",
		Long: `why says whether a person is on the suppression list, since when and why. For each campaign it shows
the state of their row, when it was last tried, the Message-ID and the server's last words. It looks
into the ledgers beside the campaigns that are named. Without campaigns it looks into the ledgers of
this folder and of the folders in it, or into the one that --state names. It changes nothing.

TOKEN is what {{.mailshot.token}} made in one of these campaigns, as an unsubscribe page gets it.`,
		Example: `  mailshot why ann@example.com
  mailshot why ann@example.com newsletter invoices/campaign.yaml`,
		Args: args(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error { return t.why(cmd, args[0], args[1:], asJSON) },
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print as JSON")
	return cmd
}

// known is what is known about a person.
type known struct {
	Token      *entries.Token       `json:"token,omitempty"`
	Address    string               `json:"address"` // as campaigns compare it
	Suppressed []entries.Suppressed `json:"suppressed"`
	Campaigns  []personRow          `json:"campaigns"`
	Copies     []copyOf             `json:"copies,omitempty"`
}

// copyOf is a message to somebody else of which the person was to get a copy.
type copyOf struct {
	Ledger   string    `json:"ledger"`
	Campaign string    `json:"campaign"`
	Key      string    `json:"key"`   // of the row
	State    string    `json:"state"` // of the message
	Time     time.Time `json:"time,omitzero"`
	report.Copy
}

// personRow is a person's row in one campaign.
type personRow struct {
	Ledger    string    `json:"ledger"`
	Campaign  string    `json:"campaign"`
	Planned   time.Time `json:"planned"`
	MessageID string    `json:"message_id,omitempty"` // of a message that was tried
	// Returns are all that came back about the message, in the order in which it was recorded.
	Returns []report.Returned `json:"returns,omitempty"`
	report.Row
}

func (t *tool) why(cmd *cobra.Command, name string, campaigns []string, asJSON bool) (err error) {
	ctx := cmd.Context()
	var token *leaving.Token
	if leaving.Is(name) {
		if token, err = t.token(cmd, name, campaigns); err != nil {
			return err
		}
		if token.AddressKey == "" {
			return t.whyToken(ctx, token, asJSON)
		}
		name = token.AddressKey
	}
	key, err := suppression.Key(strings.TrimSpace(name))
	if err != nil || strings.HasPrefix(key, "@") {
		return usage(errors.Join(errors.New("why takes the address of one person"), err),
			"mailshot why ann@example.com")
	}
	files, err := t.ledgers(cmd, campaigns)
	if err != nil {
		return err
	}
	p, err := t.find(ctx, key, files)
	if err != nil {
		return err
	}
	k := knownOf(p)
	k.Token = entries.TokenOf(token)
	if asJSON {
		return writeJSON(t.stdout, k)
	}
	if len(k.Suppressed)+len(k.Campaigns)+len(k.Copies) == 0 {
		where := "not on the suppression list"
		if len(files) > 0 {
			where += ", and not in " + strings.Join(files, ", ")
		}
		t.say("nothing is known about %s: %s", key, where)
		return nil
	}
	return t.printKnown(k, len(files) > 1)
}

// ledgers are the state files to look into, those that exist.
func (t *tool) ledgers(cmd *cobra.Command, campaigns []string) ([]string, error) {
	state := t.state
	if state == "" {
		state = os.Getenv("MAILSHOT_STATE")
	}
	if state != "" {
		if _, err := os.Stat(state); err != nil {
			return nil, usage(fmt.Errorf("there is no ledger %s", state), "mailshot why --state FILE ADDRESS")
		}
		return []string{state}, nil
	}
	if len(campaigns) == 0 {
		return history.Ledgers("."), nil
	}
	var files []string
	for _, name := range campaigns {
		file := path([]string{name})
		if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
			return nil, missing(cmd, file)
		}
		files = append(files, filepath.Join(filepath.Dir(file), ".mailshot", "state.db"))
	}
	slices.Sort(files)
	return slices.DeleteFunc(slices.Compact(files), func(file string) bool {
		_, err := os.Stat(file)
		return errors.Is(err, fs.ErrNotExist)
	}), nil
}

// find asks the ledgers about the person, and the accounts if there are any yet.
func (t *tool) find(ctx context.Context, key string, files []string) (p *history.Person, err error) {
	file, err := t.accountsFile()
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		return history.Find(ctx, key, nil, files)
	}
	err = t.withAccounts(func(a *accounts.Accounts) (err error) {
		p, err = history.Find(ctx, key, a, files)
		return err
	})
	return p, err
}

// knownOf is what is known about a person, as it is shown.
func knownOf(p *history.Person) known {
	k := known{Address: p.AddressKey, Suppressed: entries.All(p.Suppressed), Campaigns: []personRow{}}
	for _, r := range p.Rows {
		row := personRow{
			Ledger: r.Ledger, Campaign: r.Campaign.ID, Planned: r.Campaign.Created, MessageID: r.MessageID,
			Row: history.Reported(r.Record),
		}
		for _, b := range r.Returns {
			row.Returns = append(row.Returns, history.Returned(b))
		}
		k.Campaigns = append(k.Campaigns, row)
	}
	for _, r := range p.Copies {
		if r.Last == nil {
			continue // its attempts are lost
		}
		for _, c := range r.Last.Copies {
			if c.AddressKey == p.AddressKey {
				k.Copies = append(k.Copies, copyOf{r.Ledger, r.Campaign.ID, r.Key, string(r.State), r.Last.Time,
					history.Copies([]ledger.Copied{c})[0]})
			}
		}
	}
	return k
}

// printKnown prints what is known. ledgers says that more than one was looked into.
func (t *tool) printKnown(k known, ledgers bool) error {
	var b strings.Builder
	b.WriteString(k.Token.String())
	if len(k.Suppressed) == 0 {
		fmt.Fprintf(&b, "%s is not on the suppression list\n", report.Clean(k.Address))
	}
	for _, e := range k.Suppressed {
		b.WriteString(textwidth.Beside(report.Clean(k.Address)+" ", e.Words(k.Address), t.width()) + "\n")
	}
	if len(k.Campaigns) == 0 {
		b.WriteString("not in any campaign\n")
	}
	for _, s := range k.Campaigns {
		in := ""
		if ledgers {
			in = " in " + report.Clean(s.Ledger)
		}
		fmt.Fprintf(&b, "\ncampaign %s%s, planned %s\n", report.Clean(s.Campaign), in,
			s.Planned.Local().Format("2006-01-02 15:04"))
		fmt.Fprintf(&b, "  row         %s\n  state       %s\n", report.Clean(s.Place), s.State)
		if !s.Time.IsZero() {
			fmt.Fprintf(&b, "  last tried  %s\n", s.Time.Local().Format("2006-01-02 15:04:05"))
		}
		for _, back := range s.Returns {
			words := back.Words() + " (" + back.How() + ")"
			b.WriteString(textwidth.Beside("  came back   ", words, t.width()) + "\n")
		}
		s.Returned = nil // it is told of
		if words := s.Row.Why(); words != "" {
			b.WriteString(textwidth.Beside("  last words  ", words, t.width()) + "\n")
		}
		if s.MessageID != "" {
			fmt.Fprintf(&b, "  Message-ID  %s\n", report.Clean(s.MessageID))
		}
	}
	for _, c := range k.Copies {
		words := fmt.Sprintf("of the message to %s in campaign %s, which is %s: %s", c.Key, c.Campaign, c.State,
			report.CopyWords([]report.Copy{c.Copy}))
		b.WriteString("\n" + textwidth.Beside(c.Kind+" ", report.Clean(words), t.width()) + "\n")
	}
	_, err := io.WriteString(t.stdout, b.String())
	return err
}
