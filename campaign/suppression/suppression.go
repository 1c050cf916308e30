// Package suppression says who is never mailed. [Open] reads a campaign's own files and stands before the user's list;
// [Checker.Check] asks both about one address, [Checker.Screen] is made for a whole list. [Read] reads a file of such
// people, also an export of listmonk, Mailchimp, Amazon SES or SendGrid, and [Key] gives an entry the form in which lists
// keep it.
package suppression

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"mailshot/campaign/ledger"
)

// Checker answers who is never to be mailed: the campaign's own files, and the user's list in the accounts. Both may be
// added to while a run goes on: a file that has changed is read again before the next message.
type Checker struct {
	accounts *ledger.Accounts
	domain   string // the sender's domain, the scope of the user's list; "" when only the row decides it
	root     *os.Root

	mu    sync.Mutex
	files []file
	keys  map[string]string // address key, "@domain" or "@*.domain" -> why; what was read once stays
}

// file is one of the campaign's files, as it was when it was read last.
type file struct {
	name string
	read fs.FileInfo // nil: never, or not without an error
}

// Config says what to open. Root and Accounts are required.
type Config struct {
	Root     *os.Root         // the campaign's folder
	Files    []string         // of the folder, with slashes; none = the user's list alone
	Domain   string           // the sender's domain, whose part of the user's list holds; "" = the part that holds for all senders
	Accounts *ledger.Accounts // has the user's list
}

// Open reads the files. It closes neither the folder nor the accounts.
func Open(c Config) (*Checker, error) {
	s := &Checker{accounts: c.Accounts, domain: c.Domain, root: c.Root, keys: map[string]string{}}
	for _, name := range c.Files {
		s.files = append(s.files, file{name: name})
	}
	return s, s.refresh()
}

// Domain is the sender's domain, whose part of the user's list holds.
func (s *Checker) Domain() string { return s.domain }

// refresh reads the files that have changed.
func (s *Checker) refresh() error {
	var errs []error
	for i := range s.files {
		f := &s.files[i]
		info, err := s.root.Stat(filepath.FromSlash(f.name))
		if err != nil {
			errs = append(errs, fmt.Errorf("suppress: %w", err))
			continue
		}
		if f.read != nil && os.SameFile(f.read, info) && f.read.Size() == info.Size() && f.read.ModTime().Equal(info.ModTime()) {
			continue
		}
		f.read = nil
		if err := s.read(f.name); err != nil {
			errs = append(errs, err)
			continue
		}
		f.read = info
	}
	return errors.Join(errs...)
}

func (s *Checker) read(name string) error {
	f, err := s.root.Open(filepath.FromSlash(name))
	if err != nil {
		return fmt.Errorf("suppress: %w", err)
	}
	defer f.Close()
	list, err := Read(f, name)
	for _, e := range list.Entries {
		if e.Reason == "" {
			e.Reason = "listed in " + name
		}
		s.keys[e.Key] = e.Reason
	}
	return err
}

// Check says why an address is never to be mailed; "" when it may be. key is address.Address.Key.
func (s *Checker) Check(ctx context.Context, key string) (string, error) {
	s.mu.Lock()
	err := s.refresh()
	why := ""
	if err == nil {
		why = s.listed(key)
	}
	s.mu.Unlock()
	if err != nil || why != "" {
		return why, err
	}
	return reasonOf(s.accounts.Suppressed(ctx, s.domain, key))
}

// Screen is Check as of now, for a plan, which asks it for every row. Who is added later is found by Check, before each message.
func (s *Checker) Screen(ctx context.Context) (check func(ctx context.Context, key string) (string, error), err error) {
	s.mu.Lock()
	err = s.refresh()
	s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	list, err := s.accounts.Screen(ctx, s.domain)
	return func(ctx context.Context, key string) (string, error) {
		s.mu.Lock()
		why := s.listed(key)
		s.mu.Unlock()
		if why != "" {
			return why, nil
		}
		return reasonOf(list.Suppressed(ctx, key))
	}, err
}

// listed is why an address is not to be mailed by the campaign's files, or "". s.mu is held.
func (s *Checker) listed(key string) string {
	if len(s.keys) == 0 {
		return ""
	}
	for _, k := range ledger.SuppressedBy(key) {
		if why := s.keys[k]; why != "" {
			return why
		}
	}
	return ""
}

// reasonOf is why an address is not to be mailed by the user's list, or "".
func reasonOf(entry ledger.Entry, ok bool, err error) (string, error) {
	if err != nil || !ok {
		return "", err
	}
	return cmp.Or(entry.Reason, "on the suppression list"), nil
}
