package history

import (
	"context"
	"errors"

	"mailshot/campaign/accounts"
	"mailshot/campaign/definition"
	"mailshot/campaign/digest"
	"mailshot/campaign/ledger"
	"mailshot/campaign/message"
)

// Person is what is known about one person.
type Person struct {
	AddressKey string           // the address as campaigns compare it
	Suppressed []accounts.Entry // what keeps mail of any sender from them, the oldest first
	Rows       []PersonRow      // ledger by ledger, in the order of the campaigns and of their lists
	Copies     []PersonRow      // rows of others, of whose messages the person was to get a copy
}

// PersonRow is a person's row in one campaign.
type PersonRow struct {
	Ledger   string // the file
	Campaign *ledger.Campaign
	// MessageID is that of a message that was tried, without angle brackets; "" if none was, or if the secret is not
	// known.
	MessageID string
	Returns   []ledger.Return // all that came back about the message, in the order in which it was recorded
	ledger.Record
}

// Find reads what the user's accounts and these ledgers know about the person whose address has this key. accounts is
// nil for a user who has none yet.
func Find(ctx context.Context, addressKey string, accounts *accounts.Accounts, ledgers []string) (*Person, error) {
	p := &Person{AddressKey: addressKey}
	var secret []byte
	if accounts != nil {
		list, err := accounts.Entries(ctx, addressKey)
		if err != nil {
			return nil, err
		}
		for _, e := range list {
			p.Suppressed = append(p.Suppressed, named(e, addressKey))
		}
		if secret, err = accounts.Secret(ctx); err != nil {
			return nil, err
		}
	}
	for _, file := range ledgers {
		if err := p.look(ctx, file, secret); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// look adds what a ledger knows about the person.
func (p *Person) look(ctx context.Context, file string, secret []byte) (err error) {
	l, err := ledger.Open(file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	all, err := l.Person(ctx, p.AddressKey)
	if err != nil {
		return err
	}
	states := map[int64]ledger.State{}
	for _, s := range all {
		states[s.ID] = s.State
	}
	for _, s := range all {
		if state := states[s.Carrier]; s.Carrier != 0 && state != "" {
			s.Reason += ", which is " + string(state)
		}
		row := PersonRow{Ledger: file, Campaign: s.Campaign, Record: s.Record}
		if tried := s.Last != nil || s.State == ledger.Begun; tried && secret != nil {
			from := &definition.Definition{From: definition.Text{Text: s.Campaign.From}}
			row.MessageID = message.ID(from, digest.Parse(s.Campaign.Definition).IDs(), secret, s.Campaign.ID, s.Key)
		}
		if s.Returned != nil {
			if row.Returns, err = l.ReturnsOf(ctx, s.ID); err != nil {
				return err
			}
		}
		p.Rows = append(p.Rows, row)
	}
	of, err := l.Copied(ctx, p.AddressKey)
	for _, s := range of {
		p.Copies = append(p.Copies, PersonRow{Ledger: file, Campaign: s.Campaign, Record: s.Record})
	}
	return err
}
