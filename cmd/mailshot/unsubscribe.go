package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"

	"github.com/spf13/cobra"

	"mailshot/campaign/accounts"
	"mailshot/campaign/check"
	"mailshot/campaign/definition"
	"mailshot/campaign/leaving/visitors"
	"mailshot/campaign/leaving/words"
	"mailshot/cmd/mailshot/door"
	"mailshot/cmd/mailshot/human"
	"mailshot/cmd/mailshot/unsubscribing"
)

// unsubscribeFlags are the flags of both commands and of serve.
type unsubscribeFlags struct {
	listen, base, cert, key, log string
	texts, proxies               []string
	language                     string
	each, all                    float64
}

func (t *tool) unsubscribeCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "unsubscribe",
		Short: "The page on which people unsubscribe: serve it, or write one",
		Long: `unsubscribe has the page that unsubscribe.url of a campaign leads to. docs/unsubscribe.md shows how to
run it behind nginx, Caddy or alone.`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usage(fmt.Errorf("unsubscribe has no command %q, only serve and page", args[0]),
					"mailshot unsubscribe --help")
			}
			return cmd.Help()
		},
	}
	cmd.AddCommand(t.unsubscribeServe(), t.unsubscribePage())
	return cmd
}

func (f *unsubscribeFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&f.texts, "texts", nil,
		"read texts in another language from this `FILE` or folder; may be given more than once")
	cmd.Flags().StringVar(&f.language, "language", "en", "the `LANGUAGE` of people whose languages are not there")
}

// words are the texts of the pages.
func (t *tool) words(f *unsubscribeFlags) (*words.Set, error) {
	set, err := words.Load(f.texts)
	if err != nil {
		fs := check.From(err)
		t.findings(fs)
		return nil, &exit{exitUsage, fmt.Errorf("%s in the texts", human.Plural(int64(len(fs)), "mistake")), t.again()}
	}
	if set, err = set.First(f.language); err != nil {
		return nil, usage(fmt.Errorf("--language: %w", err), "mailshot unsubscribe --help")
	}
	return set, nil
}

func (t *tool) unsubscribeServe() *cobra.Command {
	var f unsubscribeFlags
	cmd := &cobra.Command{
		Use:   "serve [CAMPAIGN...]",
		Short: "Serve the page on which people unsubscribe",
		Long: `serve answers the links in messages: a GET shows a page and changes nothing, a POST (the button, or one
click in a mail program) puts the person on the suppression list before it is answered. It prints its
address on standard output, then a line of JSON for each act, without addresses and tokens.

It listens on this machine only, behind a proxy, unless --listen says otherwise; with --cert and --key it
speaks HTTPS itself. Campaigns that are named are compared with --base-url, and the page shows their
sender and topics. An interrupt takes nothing new and answers what was asked.`,
		Example: `  mailshot unsubscribe serve --base-url https://www.acme.example/u --trust-proxy 127.0.0.1
  mailshot unsubscribe serve --listen :443 --base-url https://out.acme.example --cert out.pem --key out.key`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return t.withAccounts(func(a *accounts.Accounts) error { return t.serveUnsubscribe(cmd, args, a, &f) })
		},
	}
	f.add(cmd)
	fs := cmd.Flags()
	fs.StringVar(&f.listen, "listen", "127.0.0.1:8026", "listen at this `ADDRESS`; port 0 is a free one")
	fs.StringVar(&f.base, "base-url", "", "what the links in messages begin with (`URL`)")
	fs.StringVar(&f.cert, "cert", "", "speak HTTPS with the certificates in this `FILE`, which is read again when it changes")
	fs.StringVar(&f.key, "key", "", "the `FILE` with the key of --cert")
	fs.StringArrayVar(&f.proxies, "trust-proxy", nil,
		"believe X-Forwarded-For of a proxy at this `ADDRESS` or network; may be given more than once")
	fs.Float64Var(&f.each, "rate-each", 50, "answer `N` requests of one address per second, and ten times that at once; 0 is any number")
	fs.Float64Var(&f.all, "rate-all", 1000, "answer `N` requests per second in all; 0 is any number")
	fs.StringVar(&f.log, "log", "", "append the lines of acts to this `FILE` in place of standard output")
	return cmd
}

func (t *tool) serveUnsubscribe(cmd *cobra.Command, args []string, a *accounts.Accounts, f *unsubscribeFlags) (err error) {
	c, err := t.unsubscribeConfig(cmd, args, f)
	if err != nil {
		return err
	}
	c.Accounts, c.Log, c.Say = a, t.stdout, t.say
	if f.log != "" {
		file, no := os.OpenFile(f.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if no != nil {
			return usage(no, "mailshot unsubscribe serve --log FILE")
		}
		defer func() { err = errors.Join(err, file.Close()) }()
		c.Log = io.Writer(file)
	}
	ctx, hard, stop := interrupts(cmd.Context())
	defer stop()
	s, err := unsubscribing.Open(ctx, c)
	if err != nil {
		return usage(err, "mailshot unsubscribe serve --help")
	}
	if _, err := fmt.Fprintln(t.stdout, s.Address()); err != nil {
		return err
	}
	t.say("links that begin with %s are answered; an interrupt (Ctrl-C) ends it", c.Base)
	if host, _, err := net.SplitHostPort(f.listen); err == nil && f.cert == "" && !door.Local(host) {
		t.say("whoever can reach %s sees tokens on their way: only a proxy with HTTPS should", f.listen)
	}
	return s.Serve(ctx, hard)
}

// unsubscribeConfig reads what the command line says, and compares it with the campaigns.
func (t *tool) unsubscribeConfig(cmd *cobra.Command, args []string, f *unsubscribeFlags) (c unsubscribing.Config, err error) {
	bad := func(err error) (unsubscribing.Config, error) {
		return c, usage(err, "mailshot unsubscribe serve --help")
	}
	switch {
	case f.base == "":
		return bad(errors.New("--base-url is missing: what the links in messages begin with; https://www.acme.example/u"))
	case (f.cert == "") != (f.key == ""):
		return bad(errors.New("--cert and --key go together"))
	case f.each < 0 || f.all < 0:
		return bad(errors.New("--rate-each and --rate-all cannot be negative"))
	}
	c.Listen, c.Cert, c.Key, c.EachRate, c.AllRate = f.listen, f.cert, f.key, f.each, f.all
	if c.Base, err = unsubscribing.ParseBase(f.base); err != nil {
		return bad(fmt.Errorf("--base-url: %w", err))
	}
	if c.Proxies, err = visitors.ParseProxies(f.proxies); err != nil {
		return bad(fmt.Errorf("--trust-proxy: %w", err))
	}
	if c.Words, err = t.words(f); err != nil {
		return c, err
	}
	for _, name := range args {
		d, err := t.loadWith(cmd, []string{name}, definition.Flags{NoList: true})
		if err != nil {
			return c, err
		}
		c.Campaigns = append(c.Campaigns, d)
	}
	if errs := c.Base.Check(c.Campaigns); len(errs) > 0 {
		fs := check.From(errors.Join(errs...))
		t.findings(fs)
		return c, &exit{exitUsage, fmt.Errorf("%s; nothing is served", human.Plural(int64(len(fs)), "mistake")), t.again()}
	}
	if len(args) > 0 || t.state != "" {
		c.Ledgers, err = t.ledgers(cmd, args)
	}
	return c, err
}

func (t *tool) unsubscribePage() *cobra.Command {
	var f unsubscribeFlags
	var mailto, out string
	cmd := &cobra.Command{
		Use:   "page [CAMPAIGN]",
		Short: "Write a page that composes the mail, for those without a server",
		Long: `page writes a page for any place that serves files. It takes the token out of its own address
(https://www.acme.example/leave.html#TOKEN) and writes the mail that unsubscribes, to unsubscribe.mailto of
the campaign. It is one file, loads nothing, and works without its script.`,
		Example: `  mailshot unsubscribe page --out leave.html campaign.yaml
  mailshot unsubscribe page --mailto 'leave@acme.example?subject={{.mailshot.token}}' > leave.html`,
		Args: args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			set, err := t.words(&f)
			if err != nil {
				return err
			}
			if mailto == "" {
				d, err := t.loadWith(cmd, args, definition.Flags{NoList: true})
				if err != nil {
					return err
				}
				if mailto = d.Bulk.Address.Text; mailto == "" {
					return usage(fmt.Errorf("%s has no unsubscribe.mailto", d.Path),
						"mailshot unsubscribe page --mailto 'leave@acme.example?subject={{.mailshot.token}}'")
				}
			}
			var b bytes.Buffer
			if err := unsubscribing.WritePage(&b, mailto, set); err != nil {
				return usage(err, "mailshot unsubscribe page --help")
			}
			if out == "" {
				_, err = t.stdout.Write(b.Bytes())
				return err
			}
			if err := os.WriteFile(out, b.Bytes(), 0o644); err != nil { // for everybody: it goes to a web server
				return usage(err, "mailshot unsubscribe page --out FILE")
			}
			t.say("%s is written; links to it end with #{{.mailshot.token}}", out)
			return nil
		},
	}
	f.add(cmd)
	cmd.Flags().StringVar(&mailto, "mailto", "", "the `TEMPLATE` of the address, as unsubscribe.mailto (default: the campaign's)")
	cmd.Flags().StringVar(&out, "out", "", "write the page to this `FILE` (default: standard output)")
	return cmd
}
