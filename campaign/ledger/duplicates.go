package ledger

import (
	"cmp"
	"context"
	"database/sql"
	"maps"
	"slices"
	"strings"

	"mailshot/campaign/ledger/internal/schema"
	"mailshot/internal/sqlite"
)

// Copies are rows of a plan in the making that share something: a key, or the address that their messages go to.
type Copies struct {
	Key    string // what they share: the key, or the address's key
	Rows   int64
	Differ int64  // rows whose message differs from that of the row that has the key
	First  []Copy // the first of them, in the order of the list

	// Fields are what the message of the row that has the key is made from. Other are those of the first row with
	// another message; both are nil if there is none.
	Fields, Other []byte
}

// Copy is one of several rows.
type Copy struct{ Place, Key string }

// copyRow is a row with a message, as SameKey reads it.
type copyRow struct {
	number int64
	digest []byte
	fields []byte
	Copy
}

func scanCopyRow(rows *sql.Rows) (c copyRow, err error) {
	err = rows.Scan(&c.number, &c.Place, &c.Key, &c.digest, &c.fields)
	return c, err
}

const (
	copyColumns = "r.number, r.place, r.key, d.digest, r.fields"
	copied      = ` FROM deliveries d JOIN rows r ON r.id = d.id
		WHERE d.id >= ? AND d.id < ? AND d.state IN (?, ?) AND r.hash IS NULL AND length(d.digest) > 0`
)

// SameKey finds the keys that more than one row with a message has. It returns the first of them, at most most, in the
// order of the list, each with the places of its first rows, and how many more such keys there are. A row that came
// back from Add as a [Conflict] counts if the caller added it again as invalid. Memory grows with the copies and not
// with the list.
func (d *Draft) SameKey(ctx context.Context, most, places int) (list []Copies, more int64, err error) {
	if d.counts[Duplicate]+d.counts[Invalid] == 0 {
		return nil, 0, d.usable()
	}
	const groups = "SELECT r.key, count(*) + 1, count(*) OVER ()" + copied +
		" GROUP BY r.key ORDER BY min(r.number) LIMIT ?"
	from := d.ids(Duplicate.code(), Invalid.code())
	list, more, err = d.groups(ctx, groups, append(slices.Clone(from), most))
	if err != nil || len(list) == 0 {
		return nil, 0, err
	}
	if err := d.claim(); err != nil {
		return nil, 0, err
	}
	index := map[string]*Copies{}
	for i := range list {
		index[list[i].Key] = &list[i]
		from = append(from, list[i].Key)
	}
	owners, err := d.owners(ctx, list)
	if err != nil {
		return nil, 0, err
	}
	rows, err := d.copies(ctx, from, index, owners, places)
	if err != nil {
		return nil, 0, err
	}
	rows = slices.Concat(slices.Collect(maps.Values(owners)), rows)
	slices.SortStableFunc(rows, func(a, b copyRow) int { return cmp.Compare(a.number, b.number) })
	for _, r := range rows {
		if c := index[r.Key]; len(c.First) < places {
			c.First = append(c.First, r.Copy)
		}
	}
	return list, more, nil
}

// owners reads the rows that have claimed the keys in list.
func (d *Draft) owners(ctx context.Context, list []Copies) (map[string]copyRow, error) {
	owners := map[string]copyRow{}
	for _, c := range list {
		hash := d.hash(c.Key)
		rows, err := d.l.db.Reading.QueryContext(ctx, "SELECT "+copyColumns+` FROM claims k JOIN rows r ON r.id = k.row
			JOIN deliveries d ON d.id = r.id WHERE k.campaign = ? AND k.hash = ?`, d.no, hash[:])
		err = sqlite.Each(rows, err, func(rows *sql.Rows) error {
			r, err := scanCopyRow(rows)
			owners[r.Key] = r
			return err
		})
		if err != nil {
			return nil, d.l.db.Explain(err)
		}
	}
	return owners, nil
}

// copies reads the rows that share a key with its owner, and notes in the groups how many of them have another message.
// It returns a few more of each group than places, without their fields. The arguments end with the groups' keys.
func (d *Draft) copies(
	ctx context.Context, args []any, groups map[string]*Copies, owners map[string]copyRow, places int,
) (list []copyRow, err error) {
	others := map[string]int64{} // the number of the first row with another message, by key
	kept := map[string]int{}
	rows, err := d.l.db.Reading.QueryContext(ctx,
		"SELECT "+copyColumns+copied+" AND r.key IN (?"+strings.Repeat(", ?", len(groups)-1)+")", args...)
	err = sqlite.Each(rows, err, func(rows *sql.Rows) error {
		c, err := scanCopyRow(rows)
		if err != nil {
			return err
		}
		if owner := owners[c.Key]; string(c.digest) != string(owner.digest) {
			group := groups[c.Key]
			group.Differ++
			if before, ok := others[c.Key]; !ok || c.number < before {
				others[c.Key] = c.number
				group.Fields, group.Other = owner.fields, c.fields
			}
		}
		// They come in nearly the order of the list: a conflict was added again behind the rows that it came with.
		if kept[c.Key]++; kept[c.Key] <= places+slack {
			c.fields = nil
			list = append(list, c)
		}
		return nil
	})
	return list, d.l.db.Explain(err)
}

// slack is how many copies more than wanted are looked at, so that those wanted are the first ones.
const slack = 5000

// SameAddress finds the addresses that more than one pending row has, under keys of their own: people who get more than
// one message. It answers as SameKey does. The Key of Copies is the address's key; the Key of a Copy is its row's.
func (d *Draft) SameAddress(ctx context.Context, most, places int) (list []Copies, more int64, err error) {
	const (
		pending = " FROM rows r JOIN deliveries d ON d.id = r.id WHERE r.id >= ? AND r.id < ? AND d.state = ?"
		groups  = "SELECT r.address_key, count(*), count(*) OVER ()" + pending +
			" GROUP BY r.address_key HAVING count(*) > 1 ORDER BY min(r.id) LIMIT ?"
	)
	from := d.ids(Pending.code())
	list, more, err = d.groups(ctx, groups, append(slices.Clone(from), most))
	if err != nil || len(list) == 0 {
		return nil, 0, err
	}
	index := map[string]int{}
	for i, c := range list {
		index[c.Key] = i
		from = append(from, c.Key)
	}
	rows, err := d.l.db.Reading.QueryContext(ctx, "SELECT r.address_key, r.place, r.key"+pending+
		" AND r.address_key IN (?"+strings.Repeat(", ?", len(list)-1)+") ORDER BY r.id", from...)
	err = sqlite.Each(rows, err, func(rows *sql.Rows) error {
		var address string
		var c Copy
		if err := rows.Scan(&address, &c.Place, &c.Key); err != nil {
			return err
		}
		if found := &list[index[address]]; len(found.First) < places {
			found.First = append(found.First, c)
		}
		return nil
	})
	return list, more, d.l.db.Explain(err)
}

// ids are the arguments of a query about the draft's rows.
func (d *Draft) ids(more ...any) []any {
	first, end := schema.Span(d.no)
	return append([]any{first, end}, more...)
}

// groups reads what a query has grouped: for each group what its rows share and how many they are; and how many more
// groups there are.
func (d *Draft) groups(ctx context.Context, query string, args []any) (list []Copies, more int64, err error) {
	if err := d.usable(); err != nil {
		return nil, 0, err
	}
	var all int64
	rows, err := d.l.db.Reading.QueryContext(ctx, query, args...)
	err = sqlite.Each(rows, err, func(rows *sql.Rows) error {
		var c Copies
		err := rows.Scan(&c.Key, &c.Rows, &all)
		list = append(list, c)
		return err
	})
	return list, all - int64(len(list)), d.l.db.Explain(err)
}

// SameKey answers for the new list as [Draft.SameKey] does.
func (p *Replan) SameKey(ctx context.Context, most, places int) ([]Copies, int64, error) {
	return p.draft.SameKey(ctx, most, places)
}

// SameAddress answers for the new list as [Draft.SameAddress] does.
func (p *Replan) SameAddress(ctx context.Context, most, places int) ([]Copies, int64, error) {
	return p.draft.SameAddress(ctx, most, places)
}

// Domain is a domain that pending rows go to.
type Domain struct {
	Name  string // A-labels
	Place string // of the first row
	Rows  int64
}

// Domains calls fn for each domain that pending rows go to, in the order of the list. An error of fn ends it, and is
// returned as it is.
func (d *Draft) Domains(ctx context.Context, fn func(Domain) error) error {
	if err := d.usable(); err != nil {
		return err
	}
	// Beside min() SQLite takes the place from the row with the smallest id.
	rows, err := d.l.db.Reading.QueryContext(ctx, `SELECT substr(r.address, instr(r.address, '@') + 1) domain, r.place,
			count(*), min(r.id)
		FROM rows r JOIN deliveries d ON d.id = r.id WHERE r.id >= ? AND r.id < ? AND d.state = ?
		GROUP BY domain ORDER BY min(r.id)`, d.ids(Pending.code())...)
	var stopped error
	err = sqlite.Each(rows, err, func(rows *sql.Rows) error {
		var one Domain
		var id int64
		if err := rows.Scan(&one.Name, &one.Place, &one.Rows, &id); err != nil {
			return err
		}
		stopped = fn(one)
		return stopped
	})
	if stopped != nil {
		return stopped
	}
	return d.l.db.Explain(err)
}

// Domains answers for the new list as [Draft.Domains] does.
func (p *Replan) Domains(ctx context.Context, fn func(Domain) error) error {
	return p.draft.Domains(ctx, fn)
}

// Multiple returns how many addresses have more than one delivery of the campaign that is or was to be sent. These
// people get more than one message, because they are in the list under several keys.
func (l *Ledger) Multiple(ctx context.Context, id string) (n int64, err error) {
	no, _, err := l.find(ctx, id)
	if err != nil {
		return 0, err
	}
	first, end := schema.Span(no)
	err = l.db.Reading.QueryRowContext(ctx, `SELECT count(*) FROM (
		SELECT 1 FROM rows WHERE id >= ? AND id < ? AND hash IS NOT NULL
		GROUP BY address_key HAVING count(*) > 1)`, first, end).Scan(&n)
	return n, l.db.Explain(err)
}
