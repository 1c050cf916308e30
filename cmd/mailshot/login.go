package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"mailshot/campaign/definition"
	"mailshot/campaign/definition/returns"
	"mailshot/campaign/report"
	"mailshot/campaign/transport"
	"mailshot/cmd/mailshot/human"
	"mailshot/cmd/mailshot/typeahead"
	"mailshot/internal/inbox/boxes"
	"mailshot/internal/oauth"
	"mailshot/internal/shell"
	"mailshot/sender/reply"
)

// loginFlags are the flags of login. The second group says, without a campaign, what a campaign file would.
type loginFlags struct {
	logout, headless, file bool
	server                 string

	provider, username, client, secretEnv, tenant string
}

func (t *tool) loginCommand() *cobra.Command {
	var f loginFlags
	cmd := &cobra.Command{
		Use:   "login [CAMPAIGN]",
		Short: "Log in with a provider that wants OAuth2 tokens",
		Long: `login gets the permission to send through the account that the campaign's server section names, for
servers that want OAuth2 tokens (server: oauth:). It shows a page to open, and with the device flow
a code to type there. Without a campaign, --provider, --username and --client-id say what its server
section would.

The login is kept in the system's keyring where there is one, else in a file beside accounts.db that
only you can read; cron jobs mostly need the file (--file). It renews itself from then on. Campaigns
that have the same host, user name and client share it.`,
		Args: args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error { return t.login(cmd, args, f) },
	}
	fs := cmd.Flags()
	fs.BoolVar(&f.logout, "logout", false, "forget the login on this machine")
	fs.BoolVar(&f.headless, "headless", false,
		"the browser is on another machine: paste the address that it ends at (loopback flow)")
	fs.BoolVar(&f.file, "file", false, "keep the login in a file even where there is a keyring")
	fs.StringVar(&f.server, "server", "",
		"of several servers of a campaign, the one with this `NAME`, or the host of a mailbox with oauth of its own "+
			"(default the only one that wants tokens)")
	fs.StringVar(&f.provider, "provider", "",
		"for this provider `ID` (gmail, workspace, m365, outlook.com), without a campaign")
	fs.StringVar(&f.username, "username", "", "with --provider: the `MAILBOX` that logs in")
	fs.StringVar(&f.client, "client-id", "", "with --provider: the `ID` of the client that you have registered there")
	fs.StringVar(&f.secretEnv, "client-secret-env", "",
		"with --provider: the environment variable `NAME` that has the client's secret")
	fs.StringVar(&f.tenant, "tenant", "", "with --provider: Microsoft's `DIRECTORY`, common if not given")
	return cmd
}

func (t *tool) login(cmd *cobra.Command, args []string, f loginFlags) error {
	a, err := t.loginAccount(cmd, args, f)
	if err != nil {
		return err
	}
	who := report.Clean(a.username + " at " + a.host)
	if f.logout {
		found, err := a.tokens.Logout(cmd.Context())
		switch {
		case err != nil:
			return t.noToken(err)
		case !found:
			return &exit{exitFailed, fmt.Errorf("%s is not logged in here", who), a.again}
		}
		t.say("the login of %s is forgotten here; "+
			"to end it everywhere, revoke the permission in the account's settings", who)
		return nil
	}
	dialogue := transport.LoginDialogue{File: f.file, Show: func(p transport.LoginPrompt) { t.prompt(p, who, f.headless) }}
	if f.headless {
		dialogue.Paste = t.stdin
		defer typeahead.Drop(t.stdin)
	}
	place, err := a.tokens.Login(cmd.Context(), dialogue)
	if err != nil {
		return t.noToken(err)
	}
	if place == "" {
		t.say("a token was given for %s; this flow needs no login", who)
	} else {
		t.say("%s is logged in; the login is kept in %s", who, report.Clean(place))
	}
	t.hint(a.next)
	return nil
}

// loginAccount is the account that a login is for.
type loginAccount struct {
	tokens         *transport.Tokens
	username, host string
	again, next    string // the command that logs in, and what to do then
}

// loginAccount finds the account in the campaign, or in the flags.
func (t *tool) loginAccount(cmd *cobra.Command, args []string, f loginFlags) (loginAccount, error) {
	if f.provider != "" {
		return t.loginProvider(args, f)
	}
	for _, name := range []string{"username", "client-id", "client-secret-env", "tenant"} {
		if cmd.Flags().Changed(name) {
			return loginAccount{}, usage(fmt.Errorf("--%s goes with --provider", name), "mailshot login --help")
		}
	}
	d, err := t.load(cmd, args)
	if err != nil {
		return loginAccount{}, err
	}
	config, err := returns.Load("")
	if err != nil {
		return loginAccount{}, err
	}
	list := slices.Clone(d.Returns.Over(config).Boxes)
	for _, s := range d.Servers {
		list = append(list, s.Drafts, s.SentCopy)
	}
	if own := boxes.Logins(list); len(own) > 0 { // a mailbox is logged in to like a server
		with := *d
		with.Servers = append(slices.Clone(d.Servers), own...)
		d = &with
	}
	wanting := slices.DeleteFunc(slices.Clone(d.Servers), func(s *definition.Server) bool { return s.OAuth == nil })
	if f.server == "" && len(wanting) == 1 {
		f.server = wanting[0].Name
	}
	s, err := serverOf(d, f.server)
	if err != nil {
		return loginAccount{}, usage(err, "mailshot login --help")
	}
	tokens, err := transport.NewTokens(transport.TokensConfig{Definition: d, Server: s, Accounts: t.accounts})
	if errors.Is(err, transport.ErrNoOAuth) {
		return loginAccount{}, usage(err, "mailshot check "+shell.Quote(d.Path))
	}
	return loginAccount{tokens, s.Username, s.Host, "mailshot login " + shell.Quote(d.Path),
		"mailshot send " + shell.Quote(d.Path)}, err
}

// loginProvider is the account at a provider's server. A campaign whose server has the same host, user name and client
// finds its login.
func (t *tool) loginProvider(args []string, f loginFlags) (loginAccount, error) {
	const example = "mailshot login --provider m365 --username billing@acme.example " +
		"--client-id 00001111-aaaa-2222-bbbb-3333cccc4444"
	p, known := reply.Preset(f.provider)
	var wanted string // whose authorization server
	switch p.Replies {
	case "google", "microsoft":
		wanted = p.Replies
	}
	switch {
	case len(args) > 0:
		return loginAccount{}, usage(errors.New("name a campaign or --provider, not both"),
			"mailshot login "+shell.Quote(args[0]))
	case !known:
		return loginAccount{}, usage(fmt.Errorf("there is no provider %q", f.provider), "mailshot providers")
	case wanted == "" || p.Host == "":
		err := fmt.Errorf("%s needs URLs to log in with tokens, which only a campaign file can give (server: oauth:)",
			p.Name)
		return loginAccount{}, usage(err, "mailshot providers "+p.ID)
	case f.username == "" || f.client == "":
		return loginAccount{}, usage(errors.New("--provider needs --username and --client-id"), example)
	}
	again := "mailshot login --provider " + p.ID + " --username " + shell.Quote(f.username) + " --client-id " +
		shell.Quote(f.client)
	login := &definition.OAuth{Provider: wanted, ClientID: f.client, Tenant: f.tenant}
	if f.secretEnv != "" {
		login.ClientSecret = &definition.Secret{Env: f.secretEnv}
	}
	tokens, err := transport.NewTokens(transport.TokensConfig{
		Definition: &definition.Definition{}, Server: &definition.Server{Username: f.username, Host: p.Host, OAuth: login},
		Accounts: t.accounts, Command: again,
	})
	return loginAccount{tokens, f.username, p.Host, again, "mailshot init newsletter"}, err
}

// prompt says which page to open. The address has a line of its own, so that it can be copied.
func (t *tool) prompt(p transport.LoginPrompt, who string, headless bool) {
	t.say("to log in as %s, open this page in a browser:", who)
	_, _ = io.WriteString(t.stderr, "\n  "+report.Clean(p.URL)+"\n\n")
	switch {
	case p.Code != "":
		until := ""
		if !p.Expires.IsZero() {
			until = ", within " + human.Duration(time.Until(p.Expires))
		}
		t.say("and type the code %s there%s", t.screen.bold(report.Clean(p.Code)), until)
	case headless:
		t.say("the browser ends at a page that cannot be opened, http://127.0.0.1:...; paste its address here:")
	default:
		t.say("waiting for the browser; if it is on another machine, stop this and use --headless")
	}
}

// noToken says why there is no token, with the next command.
func (t *tool) noToken(err error) error {
	var e *oauth.Error
	if !errors.As(err, &e) {
		return err
	}
	said := *e
	said.Next = ""
	next := e.Next
	if next == "" {
		next = "mailshot login --help"
	}
	return &exit{exitFailed, &said, next}
}
