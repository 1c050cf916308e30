// Package collecting does the work of mailshot collect at the terminal. [Job.Run] finds the mailboxes and the ledgers,
// reads what came back, and reports it. [Job.Explain] says what would follow from messages.
//
// [Command] is mailshot collect serve, which takes webhooks of mail providers. [Open] listens, and [Server.Serve]
// answers until its context ends. The events wait in a folder, and collect reads them there.
package collecting

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"mailshot/campaign/definition/secret"
	"mailshot/cmd/mailshot/door"
	"mailshot/internal/inbox/events"
	"mailshot/internal/inbox/spool"
	"mailshot/internal/inbox/webhook"
)

// Hook is a provider that may send events.
type Hook struct {
	Provider string // ses, sendgrid, mailgun, postmark or brevo
	// Keys says where its secrets are: SendGrid's public keys, Mailgun's signing keys, the secrets that Postmark and
	// Brevo send. SES has none.
	Keys         []*secret.Secret
	Dir          string        // of the campaign that names Keys; default the working folder
	Topics       []string      // of SES: the ARNs of the topics of SNS
	Certificates []string      // of SES: files of certificates of SNS; default: they are fetched
	Confirm      bool          // of SES: a subscription is confirmed without the person
	Window       time.Duration // of Mailgun: how old a token may be; default 5 minutes
}

// Config says what is served. Listen, Spool and Hooks are required.
type Config struct {
	Listen    string // host:port
	Base      string // the address by which providers reach it, such as https://www.acme.example/hooks; default: Listen's
	Cert, Key string // files; default: plain HTTP, behind a proxy
	Spool     string // the folder for events
	Keep      time.Duration
	Rate      float64 // requests a second from all senders, on average; default 100
	Hooks     []Hook
	Say       func(format string, args ...any)
}

// Server listens. Make it with Open.
type Server struct {
	door  *door.Door
	spool *spool.Spool
	keep  time.Duration
	base  string
	paths []string
	say   func(format string, args ...any)
}

// mostOpen is how many connections may be open at once. The events of a provider come from few addresses.
const mostOpen = 500

// Open reads the secrets and listens, but does not answer requests yet.
func Open(ctx context.Context, c Config) (*Server, error) {
	if c.Say == nil {
		c.Say = func(string, ...any) {}
	}
	base, path, err := parseBase(c.Base)
	if err != nil {
		return nil, err
	}
	kept, err := spool.Open(c.Spool)
	if err != nil {
		return nil, fmt.Errorf("the folder for what comes: %w", err)
	}
	wc := webhook.Config{Spool: kept, Base: path, Rate: c.Rate, Say: c.Say}
	for _, hook := range c.Hooks {
		if err := hook.into(ctx, &wc); err != nil {
			return nil, err
		}
	}
	handler, err := webhook.New(wc)
	if err != nil {
		return nil, err
	}
	s := &Server{spool: kept, keep: c.Keep, base: base, paths: handler.Paths(), say: c.Say}
	s.door, err = door.Open(door.Config{Listen: c.Listen, Cert: c.Cert, Key: c.Key, Handler: handler,
		Read: 30 * time.Second, Write: 60 * time.Second, All: mostOpen, Say: c.Say})
	if err != nil {
		return nil, err
	}
	return s, nil
}

// into reads the secrets of a hook, and adds them to the provider's other settings.
func (h *Hook) into(ctx context.Context, c *webhook.Config) error {
	var values []string
	for _, k := range h.Keys {
		v, err := k.Text(ctx, h.Dir) // a public key has several lines
		if err != nil {
			return fmt.Errorf("the secret of %s: %w", h.Provider, err)
		}
		values = append(values, strings.TrimSpace(v))
	}
	switch events.Provider(h.Provider) {
	case events.SES:
		if c.SES == nil {
			c.SES = &webhook.SES{}
		}
		c.SES.Topics, c.SES.Confirm = append(c.SES.Topics, h.Topics...), c.SES.Confirm || h.Confirm
		certs, err := certificatesIn(h.Certificates)
		c.SES.Certificates = append(c.SES.Certificates, certs...)
		return err
	case events.SendGrid:
		if c.SendGrid == nil {
			c.SendGrid = &webhook.SendGrid{}
		}
		c.SendGrid.Keys = append(c.SendGrid.Keys, values...)
	case events.Mailgun:
		if c.Mailgun == nil {
			c.Mailgun = &webhook.Mailgun{}
		}
		c.Mailgun.Keys, c.Mailgun.Window = append(c.Mailgun.Keys, values...), max(c.Mailgun.Window, h.Window)
	case events.Postmark:
		c.Postmark = shown(c.Postmark, values)
	case events.Brevo:
		c.Brevo = shown(c.Brevo, values)
	default:
		return fmt.Errorf("%q is not a provider whose webhooks are known: brevo, mailgun, postmark, sendgrid, ses",
			h.Provider)
	}
	return nil
}

func shown(s *webhook.Secret, values []string) *webhook.Secret {
	if s == nil {
		s = &webhook.Secret{}
	}
	s.Secrets = append(s.Secrets, values...)
	return s
}

// certificatesIn reads the certificates in files.
func certificatesIn(files []string) (all []*x509.Certificate, err error) {
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		before := len(all)
		for {
			var block *pem.Block
			if block, text = pem.Decode(text); block == nil {
				break
			}
			cert, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			all = append(all, cert)
		}
		if len(all) == before {
			return nil, fmt.Errorf("%s: there is no certificate in it", name)
		}
	}
	return all, nil
}

// parseBase splits an address into the part before the paths of the providers, and its path.
func parseBase(text string) (base, path string, err error) {
	if text == "" {
		return "", "", nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return "", "", fmt.Errorf("--base-url %q is not an address such as https://www.acme.example/hooks", text)
	}
	if u.Scheme != "https" && !(u.Scheme == "http" && door.Local(u.Hostname())) {
		return "", "", fmt.Errorf("--base-url %q: secrets and addresses do not go in clear; write https: there", text)
	}
	path = strings.TrimRight(u.Path, "/")
	return u.Scheme + "://" + u.Host, path, nil
}

// Addresses returns the addresses to give to the providers, one for each. Postmark and Brevo also need the secret.
func (s *Server) Addresses() (all []string) {
	base := s.base
	if base == "" {
		base = s.door.URL()
	}
	for _, p := range s.paths {
		all = append(all, base+p)
	}
	return all
}

// The times between two sweeps, and the ages of what they remove.
const (
	between = time.Hour
	marks   = 15 * 24 * time.Hour // longer than any signature is good for
)

// Serve answers requests until ctx ends. Then it takes no new requests, and returns when all open requests are
// answered. It closes connections at once when hard is closed. Every event that was answered with 200 is on the disk.
func (s *Server) Serve(ctx context.Context, hard <-chan struct{}) error {
	sweeping, rest := context.WithCancel(ctx)
	var work sync.WaitGroup
	work.Go(func() { s.sweep(sweeping) })
	defer work.Wait()
	defer rest()
	return s.door.Serve(ctx, hard)
}

// sweep removes old files, now and every hour.
func (s *Server) sweep(ctx context.Context) {
	tick := time.NewTicker(between)
	defer tick.Stop()
	for {
		err := s.spool.Sweep(marks, false)
		if s.keep > 0 {
			err = errors.Join(err, s.spool.Sweep(s.keep, true))
		}
		if err != nil {
			s.say("what is old could not be removed: %v", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
