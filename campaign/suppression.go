package campaign

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"mailshot/campaign/definition"
	"mailshot/campaign/ledger"
	"mailshot/internal/address"
	"mailshot/sender"
	"mailshot/sender/reply"
)

// suppression answers who is never to be mailed: the campaign's own files, and the user's list in the accounts, which
// other processes may add to while a run goes on.
type suppression struct {
	accounts *ledger.Accounts
	domain   string            // the sender's domain, the scope of the user's list; "" when only the row decides it
	files    map[string]string // address key or "@domain" -> why
}

// openSuppression reads the files that the definition names.
func openSuppression(root *os.Root, def *definition.Definition, accounts *ledger.Accounts) (*suppression, error) {
	s := &suppression{accounts: accounts, domain: senderDomain(def), files: map[string]string{}}
	var errs []error
	for _, name := range def.Suppress {
		errs = append(errs, s.read(root, name.Text))
	}
	return s, errors.Join(errs...)
}

func (s *suppression) read(root *os.Root, name string) error {
	f, err := root.Open(filepath.FromSlash(name))
	if err != nil {
		return fmt.Errorf("suppress: %w", err)
	}
	defer f.Close()
	entries, err := ReadSuppressions(f, name)
	for _, e := range entries {
		if e.Reason == "" {
			e.Reason = "listed in " + name
		}
		s.files[e.Key] = e.Reason
	}
	return err
}

// ReadSuppressions reads a list of people never to be mailed; name is the file's, for errors. A line is an address or
// @domain, then anything after a comma, semicolon or tab as the reason; # begins a comment; a first line without an @ is
// a header. Every bad line is an error with its place; the good ones come back all the same.
func ReadSuppressions(r io.Reader, name string) ([]ledger.Entry, error) {
	var entries []ledger.Entry
	var errs []error
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(strings.TrimPrefix(lines.Text(), "\ufeff"))
		if line == "" || line[0] == '#' || n == 1 && !strings.Contains(line, "@") {
			continue
		}
		who, why := line, ""
		if i := strings.IndexAny(line, ",;\t"); i >= 0 {
			who, why = line[:i], strings.Trim(line[i+1:], ",;\t \"")
		}
		key, err := SuppressionKey(strings.Trim(who, "\" "))
		if err != nil {
			errs = append(errs, &lineError{file: name, line: n, text: err.Error(), excerpt: line})
			continue
		}
		entries = append(entries, ledger.Entry{Key: key, Reason: why})
	}
	if err := lines.Err(); err != nil {
		errs = append(errs, fmt.Errorf("%s: %w", name, err))
	}
	return entries, errors.Join(errs...)
}

// SuppressionKey is the form in which an address or a whole domain ("@example.com") is kept on a suppression list.
func SuppressionKey(s string) (string, error) {
	if domain, ok := strings.CutPrefix(s, "@"); ok {
		a, err := address.Parse("x@" + domain)
		if err != nil {
			return "", err
		}
		return "@" + a.Domain(), nil
	}
	a, err := address.Parse(s)
	if err != nil {
		return "", err
	}
	return a.Key(), nil
}

// check says why an address is never to be mailed; "" when it may be. key is address.Address.Key.
func (s *suppression) check(ctx context.Context, key string) (string, error) {
	if why, ok := s.files[key]; ok {
		return why, nil
	}
	if why, ok := s.files[key[strings.LastIndexByte(key, '@'):]]; ok {
		return why, nil
	}
	entry, ok, err := s.accounts.Suppressed(ctx, s.domain, key)
	if err != nil || !ok {
		return "", err
	}
	if entry.Reason == "" {
		return "on the suppression list", nil
	}
	return entry.Reason, nil
}

// learn puts the address of a refused delivery on the user's list, where the server's words are about the mailbox and
// last. What is refused in a rehearsal says nothing about the list's people.
func (r *run) learn(d *ledger.Delivery, out sender.Outcome) {
	if !out.Suppress || out.Class != reply.Refuse || r.c.opts.Sink != nil || r.c.opts.To != nil {
		return
	}
	entry := ledger.Entry{
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

// lineError is a fault in a line of a small text file.
type lineError struct {
	file          string
	line          int
	text, excerpt string
}

func (e *lineError) Error() string { return fmt.Sprintf("%s:%d: %s", e.file, e.line, e.text) }

// Diagnostic gives the parts of the error to who shows it.
func (e *lineError) Diagnostic() (code, place, text, excerpt string, column int, hint string) {
	return "bad-suppression", fmt.Sprintf("%s:%d", e.file, e.line), e.text, e.excerpt, 1,
		"one address or @domain a line, a reason after a comma if you like"
}
