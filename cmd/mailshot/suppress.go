package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"mailshot/campaign/accounts"
	"mailshot/campaign/leaving"
	"mailshot/campaign/report"
	"mailshot/campaign/suppression"
	"mailshot/cmd/mailshot/entries"
	"mailshot/cmd/mailshot/human"
	"mailshot/internal/shell"
)

func (t *tool) suppressCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "suppress",
		Short: "The suppression list: add, remove, list, import",
		Long: `suppress keeps the suppression list: the people who are never mailed. The list belongs to the user.
All campaigns obey it, also one that is being sent now. An entry is an address, a whole domain
(@example.com) or all domains below one (@*.example.com). It holds for mail from one sender's domain
(--from), or from all, and for one topic of it (--topic), or for all. Capitals and the spelling of an international domain make no difference.`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usage(fmt.Errorf("suppress has no command %q, only add, remove, list and import", args[0]),
					"mailshot suppress --help")
			}
			return cmd.Help()
		},
	}
	var asked entries.Asked
	add := &cobra.Command{
		Use: "add ADDRESS|@DOMAIN|@*.DOMAIN|TOKEN...", Short: "Put people on the list", Args: args(cobra.MinimumNArgs(1)),
		Long: "add puts people on the list. TOKEN is what {{.mailshot.token}} made in a campaign, as an unsubscribe page gets it,\n" +
			"or the whole link: its person gets no mail about the campaign's topic any more, from the domain that sent it.\n" +
			"Where the campaign has no topic, they get no newsletters and no notices.",
		RunE: func(cmd *cobra.Command, args []string) error {
			return t.suppressAdd(cmd, args, asked)
		},
	}
	add.Flags().StringVar(&asked.Reason, "reason", "", "why, in `WORDS`")
	remove := &cobra.Command{
		Use: "remove ADDRESS|@DOMAIN...", Short: "Take people off the list", Args: args(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return t.withAccounts(func(a *accounts.Accounts) error { return t.suppressRemove(cmd, a, args, asked) })
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
			return t.withAccounts(func(a *accounts.Accounts) error { return t.suppressImport(cmd, a, args[0], asked) })
		},
	}
	for _, c := range []*cobra.Command{add, remove, imports} {
		c.Flags().StringVar(&asked.From, "from", "", "only for mail from this `DOMAIN` (default: from all)")
		c.Flags().StringVar(&asked.Topic, "topic", "", "only for mail about this `TOPIC`, or '*' for newsletters and notices (default: all)")
	}
	cmd.AddCommand(add, remove, list, imports)
	return cmd
}

const importHelp = `import reads a file with one address, @domain or @*.domain per line; a reason and a date may follow
after commas, semicolons or tabs. It also reads a CSV file whose header names such columns: address,
topic, reason, date; and what suppress list --json prints. Lines that begin with # are skipped. One faulty line refuses the whole file.

Exports of other programs are recognised by their columns: listmonk (subscribers; those who are
enabled are left out), Mailchimp (unsubscribed and cleaned), Amazon SES (the JSON of
list-suppressed-destinations, or a CSV of it) and SendGrid (bounces, spam reports, unsubscribes; not
blocks, which are temporary).`

// tokens takes the tokens out of the names, and returns the entries of their people.
func (t *tool) tokens(cmd *cobra.Command, names []string) (others []string, entries []accounts.Entry, err error) {
	for _, name := range names {
		if !leaving.Is(name) {
			others = append(others, name)
			continue
		}
		token, err := t.token(cmd, name, nil)
		if err != nil {
			return nil, nil, err
		}
		e, err := token.Entry()
		if err != nil {
			return nil, nil, &exit{exitFailed, err, "mailshot why " + token.Text}
		}
		entries = append(entries, e)
	}
	return others, entries, nil
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

// suppressAsk reads what a person asks for.
func suppressAsk(asked entries.Asked, names []string) (domain, topic string, keys []string, err error) {
	if domain, topic, err = asked.Mail(); err != nil {
		return "", "", nil, usage(err, "mailshot suppress add --from example.com --topic news ann@example.org")
	}
	if keys, err = entries.Keys(names); err != nil {
		return "", "", nil, usage(err, "mailshot suppress add ann@example.com @example.org")
	}
	return domain, topic, keys, nil
}

// suppressAdd puts on the list whom names and tokens name.
func (t *tool) suppressAdd(cmd *cobra.Command, names []string, asked entries.Asked) error {
	names, left, err := t.tokens(cmd, names)
	if err != nil {
		return err
	}
	domain, topic, keys, err := suppressAsk(asked, names)
	if err != nil {
		return err
	}
	for i := range left {
		left[i].Domain, left[i].Topic = cmp.Or(domain, left[i].Domain), cmp.Or(topic, left[i].Topic)
		left[i].Reason = cmp.Or(asked.Reason, left[i].Reason)
	}
	for _, key := range keys {
		left = append(left, accounts.Entry{Domain: domain, Topic: topic, Key: key, Reason: asked.Reason, Source: "suppress add"})
	}
	err = t.withAccounts(func(a *accounts.Accounts) error { return a.SuppressAll(cmd.Context(), left) })
	if err != nil {
		return err
	}
	t.say("%s on the list", human.Plural(int64(len(left)), "entry is", "entries are"))
	return nil
}

func (t *tool) suppressRemove(cmd *cobra.Command, a *accounts.Accounts, names []string, asked entries.Asked) error {
	domain, topic, keys, err := suppressAsk(asked, names)
	if err != nil {
		return err
	}
	var gone, absent int64
	for i, key := range keys {
		ok, err := a.Unsuppress(cmd.Context(), domain, topic, key)
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
	out.add(entries.Head...)
	for e, err := range a.Suppressions(cmd.Context()) {
		if err != nil {
			return err
		}
		if asJSON {
			if err := writeLine(t.stdout, entries.Of(e)); err != nil {
				return err
			}
			continue
		}
		out.add(entries.Of(e).Row()...)
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

func (t *tool) suppressImport(cmd *cobra.Command, a *accounts.Accounts, file string, asked entries.Asked) (err error) {
	domain, topic, _, err := suppressAsk(asked, nil)
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
		e := &list.Entries[i]
		e.Domain, e.Topic, e.Source = cmp.Or(domain, e.Domain), cmp.Or(topic, e.Topic), source
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
