package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"mailshot/campaign/accounts"
	"mailshot/campaign/leaving"
	"mailshot/cmd/mailshot/entries"
)

// token reads the token in a text, and looks into the ledgers of campaigns for whose it is.
func (t *tool) token(cmd *cobra.Command, text string, campaigns []string) (token *leaving.Token, err error) {
	files, err := t.ledgers(cmd, campaigns)
	if err != nil {
		return nil, err
	}
	err = t.withAccounts(func(a *accounts.Accounts) (err error) {
		token, err = leaving.Find(cmd.Context(), text, a, files)
		return err
	})
	unusable := (*leaving.UnusableError)(nil)
	switch {
	case !errors.As(err, &unusable):
		return token, err
	case !errors.Is(err, leaving.ErrNobody):
		return nil, &exit{exitFailed, err, "take it from a message as it was sent"}
	}
	where := strings.Join(files, ", ")
	if where == "" {
		where = "this folder, which has no ledger"
	}
	return nil, &exit{exitFailed, fmt.Errorf("nobody has the token %s in %s", unusable.Text, where),
		"name the campaigns that made it, or go to their folder"}
}

// whyToken says what is known of a person of whom there is only a token.
func (t *tool) whyToken(ctx context.Context, token *leaving.Token, asJSON bool) error {
	k := known{Token: entries.TokenOf(token), Suppressed: []entries.Suppressed{}, Campaigns: []personRow{}}
	err := t.withAccounts(func(a *accounts.Accounts) error {
		list, err := a.Listed(ctx, token.Key())
		k.Suppressed = entries.All(list)
		return err
	})
	if err != nil {
		return err
	}
	if asJSON {
		return writeJSON(t.stdout, k)
	}
	b := k.Token.String()
	if !token.Rehearsal {
		b += "no ledger here has its person: they were forgotten, their campaign was purged, or it is in another folder\n"
	}
	for _, e := range k.Suppressed {
		b += "its person " + e.Words("") + "\n"
	}
	_, err = io.WriteString(t.stdout, b)
	return err
}
