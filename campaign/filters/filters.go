// Package filters asks a spam filter that is installed on this machine what it holds against a message. [Find] finds
// one, and [Filter.Ask] asks it about a message.
//
// SpamAssassin is run for each message, in a process of its own, without its network tests and without the user's
// settings and memory. rspamd and spamd are services: the one that runs on this machine is asked, with its settings.
package filters

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// patience is how long a filter may take for one message.
const patience = time.Minute

// Rule is a rule of a filter that a message fulfils.
type Rule struct {
	Name  string
	Score float64 // points; below zero it speaks for the message
	Text  string  // what it means, in the filter's words; "" = it says nothing
}

// Verdict is what a filter says of a message.
type Verdict struct {
	Score, Required float64 // points, and those from which on it takes a message for spam
	Rules           []Rule  // in the filter's order
}

// Filter is a filter of this machine. It is safe for concurrent use. Close it at the end.
type Filter struct {
	Name string // as people call it: SpamAssassin, rspamd

	program string // its path
	service string // what runs it; "" = it is no service
	args    []string
	home    string // a folder for its files; "" = it needs none
	read    func(output []byte) (Verdict, error)
}

// kind is a filter that may be installed.
type kind struct {
	name, title, program, pack string
	service                    string
	args                       []string
	home                       bool
	read                       func([]byte) (Verdict, error)
}

var all = []kind{
	{name: "spamassassin", title: "SpamAssassin", program: "spamassassin", pack: "spamassassin", home: true,
		read: readTable,
		args: []string{"--local", "--test-mode", "-x", "--cf=use_bayes 0"}},
	{name: "spamc", title: "SpamAssassin (spamd)", program: "spamc", pack: "spamc spamd", service: "spamd",
		read: readTable, args: []string{"-R", "-x"}},
	{name: "rspamd", title: "rspamd", program: "rspamc", pack: "rspamd", service: "rspamd", read: readJSON,
		args: []string{"--json", "--timeout", "50", "symbols"}},
}

// Names are the names that Find takes, beside "" and auto.
func Names() (names []string) {
	for _, k := range all {
		names = append(names, k.name)
	}
	return names
}

// MissingError says that a filter is not installed.
type MissingError struct {
	Program string // "" = none of them is
	Package string // that has it, on Debian
}

func (e *MissingError) Error() string {
	if e.Program == "" {
		return "no spam filter is installed here: neither spamassassin nor rspamd"
	}
	return e.Program + " is not installed here"
}

// Find returns the filter of a name, or with "" or "auto" the first that is installed: SpamAssassin, then rspamd. at
// names another program, with its path, in place of the one on PATH, and more arguments for it; nil = none. The error
// is a *MissingError if it is not there.
func Find(name string, at []string) (*Filter, error) {
	known := false
	for _, k := range all {
		wanted := k.name == name || (name == "" || name == "auto") && k.name != "spamc"
		if !wanted {
			continue
		}
		known = true
		program, err := exec.LookPath(k.program)
		if len(at) > 0 {
			program, err = at[0], nil
		}
		if err != nil {
			if k.name == name {
				return nil, &MissingError{Program: k.program, Package: k.pack}
			}
			continue
		}
		f := &Filter{Name: k.title, program: program, service: k.service, args: k.args, read: k.read}
		if len(at) > 1 {
			f.args = append(append([]string{}, at[1:]...), k.args...)
		}
		if k.home {
			if f.home, err = os.MkdirTemp("", "mailshot-filter-"); err != nil {
				return nil, err
			}
		}
		return f, nil
	}
	if !known {
		return nil, fmt.Errorf("no spam filter is called %q: there are %s", name, strings.Join(Names(), ", "))
	}
	return nil, &MissingError{Package: "spamassassin"}
}

// Close removes what the filter has written. It is safe on nil.
func (f *Filter) Close() error {
	if f == nil || f.home == "" {
		return nil
	}
	return os.RemoveAll(f.home)
}

// Ask returns what the filter says of a message. It takes a minute at most.
func (f *Filter) Ask(ctx context.Context, message []byte) (Verdict, error) {
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	cmd := exec.CommandContext(limited, f.program, f.args...)
	cmd.Stdin = bytes.NewReader(message)
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	cmd.WaitDelay = time.Second
	cmd.Env = append(os.Environ(), "LC_ALL=C", "LANGUAGE=")
	if f.home != "" {
		cmd.Dir = f.home
		cmd.Env = append(cmd.Env, "HOME="+f.home)
	}
	err := cmd.Run()
	switch {
	case ctx.Err() != nil:
		return Verdict{}, ctx.Err()
	case limited.Err() != nil:
		return Verdict{}, fmt.Errorf("%s took longer than %s for a message", f.Name, patience)
	}
	v, wrong := f.read(out.Bytes())
	if wrong == nil {
		return v, nil
	}
	text, _, _ := strings.Cut(strings.TrimSpace(said.String()+out.String()), "\n")
	switch {
	case strings.Contains(strings.ToLower(text), "connection refused"), text == "0/0": // what spamc says without a spamd
		wrong = fmt.Errorf("it is installed and does not run; start it (systemctl start %s)", f.service)
	case text != "" && err != nil:
		wrong = errors.New(text)
	case err != nil:
		wrong = err
	}
	return Verdict{}, fmt.Errorf("%s: %w", f.Name, wrong)
}
