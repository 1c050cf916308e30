package main

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"mailshot/campaign"
	"mailshot/campaign/report"
	"mailshot/internal/oauth"
)

func (t *tool) loginCommand() *cobra.Command {
	var logout, headless, file bool
	cmd := &cobra.Command{
		Use:   "login [CAMPAIGN]",
		Short: "Log in with a provider that wants OAuth2 tokens",
		Long: `login gets the permission to send through the account that the campaign's server section names, for servers that want
OAuth2 tokens (server: oauth:). It shows a page to open, and with the device flow a code to type there.

The login is kept in the system's keyring where there is one, else in a file beside accounts.db that only you can read;
cron jobs mostly need the file (--file). It is renewed by itself from then on. Campaigns that have the same host, user
name and client share it.`,
		Args: args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error { return t.login(cmd, args, logout, headless, file) },
	}
	fs := cmd.Flags()
	fs.BoolVar(&logout, "logout", false, "forget the login on this machine")
	fs.BoolVar(&headless, "headless", false, "the browser is on another machine: paste the address that it ends at (loopback flow)")
	fs.BoolVar(&file, "file", false, "keep the login in a file also where there is a keyring")
	return cmd
}

func (t *tool) login(cmd *cobra.Command, args []string, logout, headless, file bool) error {
	d, err := t.load(cmd, args)
	if err != nil {
		return err
	}
	source, err := campaign.Tokens(d, t.accounts)
	if errors.Is(err, campaign.ErrNoOAuth) {
		return usage(err, "mailshot check "+quoted(d.Path))
	}
	if err != nil {
		return err
	}
	who := report.Clean(d.Server.Username + " at " + d.Server.Host)
	if logout {
		found, err := source.Logout(cmd.Context())
		switch {
		case err != nil:
			return t.noToken(err)
		case !found:
			return &exit{exitFailed, fmt.Errorf("%s is not logged in here", who), "mailshot login " + quoted(d.Path)}
		}
		t.say("the login of %s is forgotten here; to end it everywhere, take the permission away in the account's settings", who)
		return nil
	}
	dialogue := oauth.Dialogue{File: file, Show: func(p oauth.Prompt) { t.prompt(p, who, headless) }}
	if headless {
		dialogue.Paste = t.stdin
	}
	place, err := source.Login(cmd.Context(), dialogue)
	if err != nil {
		return t.noToken(err)
	}
	if place == "" {
		t.say("a token was given for %s; this flow needs no login", who)
	} else {
		t.say("%s is logged in; the login is kept in %s", who, report.Clean(place))
	}
	t.hint("mailshot send " + quoted(d.Path))
	return nil
}

// prompt says where to go. The address stands alone, so that it can be copied.
func (t *tool) prompt(p oauth.Prompt, who string, headless bool) {
	t.say("to log in as %s, open this page in a browser:", who)
	_, _ = io.WriteString(t.stderr, "\n  "+report.Clean(p.URL)+"\n\n")
	switch {
	case p.Code != "":
		until := ""
		if !p.Expires.IsZero() {
			until = ", within " + duration(time.Until(p.Expires))
		}
		t.say("and type the code %s there%s", t.screen.bold(report.Clean(p.Code)), until)
	case headless:
		t.say("it ends at a page that cannot be opened, http://127.0.0.1:...; paste that address here:")
	default:
		t.say("waiting for the browser; is it on another machine, stop this and use --headless")
	}
}

// noToken shows why there is no token, with the next command.
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
