// Package campaign runs a mail campaign: it plans, sends and accounts.
//
// A campaign is a definition (the file), a list, templates and a server. [Open] reads the definition's surroundings;
// [Campaign.Plan] makes and checks every message once and freezes the list in the ledger; [Campaign.Run] sends what the
// ledger says is left. Check and preview use the same path up to the ledger, so what they say holds for a send.
//
//	plan:  row -> address, type, filter -> render -> check -> ledger (draft, in chunks), then one flip
//	run:   admit -> ledger.Next -> render -> Pool.Send (begin = ledger.Begin) -> ledger.Settle -> Observe
//
// The rooms below it know only those that internal/house lists for each. This package wires them, and holds the rules
// that need more than one of them. The three promises are kept here by order alone: nothing is sent that was not
// planned (a message that no longer has the planned digest is held), nothing is begun without a durable record, and
// nothing goes without a reservation.
package campaign

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"mailshot/campaign/accounts"
	"mailshot/campaign/accounts/clock"
	"mailshot/campaign/caps"
	"mailshot/campaign/check"
	"mailshot/campaign/definition"
	"mailshot/campaign/digest"
	"mailshot/campaign/dispatch"
	"mailshot/campaign/identity"
	"mailshot/campaign/leaving"
	"mailshot/campaign/ledger"
	"mailshot/campaign/list"
	"mailshot/campaign/message"
	"mailshot/campaign/recipients"
	"mailshot/campaign/suppression"
	"mailshot/campaign/transport"
	"mailshot/render/address"
	"mailshot/sender"
)

// Options say what to open. Definition is required; every other field's zero value is useful.
type Options struct {
	Definition         *definition.Definition
	ID                 string               // overrides the definition's id, see definition.CheckID; "" = identity.Family.Next
	New                bool                 // today's campaign, whatever is left of earlier ones; false = see identity.Family
	State              string               // path of state.db; "" = MAILSHOT_STATE, else .mailshot/state.db beside the campaign file
	Accounts           string               // path of accounts.db; "" = MAILSHOT_ACCOUNTS, else the user's state folder
	Limits             string               // path of the operator's limits; "" = MAILSHOT_LIMITS, else /etc/mailshot/limits.yaml
	Stdin              io.Reader            // the list, when the definition's list is "-"; nil = os.Stdin
	Host               ledger.Host          // the machine; zero = host.This
	Now                func() time.Time     // the clock; nil = time.Now
	Clock              clock.Clock          // counts the time of caps; nil = the machine's clocks, or Now where that is given
	Observe            func(dispatch.Event) // called for each event of a run, one at a time; nil = nobody
	Sink               *SinkTarget          // sends to a sink instead of the definition's server, with no caps; nil = the real server
	To                 *address.Address     // a rehearsal: every message goes to this address, as a campaign of its own; nil = no
	DNS                bool                 // Check and Plan ask the DNS about the domains of the recipients; false = they use no network
	Network            transport.Network    // the way to servers; zero = this machine's
	ObserveConnections func(sender.Event)   // news of connections, from any goroutine; nil = nobody is told
	ObserveCopies      func(text string)    // how the filing of copies of sent messages goes, from any goroutine; nil = nobody is told
	Made               func(message.Made)   // each row that Check or Plan makes, from any goroutine; nil = nobody is told
}

// SinkTarget is a catch-all server on loopback. It takes the place of the definition's server, login and caps.
type SinkTarget struct {
	transport.Sink
	Secret []byte // makes Message-IDs and tokens in place of the accounts' secret; nil = the accounts'
}

// Campaign is an open campaign. Call its methods one at a time, and Close when done.
type Campaign struct {
	def  *definition.Definition
	opts Options
	id   string
	now  func() time.Time

	family *identity.Family // the campaigns that the definition's id stands for; nil where Options name one

	root     *os.Root
	accounts *accounts.Accounts
	secret   []byte
	suppress *suppression.Checker
	ceiling  definition.Ceiling
	reached  map[string][]string // the hosts that servers really reach, once a run has asked; see caps.Reached

	ledger *ledger.Ledger // opened by Plan
	lock   *ledger.Lock   // held from Plan to Close
	frozen *ledger.Campaign
	only   string
	limit  int64
	hosted map[string]string // domains that a provider takes the mail of, as their MX records say; nil until a run asks

	lacks  []check.Finding                          // what a run would lack, as Plan found
	tokens map[*definition.Server]*transport.Tokens // that Plan asked with

	stdin  func() error     // removes what standard input gave; nil if that was not kept
	list   *recipients.List // nil when the header came from the ledger
	listed list.Digest
	header *recipients.Header
	maker  *message.Maker

	unsaved map[string]string                          // what Messages shows in place of templates; no plan ever has any
	inputs  func(*definition.Definition) []digest.Part // what digests cover; a test adds keys of later versions
}

// Open opens the campaign's folder, the user's accounts and the suppression files. The list is opened by what needs it:
// a resumed campaign reads its frozen list and never the file. Errors are positioned (see check.From).
func Open(ctx context.Context, o Options) (*Campaign, error) {
	c := &Campaign{def: o.Definition, opts: o, now: o.Now, id: o.ID, inputs: digest.Inputs}
	if c.now == nil {
		c.now = time.Now
	}
	if c.opts.Stdin == nil {
		c.opts.Stdin = os.Stdin
	}
	err := c.open(ctx)
	if err == nil && c.id == "" {
		err = c.identify(ctx)
	}
	if err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// identify finds which campaign the definition's id means. It is asked once, so that a command is about one campaign.
func (c *Campaign) identify(ctx context.Context) (err error) {
	c.family, err = identity.Find(ctx, identity.Config{
		Definition: c.def, State: c.statePath(), Accounts: c.accounts, Now: c.now(), New: c.opts.New,
	})
	if err == nil {
		c.id = c.family.Next()
	}
	return err
}

func (c *Campaign) open(ctx context.Context) (err error) {
	if err := definition.CheckID(c.id, false); err != nil && c.id != "" {
		return err
	}
	if c.root, err = os.OpenRoot(c.def.Dir); err != nil {
		return fmt.Errorf("open the campaign's folder: %w", err)
	}
	if c.ceiling, err = definition.LoadCeiling(c.opts.Limits); err != nil {
		return err
	}
	path := c.opts.Accounts
	if path == "" {
		if path, err = accounts.DefaultPath(); err != nil {
			return err
		}
	}
	if c.accounts, err = accounts.OpenBy(path, clock.Or(c.opts.Clock, c.opts.Now)); err != nil {
		return err
	}
	if err := c.accounts.Rekey(ctx, caps.Canonical); err != nil {
		return err
	}
	if c.secret, err = c.accounts.Secret(ctx); err != nil {
		return err
	}
	if c.opts.Sink != nil && c.opts.Sink.Secret != nil {
		c.secret = c.opts.Sink.Secret
	}
	files := make([]string, len(c.def.Suppress))
	for i, name := range c.def.Suppress {
		files[i] = name.Text
	}
	c.suppress, err = suppression.Open(suppression.Config{
		Root: c.root, Files: files, Mail: leaving.MailOf(c.def), Accounts: c.accounts,
	})
	return err
}

// Close frees the lock and closes every file. It is safe after a failed Open and to call twice.
func (c *Campaign) Close() error {
	var errs []error
	if c.list != nil {
		errs = append(errs, c.list.Close())
	}
	if c.stdin != nil {
		errs = append(errs, c.stdin())
	}
	if c.lock != nil {
		errs = append(errs, c.lock.Close())
	}
	if c.ledger != nil {
		errs = append(errs, c.ledger.Close())
	}
	if c.accounts != nil {
		errs = append(errs, c.accounts.Close())
	}
	if c.root != nil {
		errs = append(errs, c.root.Close())
	}
	c.list, c.stdin, c.lock, c.ledger, c.accounts, c.root = nil, nil, nil, nil, nil, nil
	return errors.Join(errs...)
}

// ID is the campaign's identity in the ledger: --id, else the definition's id with a date (see identity.Family.Next),
// and for a rehearsal (after Plan) "<id>/rehearsal/<n>".
func (c *Campaign) ID() string { return c.id }

// Family are the campaigns that the definition's id stands for; nil where Options name the campaign.
func (c *Campaign) Family() *identity.Family { return c.family }

// DefaultState is where a definition's ledger lives: MAILSHOT_STATE, else .mailshot/state.db beside the file.
func DefaultState(d *definition.Definition) string {
	if p := os.Getenv("MAILSHOT_STATE"); p != "" {
		return p
	}
	return filepath.Join(d.Home(), "state.db")
}

func (c *Campaign) statePath() string {
	return cmp.Or(c.opts.State, DefaultState(c.def))
}

// openList binds the list's header and compiles the templates against it.
func (c *Campaign) openList(ctx context.Context) error {
	if c.list != nil {
		return errors.New("campaign: the list is read once; open the campaign again")
	}
	list, err := c.listed.Open(ctx, c.def, &c.opts.Stdin, c.listGiven, c.secret)
	if err != nil {
		return err
	}
	c.list = list
	return errors.Join(c.checkZoneColumn(list.Header()), c.compile(list.Header()))
}

// compile makes the maker of messages for a list with that header. All mistakes of all templates come at once.
func (c *Campaign) compile(h *recipients.Header) (err error) {
	c.header = h
	most, host := c.terms().Largest()
	c.maker, err = message.New(message.Config{
		Definition: c.def, Header: h, Root: c.root, ID: c.id, Secret: c.secret,
		IDs: c.planned().IDs(), Tokens: c.planned().Tokens(), To: c.opts.To, Largest: most, Server: host,
		Fault: c.checkZone, Unsaved: c.unsaved, Others: c.listed.Others(),
	})
	return err
}
