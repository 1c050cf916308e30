package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"mailshot/cmd/mailshot/browser"
	"mailshot/cmd/mailshot/web"
	"mailshot/internal/shell"
)

func (t *tool) uiCommand() *cobra.Command {
	var listen string
	var noOpen, asJSON bool
	cmd := &cobra.Command{
		Use:   "ui [FOLDER]",
		Short: "A window in the browser: compose, look, send and watch",
		Long: `ui opens the campaigns of a folder (default: this one) in the browser. The window is for this machine
alone: its address works once, in one browser, and nothing is loaded from elsewhere. Each page shows
the command that does the same.

The runs that the window begins are its own: a page's closing ends none of them. An interrupt ends the
window as it ends a send: nothing new is taken, and what is on the wire is finished.`,
		Example: `  mailshot ui
  mailshot ui campaigns --listen 127.0.0.1:8025 --no-open`,
		Args: args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			folder := "."
			if len(args) > 0 {
				folder = args[0]
			}
			return t.ui(cmd, folder, listen, !noOpen, asJSON)
		},
	}
	cmd.Flags().StringVar(&listen, "listen", "127.0.0.1:0", "listen at this `ADDRESS` of this machine; port 0 is a free one")
	cmd.Flags().BoolVar(&noOpen, "no-open", false, "print the address and open no browser")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the addresses as a line of JSON")
	return cmd
}

func (t *tool) ui(cmd *cobra.Command, folder, listen string, open, asJSON bool) error {
	if filepath.Ext(folder) == ".yaml" {
		return usage(fmt.Errorf("ui opens a folder, and %s is a file", folder),
			"mailshot ui "+shell.Quote(filepath.Dir(folder)))
	}
	w, err := web.Open(web.Config{Dir: folder, Listen: listen, State: t.state, Accounts: t.accounts})
	if err != nil {
		if strings.Contains(err.Error(), "this machine alone") {
			err = fmt.Errorf("%w: whoever reaches the window could read the list and send in your name", err)
		}
		return usage(err, "mailshot ui "+shell.Quote(folder))
	}
	ctx, hard, stop := interrupts(cmd.Context())
	defer stop()
	address := w.Address()
	if asJSON {
		err = writeLine(t.stdout, windowOpen{address, w.MailAddress()})
	} else {
		_, err = fmt.Fprintln(t.stdout, address)
	}
	if err == nil && open {
		if oerr := browser.Open(address); oerr != nil {
			t.say("no browser could be opened (%v); open the address yourself", oerr)
		}
	}
	t.say("the window is open, for one browser; an interrupt (Ctrl-C) closes it")
	return errors.Join(err, w.Serve(ctx, hard))
}

// windowOpen is where the window is, in JSON.
type windowOpen struct {
	URL     string `json:"url"`      // with the secret that lets one browser in
	MailURL string `json:"mail_url"` // of the port that shows the mails
}
