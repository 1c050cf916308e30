package campaign

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"mailshot/campaign/accounts"
	"mailshot/campaign/definition"
	"mailshot/campaign/ledger"
	"mailshot/render/address"
	"mailshot/sender"
	"mailshot/sender/reply"
)

// suppression answers who is never to be mailed: the campaign's own files, and the user's list in the accounts. Both may be
// added to while a run goes on: a file that has changed is read again before the next message.
type suppression struct {
	accounts *accounts.Accounts
	domain   string // the sender's domain, the scope of the user's list; "" when only the row decides it
	root     *os.Root

	mu    sync.Mutex
	files []suppressFile
	keys  map[string]string // address key, "@domain" or "@*.domain" -> why; what was read once stays
}

// suppressFile is one of the campaign's files, as it was when it was read last.
type suppressFile struct {
	name string
	read fs.FileInfo // nil: never, or not without an error
}

// openSuppression reads the files that the definition names.
func openSuppression(root *os.Root, def *definition.Definition, accounts *accounts.Accounts) (*suppression, error) {
	s := &suppression{accounts: accounts, domain: senderDomain(def), root: root, keys: map[string]string{}}
	for _, name := range def.Suppress {
		s.files = append(s.files, suppressFile{name: name.Text})
	}
	return s, s.refresh()
}

// refresh reads the files that have changed.
func (s *suppression) refresh() error {
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

func (s *suppression) read(name string) error {
	f, err := s.root.Open(filepath.FromSlash(name))
	if err != nil {
		return fmt.Errorf("suppress: %w", err)
	}
	defer f.Close()
	list, err := ReadSuppressions(f, name)
	for _, e := range list.Entries {
		if e.Reason == "" {
			e.Reason = "listed in " + name
		}
		s.keys[e.Key] = e.Reason
	}
	return err
}

// SuppressionKey is the form in which an address, a whole domain ("@example.com", also written "*@example.com") or all domains
// below one ("@*.example.com", without example.com itself) is kept on a suppression list. Case, the composition of letters
// (NFC) and the spelling of an international domain make no difference; dots, what follows a + and letters that only look the same (Arabic
// and Persian yeh) do, because they do to most servers and to the DNS.
func SuppressionKey(s string) (string, error) {
	if domain, ok := strings.CutPrefix(strings.TrimPrefix(s, "*"), "@"); ok {
		if below, ok := strings.CutPrefix(domain, "*."); ok {
			a, err := address.Parse("x@x." + below)
			if err != nil || strings.Contains(below, "*") {
				return "", fmt.Errorf("%q: %q is not a domain", s, below)
			}
			return "@*." + strings.TrimPrefix(a.Domain(), "x."), nil
		}
		a, err := address.Parse("x@" + domain)
		if err != nil {
			return "", err
		}
		return "@" + a.Domain(), nil
	}
	if strings.Contains(s, "*") {
		return "", fmt.Errorf("%q: a * stands for everybody (*@example.com) or for what is below a domain (@*.example.com), nothing else", s)
	}
	a, err := address.Parse(s)
	if err != nil {
		return "", err
	}
	return a.Key(), nil
}

// check says why an address is never to be mailed; "" when it may be. key is address.Address.Key.
func (s *suppression) check(ctx context.Context, key string) (string, error) {
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

// screen is check as of now, for a plan, which asks it for every row. Who is added later is found by check, before each message.
func (s *suppression) screen(ctx context.Context) (check func(ctx context.Context, key string) (string, error), err error) {
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
func (s *suppression) listed(key string) string {
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

// reasonOf is why an address is not to be mailed by the user's list, or "".
func reasonOf(entry accounts.Entry, ok bool, err error) (string, error) {
	if err != nil || !ok {
		return "", err
	}
	return cmp.Or(entry.Reason, "on the suppression list"), nil
}

// learn puts the address of a refused delivery on the user's list, where the server's words are about the mailbox and
// last. What is refused in a rehearsal says nothing about the list's people.
func (r *run) learn(d *ledger.Delivery, out sender.Outcome) {
	if !out.Suppress || out.Class != reply.Refuse || r.c.opts.Sink != nil || r.c.opts.To != nil {
		return
	}
	entry := accounts.Entry{
		Domain: r.c.suppress.domain, Key: d.AddressKey, Source: "campaign " + r.c.id, Time: r.c.now(),
		Reason: reply.Clean(fmt.Sprintf("refused: %d %s %s", out.Code, out.Enhanced, out.Text)),
	}
	// It is recorded whatever becomes of the run: its context may already have ended.
	if err := r.c.accounts.Suppress(context.Background(), entry); err != nil {
		r.halt(fmt.Errorf("accounts: %w", err))
	}
}

// senderDomain is the domain whose suppression list holds: that of From. Where From is a template whose domain comes
// from the list, the envelope sender's serves.
func senderDomain(def *definition.Definition) string {
	from := strings.TrimRight(def.From.Text, "> \t\r\n")
	if i := strings.LastIndexByte(from, '@'); i >= 0 && !strings.Contains(from[i:], "{{") && !strings.Contains(from[i:], "}}") {
		if a, err := address.Parse("x" + from[i:]); err == nil {
			return a.Domain()
		}
	}
	return def.Bounces.Domain()
}

// lineError is a fault in a small file: in a line, or in one of several objects.
type lineError struct {
	file          string
	line, object  int // from 1; the other is 0
	text, excerpt string
}

func (e *lineError) place() string {
	if e.object > 0 {
		return fmt.Sprintf("%s: entry %d", e.file, e.object)
	}
	return fmt.Sprintf("%s:%d", e.file, e.line)
}

func (e *lineError) Error() string { return e.place() + ": " + e.text }

// Diagnostic gives the parts of the error to who shows it.
func (e *lineError) Diagnostic() (code, place, text, excerpt string, column int, hint string) {
	if e.excerpt != "" {
		column = 1
	}
	return "bad-suppression", e.place(), e.text, e.excerpt, column,
		"one address, @domain or @*.domain a line, a reason after a comma if you like; or an export of listmonk, Mailchimp, SES or SendGrid"
}
