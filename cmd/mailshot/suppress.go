package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mailshot/campaign/accounts"
	"mailshot/campaign/history"
	"mailshot/campaign/report"
	"mailshot/campaign/suppression"
	"mailshot/cmd/mailshot/human"
	"mailshot/internal/shell"
	"mailshot/render/address"
)

func (t *tool) suppressCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "suppress",
		Short: "The suppression list: add, remove, list, import",
		Long: `suppress keeps the suppression list: the people who are never mailed. The list belongs to the user.
All campaigns obey it, also one that is being sent now. An entry is an address, a whole domain
(@example.com) or all domains below one (@*.example.com). It holds for mail from one sender's domain
(--from), or from all. Capitals and the spelling of an international domain make no difference.`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usage(fmt.Errorf("suppress has no command %q, only add, remove, list and import", args[0]),
					"mailshot suppress --help")
			}
			return cmd.Help()
		},
	}
	var from, reason string
	add := &cobra.Command{
		Use: "add ADDRESS|@DOMAIN|@*.DOMAIN|TOKEN...", Short: "Put people on the list", Args: args(cobra.MinimumNArgs(1)),
		Long: "add puts people on the list. TOKEN is what {{.mailshot.token}} made in a campaign of this folder, or of one below it,\n" +
			"as an unsubscribe page gets it: its person is put on the list.",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := t.owners(cmd, args); err != nil {
				return err
			}
			return t.withAccounts(func(a *accounts.Accounts) error { return t.suppressAdd(cmd, a, args, from, reason) })
		},
	}
	add.Flags().StringVar(&reason, "reason", "", "why, in `WORDS`")
	remove := &cobra.Command{
		Use: "remove ADDRESS|@DOMAIN...", Short: "Take people off the list", Args: args(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return t.withAccounts(func(a *accounts.Accounts) error { return t.suppressRemove(cmd, a, args, from) })
		},
	}
	var asJSON bool
	list := &cobra.Command{
		Use: "list", Short: "Show the list", Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return t.withAccounts(func(a *accounts.Accounts) error { return t.suppressList(cmd, a, asJSON) })
		},
	}
	list.Flags().BoolVar(&asJSON, "json", false, "print one JSON object a line")
	imports := &cobra.Command{
		Use: "import FILE|-", Short: "Put all the people of a file on the list",
		Long: importHelp,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return t.withAccounts(func(a *accounts.Accounts) error { return t.suppressImport(cmd, a, args[0], from) })
		},
	}
	for _, c := range []*cobra.Command{add, remove, imports} {
		c.Flags().StringVar(&from, "from", "", "only for mail from this `DOMAIN` (default: from all)")
	}
	cmd.AddCommand(add, remove, list, imports)
	return cmd
}

const importHelp = `import reads a file with one address, @domain or @*.domain per line; a reason and a date may follow
after commas, semicolons or tabs. It also reads a CSV file whose header names such columns: address,
reason, date. Lines that begin with # are skipped. One faulty line refuses the whole file.

Exports of other programs are recognised by their columns: listmonk (subscribers; those who are
enabled are left out), Mailchimp (unsubscribed and cleaned), Amazon SES (the JSON of
list-suppressed-destinations, or a CSV of it) and SendGrid (bounces, spam reports, unsubscribes; not
blocks, which are temporary).`

// owners puts the address of its person in the place of each token.
func (t *tool) owners(cmd *cobra.Command, names []string) (err error) {
	for i, name := range names {
		if history.IsToken(name) {
			if names[i], err = t.owner(cmd, name, nil); err != nil {
				return err
			}
		}
	}
	return nil
}

// withAccounts opens the user's accounts for work, and closes them after it.
func (t *tool) withAccounts(work func(*accounts.Accounts) error) (err error) {
	file, err := t.accountsFile()
	if err != nil {
		return err
	}
	a, err := accounts.Open(file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	return work(a)
}

// suppressKeys are the names as the list keeps them. The error names every one that is not an address or a domain.
func suppressKeys(names []string) ([]string, error) {
	var keys []string
	var errs []error
	for _, n := range names {
		key, err := suppression.Key(strings.TrimSpace(n))
		keys, errs = append(keys, key), append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, usage(err, "mailshot suppress add ann@example.com @example.org")
	}
	return keys, nil
}

// senderDomain is --from as the list keeps it.
func senderDomain(from string) (string, error) {
	if from == "" {
		return "", nil
	}
	a, err := address.Parse("x@" + from[strings.LastIndexByte(from, '@')+1:])
	if err != nil {
		return "", usage(fmt.Errorf("--from: %w", err), "mailshot suppress add --from example.com ann@example.org")
	}
	return a.Domain(), nil
}

func (t *tool) suppressAdd(cmd *cobra.Command, a *accounts.Accounts, names []string, from, reason string) error {
	domain, err := senderDomain(from)
	if err != nil {
		return err
	}
	keys, err := suppressKeys(names)
	if err != nil {
		return err
	}
	var entries []accounts.Entry
	for _, key := range keys {
		entries = append(entries, accounts.Entry{Domain: domain, Key: key, Reason: reason, Source: "suppress add"})
	}
	if err := a.SuppressAll(cmd.Context(), entries); err != nil {
		return err
	}
	t.say("%s on the list", human.Plural(int64(len(keys)), "entry is", "entries are"))
	return nil
}

func (t *tool) suppressRemove(cmd *cobra.Command, a *accounts.Accounts, names []string, from string) error {
	domain, err := senderDomain(from)
	if err != nil {
		return err
	}
	keys, err := suppressKeys(names)
	if err != nil {
		return err
	}
	var gone, absent int64
	for i, key := range keys {
		ok, err := a.Unsuppress(cmd.Context(), domain, key)
		if err != nil {
			return err
		}
		if ok {
			gone++
			continue
		}
		absent++
		t.say("%s was not on the list", report.Clean(names[i]))
	}
	t.say("%s off the list", human.Plural(gone, "entry is", "entries are"))
	if absent > 0 {
		return &exit{exitFailed, nil, "mailshot suppress list"}
	}
	return nil
}

func (t *tool) suppressList(cmd *cobra.Command, a *accounts.Accounts, asJSON bool) error {
	var out table
	out.add("WHO", "FOR MAIL FROM", "SINCE", "REASON")
	for e, err := range a.Suppressions(cmd.Context()) {
		if err != nil {
			return err
		}
		if asJSON {
			if err := writeLine(t.stdout, suppressed{e.Key, e.Domain, e.Reason, e.Source, e.Time}); err != nil {
				return err
			}
			continue
		}
		from := e.Domain
		if from == "" {
			from = "all"
		}
		who := report.Clean(e.Key)
		if strings.HasPrefix(e.Key, accounts.Hidden) {
			who = "(forgotten)"
		}
		out.add(who, report.Clean(from), e.Time.Local().Format(time.DateOnly), report.Clean(e.Reason))
	}
	if asJSON {
		return nil
	}
	if len(out.rows) == 1 {
		t.say("nobody is on the list")
		return nil
	}
	return out.write(t.stdout, "", 0)
}

// suppressed is an entry of the suppression list in JSON.
type suppressed struct {
	Key    string    `json:"key"`
	From   string    `json:"from,omitempty"`
	Reason string    `json:"reason,omitempty"`
	Source string    `json:"source,omitempty"`
	Time   time.Time `json:"time"`
}

func (t *tool) suppressImport(cmd *cobra.Command, a *accounts.Accounts, file, from string) (err error) {
	domain, err := senderDomain(from)
	if err != nil {
		return err
	}
	in, name := t.stdin, "standard input"
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return usage(err, "mailshot suppress import FILE")
		}
		defer f.Close()
		in, name = f, file
	}
	list, err := suppression.Read(in, name)
	if err != nil {
		return &exit{exitUsage, err, "fix it, then mailshot suppress import " + shell.Quote(file)}
	}
	source := "imported from " + name
	if list.Kind != "" {
		source += " (" + list.Kind + ")"
	}
	for i := range list.Entries {
		list.Entries[i].Domain, list.Entries[i].Source = domain, source
	}
	if err := a.SuppressAll(cmd.Context(), list.Entries); err != nil {
		return err
	}
	t.say("%s on the list", human.Plural(int64(len(list.Entries)), "entry is", "entries are"))
	if list.LeftOut > 0 {
		t.say("%s left out: %s says that they may be mailed", human.Plural(list.LeftOut, "person is", "people are"),
			list.Kind)
	}
	if len(list.Unfit) > 0 {
		many := human.Plural(int64(len(list.Unfit)), "address cannot receive mail and is",
			"addresses cannot receive mail and are")
		t.say("%s left out, the first %s", many, report.Clean(list.Unfit[0].Error()))
	}
	return nil
}

// accountsFile is the path of the user's accounts: --accounts, else where they are by default.
func (t *tool) accountsFile() (string, error) {
	if t.accounts != "" {
		return t.accounts, nil
	}
	return accounts.DefaultPath()
}
