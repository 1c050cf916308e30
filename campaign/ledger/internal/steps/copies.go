package steps

import (
	"database/sql"
	"encoding/binary"
	"slices"

	"mailshot/internal/sqlite"
)

const copySize = 3 * 8

// AppendCopies appends the copies' form in bytes to b.
func AppendCopies(b []byte, list []Copy) []byte {
	for _, c := range list {
		b = binary.BigEndian.AppendUint64(b, uint64(c.Delivery))
		b = binary.BigEndian.AppendUint64(b, c.Person)
		b = binary.BigEndian.AppendUint64(b, c.Content)
	}
	return b
}

// ParseCopies reads what AppendCopies made. A piece at the end that is not whole is left out.
func ParseCopies(b []byte) (list []Copy) {
	for ; len(b) >= copySize; b = b[copySize:] {
		list = append(list, Copy{int64(binary.BigEndian.Uint64(b)), binary.BigEndian.Uint64(b[8:]),
			binary.BigEndian.Uint64(b[16:])})
	}
	return list
}

// Keep keeps in the database who gets which message by a group, until the owner takes it with Take.
func Keep(t *sqlite.Tx, campaign int64, g *Group) error {
	_, err := t.Exec("INSERT INTO copies(campaign, owner, data) VALUES (?, ?, ?)", campaign, g.Owner,
		AppendCopies(nil, g.Gets))
	return err
}

// lost is the owner of a mark: some of what was kept of the campaign is lost. No keeper has this name.
const lost = "lost"

// MarkLost marks that some of what was to be kept of a campaign is lost. The mark stays.
func MarkLost(t *sqlite.Tx, campaign int64) error {
	_, err := t.Exec(`INSERT INTO copies(campaign, owner, data) SELECT ?1, ?2, x''
		WHERE NOT EXISTS (SELECT 1 FROM copies WHERE campaign = ?1 AND owner = ?2)`, campaign, lost)
	return err
}

// Lost reports whether some of what was to be kept of a campaign is lost.
func Lost(db *sql.DB, campaign int64) (is bool, err error) {
	err = db.QueryRow("SELECT EXISTS (SELECT 1"+kept+")", campaign, lost).Scan(&is)
	return is, err
}

// Purge erases what is kept of a campaign. Nobody can take it any more, so it is marked as lost.
func Purge(t *sqlite.Tx, campaign int64) error {
	n, err := t.Exec("DELETE FROM copies WHERE campaign = ? AND owner <> ?", campaign, lost)
	if err != nil || n == 0 {
		return err
	}
	return MarkLost(t, campaign)
}

const kept = " FROM copies WHERE campaign = ? AND owner = ?"

// Kept is what is kept of a campaign for an owner.
func Kept(db *sql.DB, campaign int64, owner string) (list []Copy, err error) {
	rows, err := db.Query("SELECT data"+kept+" ORDER BY no", campaign, owner)
	var data sql.RawBytes
	err = sqlite.Each(rows, err, func(rows *sql.Rows) error {
		err := rows.Scan(&data)
		list = append(list, ParseCopies(data)...)
		return err
	})
	return list, err
}

// Taken forgets what is kept of a campaign for an owner, who has it now.
func Taken(t *sqlite.Tx, campaign int64, owner string) error {
	_, err := t.Exec("DELETE"+kept, campaign, owner)
	return err
}

// Forget takes deliveries out of all that is kept of a campaign.
func Forget(t *sqlite.Tx, campaign int64, deliveries []int64) error {
	left := map[int64][]byte{}
	rows, err := t.Query("SELECT no, data FROM copies WHERE campaign = ?", campaign)
	err = sqlite.Each(rows, err, func(rows *sql.Rows) error {
		var no int64
		var data []byte
		err := rows.Scan(&no, &data)
		list := ParseCopies(data)
		n := len(list)
		list = slices.DeleteFunc(list, func(c Copy) bool { return slices.Contains(deliveries, c.Delivery) })
		if len(list) < n {
			left[no] = AppendCopies(nil, list)
		}
		return err
	})
	for no, data := range left {
		if err == nil {
			_, err = t.Exec("UPDATE copies SET data = ? WHERE no = ?", data, no)
		}
	}
	return err
}
