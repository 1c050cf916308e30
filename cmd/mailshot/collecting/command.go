package collecting

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mailshot/campaign/definition/secret"
	"mailshot/cmd/mailshot/door"
	"mailshot/internal/inbox/events"
)

// Host is what the command needs from the program around it. All fields except Hooks are required.
type Host struct {
	Stdout io.Writer // gets the addresses, one a line
	Say    func(format string, args ...any)
	// Spool returns the folder for events, if --spool names none.
	Spool func() (string, error)
	// Hooks returns the hooks of a configuration; nil = only the hooks of the command line.
	Hooks func() ([]Hook, error)
	// Interrupts is like signal.NotifyContext; a second interrupt closes hard.
	Interrupts func(context.Context) (ctx context.Context, hard <-chan struct{}, stop func())
	// Usage turns an error into an error of the command line, with the command to type next.
	Usage func(err error, next string) error
}

// flags are the flags of the command line.
type flags struct {
	listen, base, cert, key, spool     string
	topics, certs                      []string
	sendGrid, mailgun, postmark, brevo []string
	confirm                            bool
	window, keep                       time.Duration
	rate                               float64
}

// Command is mailshot collect serve.
func Command(h Host) *cobra.Command {
	var f flags
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Take webhooks of mail providers",
		Long: `serve takes what Amazon SES (by SNS), SendGrid, Mailgun, Postmark and Brevo send of deliveries. It prints
the address for each, one a line. What is verified lies on the disk before it is answered, and collect
reads it there. A provider without a key has no address.

A key is named by where it is, and never written on the command line: a file, env:NAME or keyring:NAME.
It listens on this machine only, behind a proxy, unless --listen says otherwise; with --cert and --key it
speaks HTTPS itself. docs/returns.md says what to switch on at each provider.`,
		Example: `  mailshot collect serve --base-url https://www.acme.example/hooks --sendgrid-key sendgrid.pub
  mailshot collect serve --listen :443 --cert out.pem --key out.key --mailgun-key env:MAILGUN_SIGNING_KEY`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.serve(cmd.Context(), h) },
	}
	fs := cmd.Flags()
	fs.StringVar(&f.listen, "listen", "127.0.0.1:8027", "listen at this `ADDRESS`; port 0 is a free one")
	fs.StringVar(&f.base, "base-url", "", "how providers reach it (`URL`), where that is not --listen")
	fs.StringVar(&f.cert, "cert", "",
		"speak HTTPS with the certificates in this `FILE`, which is read again when it changes")
	fs.StringVar(&f.key, "key", "", "the `FILE` with the key of --cert")
	fs.StringVar(&f.spool, "spool", "", "keep what comes in this `FOLDER` until it is read")
	fs.DurationVar(&f.keep, "keep", 0, "remove what nobody has read after this `TIME`; 0 is never")
	fs.Float64Var(&f.rate, "rate", 100, "answer `N` requests per second in all, on average")
	fs.StringArrayVar(&f.topics, "ses-topic", nil,
		"take events of SES of the topic with this `ARN`; may be given more than once")
	fs.StringArrayVar(&f.certs, "ses-cert", nil, "verify SNS by the certificate in this `FILE`, and fetch none")
	fs.BoolVar(&f.confirm, "ses-confirm", false,
		"confirm the subscription of a --ses-topic, in place of showing its address")
	fs.StringArrayVar(&f.sendGrid, "sendgrid-key", nil, "`WHERE` SendGrid's public verification key is")
	fs.StringArrayVar(&f.mailgun, "mailgun-key", nil, "`WHERE` Mailgun's HTTP webhook signing key is")
	fs.DurationVar(&f.window, "mailgun-window", 5*time.Minute, "take tokens of Mailgun that are at most this `TIME` old")
	fs.StringArrayVar(&f.postmark, "postmark-secret", nil, "`WHERE` the secret is that Postmark shows")
	fs.StringArrayVar(&f.brevo, "brevo-secret", nil, "`WHERE` the secret is that Brevo shows")
	return cmd
}

func (f *flags) serve(parent context.Context, h Host) error {
	const next = "mailshot collect serve --help"
	hooks, err := f.hooks()
	if err != nil {
		return h.Usage(err, next)
	}
	if h.Hooks != nil {
		more, err := h.Hooks()
		if err != nil {
			return err
		}
		hooks = append(hooks, more...)
	}
	if len(hooks) == 0 {
		return h.Usage(errors.New("no provider has a key: --sendgrid-key, --mailgun-key, --postmark-secret, --brevo-secret, "+
			"--ses-topic"), next)
	}
	if f.spool == "" {
		if f.spool, err = h.Spool(); err != nil {
			return err
		}
	}
	ctx, hard, stop := h.Interrupts(parent)
	defer stop()
	s, err := Open(ctx, Config{Listen: f.listen, Base: f.base, Cert: f.cert, Key: f.key, Spool: f.spool, Keep: f.keep,
		Rate: f.rate, Hooks: hooks, Say: h.Say})
	if err != nil {
		return h.Usage(err, next)
	}
	for _, a := range s.Addresses() {
		if _, err := fmt.Fprintln(h.Stdout, a); err != nil {
			return errors.Join(err, s.door.Close())
		}
	}
	h.Say("webhooks are taken, and kept in %s; an interrupt (Ctrl-C) ends it", f.spool)
	if host, _, err := net.SplitHostPort(f.listen); err == nil && f.cert == "" && !door.Local(host) {
		h.Say("whoever can reach %s sees secrets and addresses on their way: only a proxy with HTTPS should", f.listen)
	}
	return s.Serve(ctx, hard)
}

// hooks returns the hooks of the command line.
func (f *flags) hooks() (all []Hook, err error) {
	if len(f.topics) > 0 {
		all = append(all, Hook{Provider: string(events.SES), Topics: f.topics, Certificates: f.certs, Confirm: f.confirm})
	} else if len(f.certs) > 0 || f.confirm {
		return nil, errors.New("--ses-cert and --ses-confirm need --ses-topic")
	}
	for _, one := range []struct {
		flag     string
		provider events.Provider
		where    []string
	}{
		{"--sendgrid-key", events.SendGrid, f.sendGrid}, {"--mailgun-key", events.Mailgun, f.mailgun},
		{"--postmark-secret", events.Postmark, f.postmark}, {"--brevo-secret", events.Brevo, f.brevo},
	} {
		if len(one.where) == 0 {
			continue
		}
		hook := Hook{Provider: string(one.provider), Window: f.window}
		for _, w := range one.where {
			s, err := where(w)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", one.flag, err)
			}
			hook.Keys = append(hook.Keys, s)
		}
		all = append(all, hook)
	}
	return all, nil
}

// where reads the place of a secret: env:NAME, keyring:NAME, file:PATH or a path.
func where(text string) (*secret.Secret, error) {
	kind, name, ok := strings.Cut(text, ":")
	switch {
	case ok && kind == "env" && secret.Variable(name):
		return &secret.Secret{Env: name}, nil
	case ok && kind == "keyring" && name != "":
		return &secret.Secret{Keyring: name}, nil
	case ok && kind == "file" && name != "":
		return &secret.Secret{File: name}, nil
	case ok && (kind == "env" || kind == "keyring" || kind == "file"):
		return nil, fmt.Errorf("%s: names nothing", kind)
	}
	if _, err := os.Stat(text); err != nil { // it is not shown: it may be the secret itself
		return nil, errors.New("what is given is not a file that can be read, env:NAME or keyring:NAME")
	}
	return &secret.Secret{File: text}, nil
}
