// Package suppression says who is never mailed. [Open] reads the suppression files of a campaign; [Checker.Check] then
// says of one address whether a file or the user's own list forbids it, and [Checker.Screen] does the same for a whole
// list of recipients. [Read] reads one file, which a person wrote or which listmonk, Mailchimp, Amazon SES or SendGrid
// exported. [Key] returns the form in which an entry is kept. [Checker.Live] is for a run.
//
// An entry is an address, a whole domain, or all domains below one. It keeps its reason. The user's list is in the
// accounts, and holds for one sender's domain or for all senders.
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

	"mailshot/campaign/accounts"
)

// Checker says whether an address may be mailed, by the campaign's suppression files and by the user's list in the
// accounts. Both may grow while a run goes on: a file that has changed is read again before the next message. It is
// safe for concurrent use.
type Checker struct {
	accounts *accounts.Accounts
	mail     accounts.Mail // whose domain is "" if each row has its own
	root     *os.Root

	mu    sync.Mutex
	files []file
	keys  map[string]string // the reason by Key; an entry that was read once stays
}

// file is one of the campaign's suppression files.
type file struct {
	name string
	read fs.FileInfo // of the file when it was read last; nil = never, or with an error
}

// Config says what to open. Root and Accounts are required.
type Config struct {
	Root     *os.Root           // the campaign's folder
	Files    []string           // paths below Root, with slashes; none = the user's list alone
	Mail     accounts.Mail      // is asked about; of no domain = only those entries of the user's list that hold for all senders
	Accounts *accounts.Accounts // has the user's list
}

// Open reads the files. All their mistakes come at once. The caller still closes the folder and the accounts.
func Open(c Config) (*Checker, error) {
	s := &Checker{accounts: c.Accounts, mail: c.Mail, root: c.Root, keys: map[string]string{}}
	for _, name := range c.Files {
		s.files = append(s.files, file{name: name})
	}
	return s, s.refresh()
}

// Domain is the sender's domain, as the Config had it.
func (s *Checker) Domain() string { return s.mail.Domain }

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
		if f.read != nil && unchanged(f.read, info) {
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

// unchanged reports whether a file is still what it was.
func unchanged(before, now fs.FileInfo) bool {
	return os.SameFile(before, now) && before.Size() == now.Size() && before.ModTime().Equal(now.ModTime())
}

// read reads a file and keeps its entries.
func (s *Checker) read(name string) error {
	f, err := s.root.Open(filepath.FromSlash(name))
	if err != nil {
		return fmt.Errorf("suppress: %w", err)
	}
	defer f.Close()
	list, err := Read(f, name)
	for _, e := range list.Entries {
		if !s.mail.Has(e.Topic) {
			continue
		}
		if e.Reason == "" {
			e.Reason = "listed in " + name
		}
		s.keys[e.Key] = e.Reason
	}
	return err
}

// Check says why an address is never mailed, "" if it may be. key is the address's [Key]. An error means that nobody
// knows, and that the address must not be mailed.
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
	return reasonOf(s.accounts.Suppressed(ctx, s.mail, key))
}

// Screen returns Check as of now, made for a plan that asks about every row. An entry that is added later is found by
// Check, before each message.
func (s *Checker) Screen(ctx context.Context) (check func(ctx context.Context, key string) (string, error), err error) {
	s.mu.Lock()
	err = s.refresh()
	s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	list, err := s.accounts.Screen(ctx, s.mail)
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

// Live is Check for a run: it asks for news of the lists once for many messages, and answers from what it knows.
type Live struct {
	s    *Checker
	list *accounts.Screen

	mu  sync.Mutex
	err error // of the last News
}

// Live reads the lists as of now.
func (s *Checker) Live(ctx context.Context) (*Live, error) {
	s.mu.Lock()
	err := s.refresh()
	s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	list, err := s.accounts.Screen(ctx, s.mail)
	return &Live{s: s, list: list}, err
}

// News reads what was added to the lists. From then on Check knows whoever was on one before News was called, whichever
// process put them there. After an error Check fails until News has succeeded.
func (l *Live) News(ctx context.Context) error {
	l.s.mu.Lock()
	err := l.s.refresh()
	l.s.mu.Unlock()
	if err == nil {
		err = l.list.News(ctx)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.err = err
	return err
}

// Nobody reports whether nobody was on a list at the last News.
func (l *Live) Nobody() bool {
	l.s.mu.Lock()
	defer l.s.mu.Unlock()
	return len(l.s.keys) == 0 && l.list.Empty()
}

// Check answers as [Checker.Check], for what was on the lists at the last News.
func (l *Live) Check(ctx context.Context, key string) (string, error) {
	l.mu.Lock()
	err := l.err
	l.mu.Unlock()
	if err != nil {
		return "", err
	}
	l.s.mu.Lock()
	why := l.s.listed(key)
	l.s.mu.Unlock()
	if why != "" {
		return why, nil
	}
	return reasonOf(l.list.Suppressed(ctx, key))
}

// listed says why the campaign's files keep an address from being mailed, "" if they do not. s.mu is held.
func (s *Checker) listed(key string) string {
	if len(s.keys) == 0 {
		return ""
	}
	for _, k := range accounts.SuppressedBy(key) {
		if why := s.keys[k]; why != "" {
			return why
		}
	}
	return ""
}

// reasonOf says why the user's list keeps an address from being mailed, "" if it does not.
func reasonOf(entry accounts.Entry, ok bool, err error) (string, error) {
	if err != nil || !ok {
		return "", err
	}
	why := cmp.Or(entry.Reason, "on the suppression list")
	switch entry.Topic {
	case "":
	case accounts.Bulk:
		why += " (newsletters and notices)"
	default:
		why += " (" + entry.Topic + ")"
	}
	return why, nil
}
