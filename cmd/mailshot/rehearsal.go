package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"mailshot/campaign"
	"mailshot/campaign/definition"
	"mailshot/campaign/transport"
	"mailshot/internal/disk"
	"mailshot/internal/mailbox"
	"mailshot/internal/mount"
	"mailshot/internal/shell"
	"mailshot/internal/sink"
)

// rehearsal is the built-in server of send --to-sink, with its folder .mailshot/sink/N: a ledger of its own, the
// messages, and a record with a line for each message.
type rehearsal struct {
	dir    string
	server *sink.Server
	record *os.File
	store  *lateStore
	path   string // of the messages; "" until opened
	closed bool
}

// manyMessages is the largest number of messages that a rehearsal keeps as .eml files. Above it, it keeps one mbox.
const manyMessages = 10_000

// lateStore is a store that is chosen once the number of messages is known: after the server has started, and before
// the first message.
type lateStore struct{ mailbox.Writer }

// rehearsalHome is the folder with the rehearsals of a campaign: its .mailshot, or the folder of its ledger where another
// machine has the campaign's folder, because a rehearsal has a ledger too.
func (t *tool) rehearsalHome(d *definition.Definition) string {
	if mount.Network(d.Dir) != "" {
		return filepath.Dir(t.stateFile(d))
	}
	return d.Home()
}

// openRehearsal makes the next free folder below home and starts the server on a free port of loopback.
func openRehearsal(home string, fail []string) (_ *rehearsal, err error) {
	rules, err := parseRules(fail)
	if err != nil {
		return nil, err
	}
	r := &rehearsal{store: &lateStore{}}
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

func parseRules(texts []string) ([]sink.Rule, error) {
	var rules []sink.Rule
	for _, text := range texts {
		r, err := sink.ParseRule(text)
		if err != nil {
			return nil, usage(fmt.Errorf("--fail %s: %w", shell.Quote(text), err), "mailshot sink --help")
		}
		rules = append(rules, r)
	}
	return rules, nil
}

func (r *rehearsal) target() *campaign.SinkTarget {
	return &campaign.SinkTarget{Sink: transport.Sink{Host: r.server.Host(), Port: r.server.Port(), TLS: "none"}}
}

func (r *rehearsal) state() string    { return filepath.Join(r.dir, "state.db") }
func (r *rehearsal) accounts() string { return filepath.Join(r.dir, "accounts.db") }

// open chooses where n messages are kept. It is called once, before the first message.
func (r *rehearsal) open(n int64) (err error) {
	format := "eml"
	r.path = filepath.Join(r.dir, "messages")
	if n > manyMessages {
		format = "mbox"
		r.path += ".mbox"
	}
	r.store.Writer, err = mailbox.Open(format, r.path, mailbox.Options{})
	return err
}

// close stops the server and finishes the files. It may be called twice.
func (r *rehearsal) close() error {
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
