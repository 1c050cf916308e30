// Package readiness says what a send needs beside its messages and does not have: a password, a key, a certificate, a
// login, a program, or time.
//
// Call [Lacks] before a person is asked whether to send. What it finds would else be first seen by the run.
package readiness

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"mailshot/campaign/check"
	"mailshot/campaign/definition"
	"mailshot/campaign/definition/returns"
	"mailshot/campaign/definition/signing"
	"mailshot/campaign/transport"
)

// Config says for what to look.
type Config struct {
	Definition *definition.Definition // required
	Accounts   string                 // path of accounts.db, beside which logins are kept; "" = the user's
	Now        time.Time              // required
	Rehearsal  bool                   // the schedule does not hold
	// Tokens, where it is not nil, gets the tokens of each server, for the run. Then authorization servers are also asked
	// for them. Default: what this machine knows is all.
	Tokens map[*definition.Server]*transport.Tokens
}

// patience is how long authorization servers are asked. What they did not say is left to the run.
const patience = 30 * time.Second

// Lacks returns what is missing, each as an error at its place in the campaign file. It runs no program that is to
// print a secret, because that may ask a person.
func Lacks(ctx context.Context, c Config) []check.Finding {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	l := &looking{Config: c}
	if end := c.Definition.Schedule.NotAfter; !c.Rehearsal && !end.IsZero() && !c.Now.Before(end) {
		l.find(nil, "schedule.not_after", "too-late",
			"schedule.not_after ("+end.Format("Mon 2006-01-02 15:04 MST")+") has passed",
			"move it, or give up what is left with mailshot cancel")
	}
	for _, s := range c.Definition.Signatures {
		l.signature(ctx, fmt.Sprintf("dkim[%d].key", s.Item), s)
	}
	for _, lack := range c.Definition.Sealing.Lacks(ctx, c.Definition.Dir, c.Now) {
		l.find(nil, lack.Path, "no-key", lack.Text, lack.Hint)
	}
	for _, s := range c.Definition.Servers {
		l.server(ctx, s)
	}
	return l.found
}

// looking gathers what is missing.
type looking struct {
	Config
	found []check.Finding
}

func (l *looking) find(s *definition.Server, key, code, text, hint string) {
	l.found = append(l.found, check.From(l.Definition.Mistake(s, key, code, text, hint))...)
}

// server looks at what one server needs.
func (l *looking) server(ctx context.Context, s *definition.Server) {
	if s.Sendmail != "" {
		l.program(s)
	}
	l.secret(ctx, s, "password", s.Password)
	if s.OAuth != nil && l.secret(ctx, s, "oauth.client_secret", s.OAuth.ClientSecret) {
		tokens, err := transport.NewTokens(l.tokens(s))
		if l.login(ctx, s, "oauth", s.OAuth, tokens, err) && l.Tokens != nil {
			l.Tokens[s] = tokens
		}
	}
	if s.CAFile != "" {
		if _, err := transport.Authority(l.Definition.Dir, s.CAFile); err != nil {
			l.find(s, "ca_file", "bad-certificate", said(err), "name a file with certificates in PEM")
		}
	}
	l.certificate(s)
	if s.ToDrafts {
		l.mailbox(ctx, s, &s.Drafts, "drafts")
	}
	if b := &s.SentCopy; b.Kind != "" && !l.Rehearsal {
		l.mailbox(ctx, s, b, "sent_copy")
	}
}

// mailbox looks at what a box of a server's account needs, whose keys are below path.
func (l *looking) mailbox(ctx context.Context, s *definition.Server, b *returns.Box, path string) {
	if !b.Borrowed {
		l.secret(ctx, s, path+".password", b.Password)
		if b.OAuth != nil && l.secret(ctx, s, path+".oauth.client_secret", b.OAuth.ClientSecret) {
			tokens, err := transport.NewBoxTokens(l.tokens(s), b)
			l.login(ctx, s, path+".oauth", b.OAuth, tokens, err)
		}
	}
	if b.CAFile == "" {
		return
	}
	file, err := b.Authority()
	if err == nil {
		_, err = transport.Authority("", file)
	}
	if err != nil {
		text := said(err)
		if file != "" {
			text = strings.ReplaceAll(text, file, b.CAFile)
		}
		l.find(s, path+".ca_file", "bad-certificate", text, "name a file with certificates in PEM")
	}
}

// signature looks at the key of a signature.
func (l *looking) signature(ctx context.Context, key string, s signing.Signature) {
	err := s.Lacks(ctx, l.Definition.Dir)
	if err == nil {
		return
	}
	hint := "put the private key there, in PEM: openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 makes one"
	if open := (*signing.OpenError)(nil); errors.As(err, &open) {
		hint = "chmod 600 " + s.Key.File
	}
	l.find(nil, key, "no-key", err.Error(), hint)
}

// program looks for the program that takes messages.
func (l *looking) program(s *definition.Server) {
	const hint = "install it, or name another with its whole path"
	info, err := os.Stat(s.Sendmail)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		l.find(s, "sendmail", "no-program", s.Sendmail+" is not there", hint)
	case err != nil:
		l.find(s, "sendmail", "no-program", s.Sendmail+": "+said(err), hint)
	case !info.Mode().IsRegular():
		l.find(s, "sendmail", "no-program", s.Sendmail+" is not a program", hint)
	}
}

// secret looks for a secret, and reports whether there may be one.
func (l *looking) secret(ctx context.Context, s *definition.Server, key string, at *definition.Secret) bool {
	if at == nil {
		return true
	}
	err := at.Lacks(ctx, l.Definition.Dir)
	if err == nil {
		return true
	}
	hint := "put the secret into the file, alone on one line"
	switch {
	case at.Env != "":
		hint = "set " + at.Env + " where mailshot send runs, and export it"
	case len(at.Command) > 0:
		hint = "install the program, or write its whole path"
	}
	l.find(s, key, "no-secret", err.Error(), hint)
	return false
}

// tokens says for which account tokens are got.
func (l *looking) tokens(s *definition.Server) transport.TokensConfig {
	return transport.TokensConfig{Definition: l.Definition, Server: s, Accounts: l.Accounts}
}

// login looks whether there can be tokens, which were made of o, whose keys are below key. made reports whether o is as
// it should be.
func (l *looking) login(ctx context.Context, s *definition.Server, key string, o *definition.OAuth,
	tokens *transport.Tokens, err error) (made bool) {
	if o.KeyFile != "" {
		key += ".key_file"
	}
	if err != nil {
		l.find(s, key, "bad-login", err.Error(), "")
		return false
	}
	if lack := tokens.Lacks(ctx, l.Tokens != nil); lack != nil {
		l.find(s, key, "no-login", lack.Text, lack.Hint)
		l.found[len(l.found)-1].Next = lack.Next
	}
	return true
}

// certificate looks at the certificate that this end shows.
func (l *looking) certificate(s *definition.Server) {
	c, err := s.Certificate(l.Definition.Dir)
	switch {
	case err != nil:
		key, text, _ := strings.Cut(strings.TrimPrefix(err.Error(), "server."), ": ")
		l.find(s, key, "bad-certificate", text, "")
	case c != nil && l.Now.After(c.Leaf.NotAfter):
		l.find(s, "client_certificate", "bad-certificate",
			s.ClientCertificate+" was good until "+c.Leaf.NotAfter.Format(time.DateOnly), "renew it")
	}
}

// said is an error of the file system without its operation.
func said(err error) string {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err.Error()
	}
	return err.Error()
}
