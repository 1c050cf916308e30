package message

import (
	"fmt"
	"strings"
	"time"

	"mailshot/campaign/check/content"
	"mailshot/campaign/recipients"
	"mailshot/campaign/seal"
	"mailshot/render"
)

// openKeys reads the keys of those who get sealed messages, and finds the column that has them.
func (m *Maker) openKeys() (err error) {
	d, h := m.c.Definition, m.c.Header
	m.cell = -1
	if m.keys, err = seal.New(d); err != nil {
		return err
	}
	column := d.Sealing.Column()
	if column == "" {
		return nil
	}
	if m.cell = h.Index(column); m.cell >= 0 {
		return nil
	}
	var names []string
	for _, c := range h.Columns {
		names = append(names, c.Name)
	}
	way, _ := d.Sealing.Way()
	return d.Mistake(nil, way+".encrypt.column", "missing-column", fmt.Sprintf("the list has no column %q", column),
		"its columns: "+strings.Join(names, ", "))
}

// promise is what the message of a row says of its sealing.
func (m *Maker) promise(row *recipients.Row) string {
	if m.cell < 0 || m.cell >= len(row.Fields) {
		return m.keys.Promise("")
	}
	return m.keys.Promise(row.Fields[m.cell])
}

// sealed says how large a message will be at most when it is sealed, or why it cannot be; and adds what is odd about
// the keys to what is said of its row.
func (m *Maker) sealed(msg *render.Message, date time.Time, said *content.Row) (size int64, err error) {
	if m.keys == nil {
		return 0, nil
	}
	remarks, err := m.keys.Check(msg, date)
	if err != nil {
		return 0, err
	}
	for _, r := range remarks {
		if m.c.To != nil && r.Code == seal.OtherKey { // a row's key is never that of a rehearsal's address
			r.Text, r.Hint = "a rehearsal: only the person of the row can open the message", "you see that it comes"
		}
		said.Remarks = append(said.Remarks, content.Remark(r))
	}
	return m.keys.Size(msg), nil
}

// weight is the most octets that a message has on the wire.
func (m *Maker) weight(msg *render.Message) int64 {
	if m.keys == nil {
		return msg.Size()
	}
	return m.keys.Size(msg)
}

// Keys are the keys of those who get sealed messages; nil if the campaign seals none.
func (m *Maker) Keys() *seal.Keys { return m.keys }
