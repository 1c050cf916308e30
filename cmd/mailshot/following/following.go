// Package following writes the list of those to whom a campaign is followed up: [List] writes it, and [Campaign] a
// campaign file for it, whose messages are answers to the first ones for a mail program (In-Reply-To and References,
// RFC 5322 section 3.6.4). [Files] writes both into files, and overwrites none that a person has.
package following

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"mailshot/campaign/accounts"
	"mailshot/campaign/history"
	"mailshot/campaign/ledger"
	"mailshot/campaign/recipients"
	"mailshot/internal/bounce"
)

// The columns that the list has beside those of the first list.
const (
	InReplyTo  = "mailshot_in_reply_to" // the Message-ID of the person's message, in angle brackets
	References = "mailshot_references"  // and those before it
)

// Config says to what the follow-up is. The caller opens and closes all of it.
type Config struct {
	Campaign  *history.Campaign
	Accounts  *accounts.Accounts
	Mail      accounts.Mail              // of the follow-up: who has left it is not on the list
	MessageID func(ledger.Record) string // without angle brackets
}

// Counts says who is on the list, and why others are not.
type Counts struct {
	Messages int64            `json:"messages"` // people who are written to again
	Rows     int64            `json:"rows"`     // of the list: a message may be for several
	Left     map[string]int64 `json:"left"`     // others, by why
}

// answered are the kinds of what came back after which a person is not written to again.
var answered = map[string]string{
	string(bounce.Reply):       "answered",
	string(bounce.Unsubscribe): "asked to be taken off",
	string(bounce.Left):        "left the company",
	string(bounce.Complaint):   "complained",
	string(bounce.Bounce):      "bounced",
}

// List writes the list as CSV: the columns of the first list, and those two that name the first message. Numbers and
// dates are as a list has them where no locale is said.
func List(ctx context.Context, cfg Config, w io.Writer) (Counts, error) {
	n := Counts{Left: map[string]int64{}}
	c := cfg.Campaign
	header := new(recipients.Header)
	if err := json.Unmarshal(c.Kept.Header, header); err != nil {
		return n, err
	}
	if !c.Kept.Purged.IsZero() {
		return n, fmt.Errorf("the rows of campaign %s were erased on %s", c.ID, c.Kept.Purged.Local().Format(time.DateOnly))
	}
	back, err := came(ctx, c)
	if err != nil {
		return n, err
	}
	columns := names(header)
	out := csv.NewWriter(w)
	if err := out.Write(append(slices.Clone(columns), InReplyTo, References)); err != nil {
		return n, err
	}
	for r, err := range c.Rows(ctx, ledger.Filter{}) {
		if err != nil {
			return n, err
		}
		why, err := cfg.leave(ctx, r, back)
		if err != nil {
			return n, err
		}
		if why != "" {
			n.Left[why]++
			continue
		}
		row, err := header.Decode(r.Place, r.Number, r.Fields)
		if err != nil {
			return n, err
		}
		n.Messages++
		members := row.Group
		if members == nil {
			members = []*recipients.Row{row}
		}
		for _, m := range members {
			n.Rows++
			if err := out.Write(cfg.cells(header, m, r)); err != nil {
				return n, err
			}
		}
	}
	out.Flush()
	return n, out.Error()
}

// came are the deliveries of which something came back that keeps them off the list, with why.
func came(ctx context.Context, c *history.Campaign) (map[int64]string, error) {
	back := map[int64]string{}
	for r, err := range c.Ledger.Returns(ctx, c.ID, ledger.Filter{}) {
		if err != nil {
			return nil, err
		}
		switch {
		case r.Effect == ledger.EffectUndone: // a person does not believe it
		case r.Kind == string(bounce.Bounce) && r.To == "": // that of a copy, or of an address to which mail is forwarded
		case answered[r.Kind] != "" && back[r.Delivery] == "":
			back[r.Delivery] = answered[r.Kind]
		}
	}
	return back, nil
}

// leave says why a row is not on the list; "" if it is.
func (cfg Config) leave(ctx context.Context, r ledger.Record, back map[int64]string) (string, error) {
	switch {
	case r.State == ledger.Grouped:
		return "in the message of another row", nil
	case r.State != ledger.Sent:
		return string(r.State), nil
	case r.Key == "" || r.Fields == nil:
		return "forgotten", nil
	case back[r.ID] != "":
		return back[r.ID], nil
	}
	_, gone, err := cfg.Accounts.Suppressed(ctx, cfg.Mail, r.AddressKey)
	if gone {
		return "on the suppression list", err
	}
	return "", err
}

// names are the columns of the first list, those aside that an earlier follow-up wrote.
func names(h *recipients.Header) (all []string) {
	for _, c := range h.Columns {
		if c.Name != InReplyTo && c.Name != References {
			all = append(all, c.Name)
		}
	}
	return all
}

// cells are the cells of a row of the list.
func (cfg Config) cells(h *recipients.Header, row *recipients.Row, r ledger.Record) []string {
	var all []string
	earlier := ""
	for i, c := range h.Columns {
		switch c.Name {
		case InReplyTo:
		case References:
			earlier = row.Fields[i] + " "
		default:
			all = append(all, cell(row, i))
		}
	}
	id := "<" + cfg.MessageID(r) + ">"
	return append(all, id, strings.TrimSpace(earlier+id))
}

// cell is a cell as a list has it where no locale is said.
func cell(row *recipients.Row, i int) string {
	v, typed := row.Typed(i)
	switch v := v.(type) {
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case bool:
		return strconv.FormatBool(v)
	case time.Time:
		if v.Equal(v.Truncate(24 * time.Hour)) {
			return v.Format(time.DateOnly)
		}
		return v.Format(time.DateTime + ".999999999")
	}
	if typed {
		return ""
	}
	return row.Fields[i]
}

// ErrNobody says that nobody is left to be written to.
var ErrNobody = errors.New("nobody is left to write to")
