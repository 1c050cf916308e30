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
	"mailshot/campaign/ledger"
	"mailshot/campaign/report"
	"mailshot/campaign/suppression"
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
	Address    string       `json:"address"` // as campaigns compare it
	Suppressed []suppressed `json:"suppressed"`
	Campaigns  []personRow  `json:"campaigns"`
	Copies     []copyOf     `json:"copies,omitempty"`
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
	report.Row
}

func (t *tool) why(cmd *cobra.Command, name string, campaigns []string, asJSON bool) (err error) {
	ctx := cmd.Context()
	if history.IsToken(name) {
		if name, err = t.owner(cmd, name, campaigns); err != nil {
			return err
		}
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

// owner is the address of the person whose token this is.
func (t *tool) owner(cmd *cobra.Command, token string, campaigns []string) (key string, err error) {
	files, err := t.ledgers(cmd, campaigns)
	if err != nil {
		return "", err
	}
	err = t.withAccounts(func(a *accounts.Accounts) (err error) {
		key, err = history.Owner(cmd.Context(), token, a, files)
		return err
	})
	if err == nil && key == "" {
		err = &exit{exitFailed, fmt.Errorf("nobody has the token %s in %s", token, looked(files)),
			"name the campaigns that made it, or go to their folder"}
	}
	return key, err
}

// looked names the ledgers that were looked into.
func looked(files []string) string {
	if len(files) == 0 {
		return "this folder, which has no ledger"
	}
	return strings.Join(files, ", ")
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
	k := known{Address: p.AddressKey, Suppressed: []suppressed{}, Campaigns: []personRow{}}
	for _, e := range p.Suppressed {
		k.Suppressed = append(k.Suppressed, suppressed{e.Key, e.Domain, e.Reason, e.Source, e.Time})
	}
	for _, r := range p.Rows {
		k.Campaigns = append(k.Campaigns, personRow{
			Ledger: r.Ledger, Campaign: r.Campaign.ID, Planned: r.Campaign.Created, MessageID: r.MessageID,
			Row: history.Reported(r.Record),
		})
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
	if len(k.Suppressed) == 0 {
		fmt.Fprintf(&b, "%s is not on the suppression list\n", report.Clean(k.Address))
	}
	for _, e := range k.Suppressed {
		words := fmt.Sprintf("is never mailed%s, since %s%s", from(e), e.Time.Local().Format("2006-01-02 15:04"),
			because(e, k.Address))
		b.WriteString(textwidth.Beside(report.Clean(k.Address)+" ", words, t.width()) + "\n")
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

// from is the sender's domain whose mail an entry keeps away.
func from(e suppressed) string {
	if e.From == "" {
		return ""
	}
	return " from " + report.Clean(e.From)
}

// because is why an entry is on the list, and whom it holds for if that is not the person alone.
func because(e suppressed, address string) string {
	var parts []string
	if e.Key != address {
		parts = append(parts, "as "+e.Key)
	}
	for _, s := range []string{e.Reason, e.Source} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return ": " + report.Clean(strings.Join(parts, "; "))
}
