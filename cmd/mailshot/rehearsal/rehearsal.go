// Package rehearsal is the built-in server of a rehearsal with its folder .mailshot/sink/N: a ledger of its own, the
// messages, and a record with a line for each message. Call [Start], let [Rehearsal.Takes] make it what a campaign
// sends to, call [Rehearsal.Keep] before the first message, and [Rehearsal.Close] at the end.
package rehearsal

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"mailshot/campaign"
	"mailshot/campaign/accounts"
	"mailshot/campaign/identity"
	"mailshot/campaign/transport"
	"mailshot/internal/disk"
	"mailshot/internal/mailbox"
	"mailshot/internal/sink"
)

// Rehearsal is one rehearsal, from Start to Close.
type Rehearsal struct {
	dir    string
	server *sink.Server
	record *os.File
	store  *lateStore
	path   string // of the messages; "" until Keep
	closed bool
}

// manyMessages is the largest number of messages that a rehearsal keeps as .eml files. Above it, it keeps one mbox.
const manyMessages = 10_000

// lateStore is a store that is chosen once the number of messages is known: after the server has started, and before
// the first message.
type lateStore struct{ mailbox.Writer }

// RuleError says that a text is not a rule of the sink.
type RuleError struct {
	Text string
	Err  error
}

func (e *RuleError) Error() string { return e.Text + ": " + e.Err.Error() }

func (e *RuleError) Unwrap() error { return e.Err }

// Start makes the next free folder below home, mostly a campaign's .mailshot, and starts the server on a free port of
// loopback. fail are faults for it to show, as rules of the sink; a rule that is not one is a *RuleError. The caller
// closes the Rehearsal.
func Start(home string, fail []string) (_ *Rehearsal, err error) {
	var rules []sink.Rule
	for _, text := range fail {
		rule, err := sink.ParseRule(text)
		if err != nil {
			return nil, &RuleError{text, err}
		}
		rules = append(rules, rule)
	}
	r := &Rehearsal{store: &lateStore{}}
	if r.dir, err = nextFolder(home); err != nil {
		return nil, err
	}
	record := filepath.Join(r.dir, "record.jsonl")
	if r.record, err = os.OpenFile(record, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600); err != nil {
		return nil, err
	}
	// The record is not synced for each message, because a rehearsal is not a crash test.
	r.server, err = sink.Start(sink.Options{Rules: rules, Record: struct{ io.Writer }{r.record}, Store: r.store})
	if err != nil {
		return nil, errors.Join(err, r.record.Close())
	}
	return r, nil
}

// nextFolder makes the next sink/N below a folder, mostly .mailshot. A .gitignore there keeps personal data out of
// version control.
func nextFolder(state string) (string, error) {
	if err := os.MkdirAll(filepath.Join(state, "sink"), 0o700); err != nil {
		return "", err
	}
	if err := disk.Create(filepath.Join(state, ".gitignore"), "*\n"); err != nil {
		return "", err
	}
	last := 0
	taken, err := os.ReadDir(filepath.Join(state, "sink"))
	if err != nil {
		return "", err
	}
	for _, e := range taken {
		if n, err := strconv.Atoi(e.Name()); err == nil {
			last = max(last, n)
		}
	}
	for n := last + 1; ; n++ {
		dir := filepath.Join(state, "sink", strconv.Itoa(n))
		// If another process has taken this number meanwhile, try the next.
		if err := os.Mkdir(dir, 0o700); !errors.Is(err, fs.ErrExist) {
			return dir, err
		}
	}
}

// Takes makes the rehearsal what a campaign sends to, with a ledger and accounts of its own. o are the options of the
// real send: their secret and their campaign stay, so that Message-IDs and tokens are those of the real send, byte for
// byte.
func (r *Rehearsal) Takes(ctx context.Context, o *campaign.Options) (err error) {
	file := o.Accounts
	if file == "" {
		if file, err = accounts.DefaultPath(); err != nil {
			return err
		}
	}
	a, err := accounts.Open(file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	real := *o
	o.Sink, o.State, o.Accounts = r.target(), r.State(), filepath.Join(r.dir, "accounts.db")
	if o.Sink.Secret, err = a.Secret(ctx); err != nil || o.ID != "" {
		return err
	}
	state := real.State
	if state == "" {
		state = campaign.DefaultState(o.Definition)
	}
	f, err := identity.Find(ctx, identity.Config{
		Definition: o.Definition, State: state, Accounts: a, Now: time.Now(), New: real.New,
	})
	if err == nil {
		o.ID = f.Next()
	}
	return err
}

func (r *Rehearsal) target() *campaign.SinkTarget {
	return &campaign.SinkTarget{Sink: transport.Sink{Host: r.server.Host(), Port: r.server.Port(), TLS: "none"}}
}

// State is the path of the rehearsal's ledger.
func (r *Rehearsal) State() string { return filepath.Join(r.dir, "state.db") }

// Path is where the messages are; "" before Keep.
func (r *Rehearsal) Path() string { return r.path }

// Keep chooses where n messages are kept. It is called once, before the first message.
func (r *Rehearsal) Keep(n int64) error {
	format := "eml"
	r.path = filepath.Join(r.dir, "messages")
	if n > manyMessages {
		format = "mbox"
		r.path += ".mbox"
	}
	store, err := mailbox.Open(format, r.path, mailbox.Options{})
	if err == nil {
		r.store.Writer = store
	}
	return err
}

// Close stops the server and finishes the files. It may be called twice.
func (r *Rehearsal) Close() error {
	if r.closed {
		return nil
	}
	r.closed = true
	err := r.server.Close()
	if r.store.Writer != nil {
		err = errors.Join(err, r.store.Close())
	}
	return errors.Join(err, r.record.Close())
}
