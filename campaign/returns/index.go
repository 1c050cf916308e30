package returns

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"mailshot/campaign/accounts"
	"mailshot/campaign/digest"
	"mailshot/campaign/ledger"
	"mailshot/render"
	"mailshot/render/address"
)

// Desk knows the campaigns of a user. It is not for concurrent use; other processes may send the campaigns meanwhile.
type Desk struct {
	// Soft is how many soft bounces in a row take a mailbox off the list; 0 = none do.
	Soft int
	// Act has a person's words act as their unsubscribing does; false = they are listed.
	Act bool

	accounts  *accounts.Accounts
	secret    []byte
	keyHash   func(campaign, key string) []byte
	hash      func(addressKey string) [16]byte
	ledgers   []*ledger.Ledger
	campaigns []*campaign // the newest first
	elsewhere []string    // ledgers that could not be opened, and why
	away      bool        // a ledger is not where it was
	before    func(id string) bool
	fresh     map[string]bool // what has acted since
}

// campaign is a campaign of a ledger, with its rows by what names them in a message that came back.
type campaign struct {
	*ledger.Campaign
	ledger *ledger.Ledger
	file   string
	form   render.IDForm
	domain string // of its From; "" if it comes from the list

	rows map[[16]byte]int64 // deliveries by the hash of the key, which is a token's person; nil = not read
	ids  map[string]int64   // deliveries by the start of the Message-ID
}

// idStart is how much of a Message-ID is kept: 80 bits of it. A match is compared whole.
const idStart = 16

// Open opens the ledgers in files, as far as they can be opened: Elsewhere names the others. What may be about their
// campaigns is decided later. Of files that are not there nothing is said. The accounts stay the caller's.
func Open(ctx context.Context, a *accounts.Accounts, files []string) (_ *Desk, err error) {
	d := &Desk{accounts: a, fresh: map[string]bool{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.Close())
		}
	}()
	if d.secret, err = a.Secret(ctx); err != nil {
		return nil, err
	}
	if d.keyHash, err = a.KeyHash(ctx); err != nil {
		return nil, err
	}
	if d.hash, err = a.AddressHash(ctx); err != nil {
		return nil, err
	}
	if d.before, err = a.Collected(ctx, messages); err != nil {
		return nil, err
	}
	for _, file := range files {
		if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
			d.away = true // its folder was deleted, or its disk will come back
			continue
		}
		l, err := ledger.Open(file)
		if err != nil {
			d.elsewhere = append(d.elsewhere, err.Error())
			continue
		}
		d.ledgers = append(d.ledgers, l)
		all, err := l.Campaigns(ctx)
		if err != nil {
			d.elsewhere = append(d.elsewhere, fmt.Sprintf("%s: %v", file, err))
			continue
		}
		for _, c := range all {
			k := &campaign{Campaign: c, ledger: l, file: file, form: digest.Parse(c.Definition).IDs()}
			if from, err := address.ParseMailbox(c.From); err == nil {
				k.domain = from.Address.Domain()
			}
			d.campaigns = append([]*campaign{k}, d.campaigns...)
		}
	}
	return d, nil
}

// Elsewhere says which ledgers could not be read, and why.
func (d *Desk) Elsewhere() []string { return d.elsewhere }

// Close closes the ledgers.
func (d *Desk) Close() error {
	var errs []error
	for _, l := range d.ledgers {
		errs = append(errs, l.Close())
	}
	return errors.Join(errs...)
}

// read reads the rows of a campaign once. It takes some 100 bytes of memory for each.
func (d *Desk) read(ctx context.Context, c *campaign) error {
	if c.rows != nil {
		return nil
	}
	rows, ids := map[[16]byte]int64{}, map[string]int64{}
	for r, err := range c.ledger.Deliveries(ctx, c.ID, ledger.Filter{}) {
		if err != nil {
			return fmt.Errorf("%s: %w", c.file, err)
		}
		if r.Key == "" || r.State == ledger.Duplicate || r.State == ledger.Grouped {
			continue // forgotten, or in the message of another row
		}
		rows[[16]byte(d.keyHash(c.ID, r.Key))] = r.ID
		ids[render.MessageID(c.form, d.secret, c.ID, r.Key)[:idStart]] = r.ID
	}
	c.rows, c.ids = rows, ids
	return nil
}

// Recall takes over the rows that another Desk of these accounts has read of campaigns that are as they were then, so
// that whoever looks again and again does not read all of them each time. The other Desk may be closed, and is not used
// any more.
func (d *Desk) Recall(before *Desk) {
	if !bytes.Equal(d.secret, before.secret) {
		return
	}
	for _, c := range d.campaigns {
		for _, b := range before.campaigns {
			if c.rows == nil && c.file == b.file && c.same(b) {
				c.rows, c.ids = b.rows, b.ids
			}
		}
	}
}

// same says that a campaign has the plan that another one had, and was not run since.
func (c *campaign) same(b *campaign) bool {
	return c.ID == b.ID && c.Run == b.Run && c.Runs == b.Runs && c.Created.Equal(b.Created) && c.Rows == b.Rows &&
		c.Definition == b.Definition && c.Templates == b.Templates && c.List == b.List && c.Purged.Equal(b.Purged) &&
		c.Lost == b.Lost
}

// target is a delivery of the campaign that has a message, as it is now. ok is false if it has none any more, since its
// person was forgotten, or its row came into the message of another one.
func (c *campaign) target(id int64) (t ledger.Target, ok bool, err error) {
	t, ok, err = c.ledger.Target(id)
	return t, ok && t.Key != "" && t.State != ledger.Duplicate && t.State != ledger.Grouped, err
}

// isOurs says whether the left side of a Message-ID has the form of those that mailshot makes (render.MessageID).
func isOurs(left string) bool {
	return (len(left) == 26 || len(left) == 52) && !strings.ContainsFunc(left, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '2' || r > '7')
	})
}

// byID finds the delivery whose message has one of these Message-IDs. The campaign is nil if there is none.
func (d *Desk) byID(ctx context.Context, ids []string) (*campaign, ledger.Target, error) {
	for _, id := range ids {
		left, right, _ := strings.Cut(strings.ToLower(strings.Trim(id, "<> \t")), "@")
		if !isOurs(left) {
			continue // so that no campaign is read for it
		}
		for _, c := range d.campaigns {
			if c.domain != "" && c.domain != right {
				continue
			}
			if err := d.read(ctx, c); err != nil {
				return nil, ledger.Target{}, err
			}
			n, ok := c.ids[left[:idStart]]
			if !ok {
				continue
			}
			r, ok, err := c.target(n)
			if err != nil {
				return nil, r, err
			}
			if ok && (left == render.MessageID(render.ShortID, d.secret, c.ID, r.Key) ||
				left == render.MessageID(render.LongID, d.secret, c.ID, r.Key)) {
				return c, r, nil
			}
		}
	}
	return nil, ledger.Target{}, nil
}
