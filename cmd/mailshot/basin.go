package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"mailshot/campaign"
	"mailshot/internal/mailbox"
	"mailshot/internal/sink"
)

// basin is the built-in server of send --to-sink with its folder, .mailshot/sink/N: a ledger of its own, the messages, and
// a record with a line for each.
type basin struct {
	dir    string
	server *sink.Server
	record *os.File
	store  *lateStore
	path   string // of the messages; "" until opened
	closed bool
}

// manyMessages is above how many messages a basin keeps an mbox instead of a folder of .eml files.
const manyMessages = 10_000

// lateStore is a store that is chosen when the number of messages is known, after the server has started and before the
// first message.
type lateStore struct{ mailbox.Writer }

// openBasin makes the next free folder and starts the server on a free port of loopback.
func openBasin(campaignDir string, fail []string) (_ *basin, err error) {
	rules, err := parseRules(fail)
	if err != nil {
		return nil, err
	}
	b := &basin{store: &lateStore{}}
	if b.dir, err = nextFolder(filepath.Join(campaignDir, ".mailshot")); err != nil {
		return nil, err
	}
	if b.record, err = os.OpenFile(filepath.Join(b.dir, "record.jsonl"), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600); err != nil {
		return nil, err
	}
	// The record is not synced for each message: it is a rehearsal's, not the ground truth of a crash test.
	b.server, err = sink.Start(sink.Options{Rules: rules, Record: struct{ io.Writer }{b.record}, Store: b.store})
	if err != nil {
		return nil, errors.Join(err, b.record.Close())
	}
	return b, nil
}

// nextFolder makes sink/N below a campaign's .mailshot folder, N counting up, and sees to it that no version control takes
// up personal data from there.
func nextFolder(state string) (string, error) {
	if err := os.MkdirAll(filepath.Join(state, "sink"), 0o700); err != nil {
		return "", err
	}
	ignore, err := os.OpenFile(filepath.Join(state, ".gitignore"), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	switch {
	case err == nil:
		_, err = ignore.WriteString("*\n")
		if err = errors.Join(err, ignore.Close()); err != nil {
			return "", err
		}
	case !errors.Is(err, fs.ErrExist):
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
		if err := os.Mkdir(dir, 0o700); !errors.Is(err, fs.ErrExist) { // taken by another process meanwhile: the next one
			return dir, err
		}
	}
}

func parseRules(texts []string) ([]sink.Rule, error) {
	var rules []sink.Rule
	for _, text := range texts {
		r, err := sink.ParseRule(text)
		if err != nil {
			return nil, usage(fmt.Errorf("--fail %s: %w", quoted(text), err), "mailshot sink --help")
		}
		rules = append(rules, r)
	}
	return rules, nil
}

func (b *basin) target() *campaign.SinkTarget {
	return &campaign.SinkTarget{Host: b.server.Host(), Port: b.server.Port(), TLS: "none"}
}

func (b *basin) state() string    { return filepath.Join(b.dir, "state.db") }
func (b *basin) accounts() string { return filepath.Join(b.dir, "accounts.db") }

// open chooses where n messages are kept. It is called once, before the first message.
func (b *basin) open(n int64) (err error) {
	format := "eml"
	b.path = filepath.Join(b.dir, "messages")
	if n > manyMessages {
		format = "mbox"
		b.path += ".mbox"
	}
	b.store.Writer, err = mailbox.Open(format, b.path, mailbox.Options{})
	return err
}

// where is what a person is told to look at.
func (b *basin) where() string { return b.path }

// close stops the server and finishes the files. It may be called twice.
func (b *basin) close() error {
	if b.closed {
		return nil
	}
	b.closed = true
	err := b.server.Close()
	if b.store.Writer != nil {
		err = errors.Join(err, b.store.Close())
	}
	return errors.Join(err, b.record.Close())
}

// writeJSON writes a value for scripts: indented, one final line end, no HTML escapes.
func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// writeLine writes a value as one line of JSON.
func writeLine(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}
