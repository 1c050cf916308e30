package whole

import (
	"bytes"
	"hash/maphash"
	"strings"
	"time"
	"unicode/utf8"

	"mailshot/templates"
)

// Message is one finished message with the row that it is made from.
type Message struct {
	Edition    int // of Config.Editions
	Key        string
	Person     string // the key of their address
	Address    string // that the message goes to
	Token      string // the text by which the message names its person; "" = none
	Subject    string
	Text, HTML *templates.Output // HTML is nil if there is none
	Cells      []templates.Cell  // of the row, in the order of Config.Columns
	Group      []templates.Member
}

// Row is what is kept about one message until it is counted.
type Row struct {
	edition, rows, length int
	subject, key, to      uint64
	text, html, message   uint64    // what they say beside literals; message is all of it
	cells                 []uint64  // hashes, by Watch.columns
	days                  []float64 // dates, by Watch.columns; 0 where there is none
	values                []value   // by Watch.amounts
	compared              []answer  // by Watch.conditions
	cell                  []string  // what compared differs by; "" where it does not matter
	numbers               []string  // by Watch.numbers; "" for what is no number of anything
	script                string    // of the subject; "" = of several, or it is too short
}

// answer is the result of comparing a cell.
type answer uint8

const (
	empty answer = iota
	equal
	near // equal but for blanks around it and capitals
	other
)

// Look looks at one message. The caller may release the message when it returns.
func (w *Watch) Look(m Message) *Row {
	r := &Row{edition: m.Edition, rows: max(len(m.Group), 1), length: utf8.RuneCount(m.Text.Text),
		key: maphash.String(w.seed, m.Key), to: maphash.String(w.seed, m.Person)}
	e := &w.editions[m.Edition]
	r.subject = maphash.String(w.seed, m.Subject)
	r.text = w.said(1, m, m.Text, e.Text)
	if m.HTML != nil {
		r.html = w.said(1, m, m.HTML, e.HTML)
	}
	r.message = mix(mix(r.subject, r.text), r.html)
	if !e.written && e.script != "" && isSentence(m.Subject) {
		r.script = subjectScript(m.Subject)
	}
	r.cells = make([]uint64, len(w.columns))
	r.days = make([]float64, len(w.columns))
	for i, column := range w.columns {
		r.cells[i] = maphash.String(w.seed, m.Cells[column.of].Text)
		if column.printed {
			r.days[i] = day(m.Cells[column.of])
		}
	}
	if len(w.amounts) > 0 {
		r.values = make([]value, len(w.amounts))
		for i := range w.amounts {
			r.values[i] = w.amounts[i].of(m)
		}
	}
	if len(w.conditions) > 0 {
		r.compared = make([]answer, len(w.conditions))
		r.cell = make([]string, len(w.conditions))
		for i, c := range w.conditions {
			r.cell[i] = m.Cells[c.column].Text
			r.compared[i] = c.compare(r.cell[i])
		}
	}
	if len(w.numbers) > 0 {
		r.numbers = make([]string, len(w.numbers))
		for i, n := range w.numbers {
			if text := strings.TrimSpace(m.Cells[w.columns[n].of].Text); isNumber(text) {
				r.numbers[i] = text
			}
		}
	}
	return r
}

// said adds to a hash what a text says besides its templates' literals, and which literals are in it. The person's own
// token and address are left out: two texts that differ only in these say the same.
func (w *Watch) said(h uint64, m Message, o *templates.Output, literals []string) uint64 {
	at := 0
	for _, run := range o.Runs {
		h = mix(w.gap(h, o.Text[at:run.At], m.Token, m.Address), uint64(run.Literal)+1)
		at = run.At + len(literals[run.Literal])
	}
	return w.gap(h, o.Text[at:], m.Token, m.Address)
}

// gap adds to a hash the text between two literals, without certain texts.
func (w *Watch) gap(h uint64, gap []byte, without ...string) uint64 {
	if len(gap) == 0 {
		return h
	}
	for i, s := range without {
		if at := indexOf(gap, s); at >= 0 {
			h = w.gap(h, gap[:at], without[i+1:]...)
			return w.gap(mix(h, uint64(i)), gap[at+len(s):], without...)
		}
	}
	return mix(h, maphash.Bytes(w.seed, gap))
}

// indexOf is where a text that is not empty begins in another; -1 if it is not in it.
func indexOf(text []byte, s string) int {
	if s == "" || len(text) < len(s) {
		return -1
	}
	return bytes.Index(text, []byte(s))
}

// mix adds a number to a hash.
func mix(h, n uint64) uint64 {
	h ^= n + 0x9e3779b97f4a7c15 + h<<6 + h>>2
	h *= 0xff51afd7ed558ccd
	return h ^ h>>33
}

// compare returns the result of a condition for a cell.
func (c *condition) compare(cell string) answer {
	if strings.TrimSpace(cell) == "" {
		return empty
	}
	for _, text := range c.with {
		if cell == text {
			return equal
		}
	}
	for _, text := range c.with {
		if strings.EqualFold(strings.TrimSpace(cell), strings.TrimSpace(text)) {
			return near
		}
	}
	return other
}

// isNumber says whether a cell may be a number that only one message has: of an invoice, a ticket or a contract. An
// amount, a date and a year are not such numbers.
func isNumber(cell string) bool {
	digits := 0
	for _, c := range cell {
		switch {
		case c >= '0' && c <= '9':
			digits++
		case c == '@' || c > 0x7f && digits == 0:
			return false
		}
	}
	if digits < 3 || len(cell) > 64 || len(cell) == 4 && digits == 4 && (cell[:2] == "19" || cell[:2] == "20") {
		return false
	}
	if i := strings.LastIndexAny(cell, ".,"); i >= 0 && len(cell)-i <= 3 {
		return false
	}
	for _, layout := range []string{time.DateOnly, "2.1.2006", "1/2/2006", "2/1/2006", "2006/1/2", "2006-01"} {
		if _, err := time.Parse(layout, cell); err == nil {
			return false
		}
	}
	return true
}
