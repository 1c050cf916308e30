// Package leaving says who leaves which mail: [Find] reads the token of a person's message, as an unsubscribe page or a
// report gives it, and says which person and which campaign it belongs to. [Token.Entry] returns the entry for the
// suppression list. [MailOf] describes a campaign's mail for a question to that list.
//
// A token is understood as long as the user's accounts exist: they keep what a campaign's tokens mean, and the token
// itself has a keyed hash of the address. So it works even if the campaign was purged or its person forgotten. Ledgers
// only say which address it is.
package leaving

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"sync"
	"time"

	"mailshot/campaign/accounts"
	"mailshot/campaign/definition"
	"mailshot/campaign/definition/bulk"
	"mailshot/campaign/ledger"
	"mailshot/render"
	"mailshot/render/address"
	"mailshot/render/token"
)

// MailOf returns the mail of a definition's campaign.
func MailOf(d *definition.Definition) accounts.Mail {
	return accounts.Mail{Domain: d.SenderDomain(), Topic: d.Bulk.Topic, Transactional: d.Bulk.Kind == bulk.Transactional}
}

// Issue remembers what a campaign's tokens mean. Call it before the first token leaves.
func Issue(ctx context.Context, a *accounts.Accounts, c token.Campaign, now time.Time) error {
	secret, err := a.Secret(ctx)
	if err != nil {
		return err
	}
	return a.Issue(ctx, accounts.Tokened{
		Campaign: token.Of(secret, c), ID: c.ID, Domain: c.Domain, Topic: c.Topic, Time: now,
	})
}

// Token is a genuine token, with the person and the campaign that it belongs to.
type Token struct {
	Text                    string // as it is in the message
	Use                     token.Use
	Rehearsal               bool   // it acts on nobody
	Campaign, Domain, Topic string // the campaign's id, its sender's domain and its topic; "" = not known
	AddressKey              string // of the person; "" if none of the searched ledgers has them
	hidden                  string // the key of the entry for an address of which only the hash is known
}

// Key is the key of the person's entry on the suppression list.
func (t *Token) Key() string {
	if t.AddressKey != "" {
		return t.AddressKey
	}
	return t.hidden
}

// UnusableError says that a text is a token, or looks like a token, but names nobody here.
type UnusableError struct {
	Text string
	Err  error // token.ErrForged, token.ErrOther, ErrNobody or ErrUnknown
}

func (e *UnusableError) Error() string { return e.Text + ": " + e.Err.Error() }

// Unwrap returns e.Err.
func (e *UnusableError) Unwrap() error { return e.Err }

var (
	// ErrNobody is for a text that looks like a token of a campaign that was planned before tokens could be told from
	// other texts.
	ErrNobody = errors.New("nobody here has this token")
	// ErrUnknown is for a genuine token of a campaign that nobody knows of.
	ErrUnknown = errors.New("a genuine token of a campaign that was not sent with these accounts")
)

// Is reports whether a text contains a token, so that it is not the name of a person or of a domain.
func Is(text string) bool { return len(token.Find(text)) > 0 }

// Find reads the token in a text that a person has pasted, and searches the ledgers for its person. The error is an
// *UnusableError unless the accounts or a ledger could not be read.
func Find(ctx context.Context, text string, a *accounts.Accounts, ledgers []string) (*Token, error) {
	f, err := newFinder(ctx, a, ledgers)
	if err != nil {
		return nil, err
	}
	return f.among(ctx, text)
}

// Reader reads many tokens without ledgers: it remembers which campaigns the accounts know. Make it with NewReader. It
// is safe for concurrent use.
type Reader struct{ f *finder }

// NewReader returns a reader of tokens that were made with these accounts.
func NewReader(ctx context.Context, a *accounts.Accounts) (*Reader, error) {
	f, err := newFinder(ctx, a, nil)
	if err != nil {
		return nil, err
	}
	f.known = &sync.Map{}
	return &Reader{f}, nil
}

// Find is like the function Find, without ledgers.
func (r *Reader) Find(ctx context.Context, text string) (*Token, error) { return r.f.among(ctx, text) }

func newFinder(ctx context.Context, a *accounts.Accounts, ledgers []string) (*finder, error) {
	f := &finder{accounts: a, ledgers: ledgers}
	var err error
	if f.secret, err = a.Secret(ctx); err != nil {
		return nil, err
	}
	if f.hash, err = a.AddressHash(ctx); err != nil {
		return nil, err
	}
	f.keyHash, err = a.KeyHash(ctx)
	return f, err
}

// among finds the first genuine token in a text.
func (f *finder) among(ctx context.Context, text string) (*Token, error) {
	var unusable *UnusableError
	for _, one := range token.Find(text) {
		t, err := f.find(ctx, one)
		if err == nil {
			return t, nil
		}
		if !errors.As(err, &unusable) {
			return nil, err
		}
	}
	if unusable == nil {
		unusable = &UnusableError{text, token.ErrNone}
	}
	return nil, unusable
}

// issued returns the campaign that tokens name this way. What the accounts know about a campaign never changes.
func (f *finder) issued(ctx context.Context, campaign [5]byte) (accounts.Tokened, bool, error) {
	if f.known != nil {
		if c, known := f.known.Load(campaign); known {
			return c.(accounts.Tokened), true, nil
		}
	}
	c, known, err := f.accounts.Issued(ctx, campaign)
	if known && f.known != nil {
		f.known.Store(campaign, c)
	}
	return c, known, err
}

// finder finds whose a token is.
type finder struct {
	accounts *accounts.Accounts
	secret   []byte
	ledgers  []string
	known    *sync.Map // of [5]byte to accounts.Tokened: what issued has found; nil = it keeps nothing
	hash     func(addressKey string) [16]byte
	keyHash  func(campaign, key string) []byte
}

func (f *finder) find(ctx context.Context, text string) (*Token, error) {
	if len(text) == token.OldLength {
		return f.old(ctx, text)
	}
	says, err := token.Read(f.secret, text)
	if err != nil {
		return nil, &UnusableError{text, err}
	}
	t := &Token{Text: text, Use: says.Use, Rehearsal: says.Rehearsal}
	if t.Use == token.Unsubscribe {
		t.hidden = accounts.HiddenKey(says.Person)
	}
	if t.Rehearsal {
		return t, nil
	}
	c, known, err := f.issued(ctx, says.Campaign)
	if err != nil {
		return nil, err
	}
	if !known {
		return nil, &UnusableError{text, ErrUnknown}
	}
	t.Campaign, t.Domain, t.Topic = c.ID, c.Domain, c.Topic
	return t, f.rows(ctx, c.ID, func(_ *ledger.Campaign, r *ledger.Record) bool {
		same := says.Person == f.hash(r.AddressKey)
		if t.Use != token.Unsubscribe {
			same = string(says.Person[:]) == string(f.keyHash(c.ID, r.Key))
		}
		if same && r.AddressKey != "" {
			t.AddressKey = r.AddressKey
		}
		return same
	})
}

// old finds the person of a token of an older plan. Only the ledger knows: old makes the token of each row, and
// compares.
func (f *finder) old(ctx context.Context, text string) (*Token, error) {
	var t *Token
	err := f.rows(ctx, "", func(c *ledger.Campaign, r *ledger.Record) bool {
		if subtle.ConstantTimeCompare([]byte(render.OldToken(f.secret, c.ID, r.Key)), []byte(text)) != 1 || r.AddressKey == "" {
			return false
		}
		t = &Token{Text: text, Use: token.Unsubscribe, Campaign: c.ID, AddressKey: r.AddressKey}
		if from, err := address.ParseMailbox(c.From); err == nil {
			t.Domain = from.Address.Domain()
		}
		return true
	})
	if err != nil {
		return nil, err
	}
	if t == nil {
		return nil, &UnusableError{text, ErrNobody}
	}
	if c, known, err := f.accounts.IssuedAs(ctx, t.Campaign); err != nil {
		return nil, err
	} else if known {
		t.Domain, t.Topic = c.Domain, c.Topic
	}
	return t, nil
}

// rows calls is for each row of the campaign with that id, or of all campaigns if it is "", until it says true.
func (f *finder) rows(ctx context.Context, id string, is func(*ledger.Campaign, *ledger.Record) bool) error {
	for _, file := range f.ledgers {
		if found, err := rows(ctx, file, id, is); err != nil || found {
			return err
		}
	}
	return nil
}

// rows is finder.rows in one ledger.
func rows(ctx context.Context, file, id string, is func(*ledger.Campaign, *ledger.Record) bool) (found bool, err error) {
	l, err := ledger.Open(file)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	all, err := l.Campaigns(ctx)
	if err != nil {
		return false, err
	}
	for _, c := range all {
		if id != "" && c.ID != id {
			continue
		}
		for r, err := range l.Deliveries(ctx, c.ID, ledger.Filter{}) {
			if err != nil {
				return false, err
			}
			if is(c, &r) {
				return true, nil
			}
		}
	}
	return false, nil
}

// Entry returns what unsubscribing by the token puts on the suppression list: the person gets no more mail of the
// campaign's topic from its domain, or, if the campaign has no topic, no more newsletters and notices. The error says
// why the token unsubscribes nobody.
func (t *Token) Entry() (accounts.Entry, error) {
	switch {
	case t.Rehearsal:
		return accounts.Entry{}, fmt.Errorf("%s: the token of a rehearsal, which acts on nobody", t.Text)
	case t.Use == token.ReturnPath:
		return accounts.Entry{}, fmt.Errorf("%s: the token of a return path: it says whose message came back, and unsubscribes nobody", t.Text)
	case t.Use != token.Unsubscribe:
		return accounts.Entry{}, fmt.Errorf("%s: the token of an envelope id: it names a message in a report, and unsubscribes nobody",
			t.Text)
	}
	e := accounts.Entry{Domain: t.Domain, Topic: t.Topic, Key: t.Key(), Reason: Reason, Source: accounts.SourceOf(t.Campaign)}
	if e.Topic == "" {
		e.Topic = accounts.Bulk
	}
	return e, nil
}

// Reason is the reason in the entries of people who unsubscribed.
const Reason = "unsubscribed"
