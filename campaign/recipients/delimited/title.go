package delimited

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Titles stand above a header: the name of the report, who exported it, an empty line. The header is the first row
// with the list's many columns, and the rows below it have an address.

// mostTitles is how many rows may stand above a header.
const mostTitles = 20

// enough is the share of the rows below a header that have as many cells as it.
const enough = 0.8

// most is the share of the rows below the first row that have as many cells, if no title stands above them.
const most = 0.5

// header is a header below a title, as a delimiter shows it.
type header struct {
	at, line  int // offset and line of its row
	width     int
	share     float64 // of the rows below it that have its width
	delimiter byte
}

// skipTitle moves to the header, if a title stands above it.
func (r *CSV) skipTitle(known bool, whole bool) {
	b := r.buf[r.pos:r.end]
	try := []byte(delimiters)
	if known {
		try = []byte{r.delimiter}
	} else if h, ok := headerOf(b, r.delimiter, whole); ok && h.at == 0 {
		return
	}
	var best header
	for _, d := range try {
		h, ok := headerOf(b, d, whole)
		if ok && h.at > 0 && (h.share > best.share || h.share == best.share && h.width > best.width) {
			best = h
		}
	}
	if best.at > 0 {
		r.pos, r.line, r.delimiter = r.pos+best.at, r.line+int64(best.line)-1, best.delimiter
		r.titled = r.line
	}
}

// headerOf finds the header of a list. at is 0 if the first row is one; ok is false if no row is.
func headerOf(b []byte, delimiter byte, whole bool) (h header, ok bool) {
	r := &CSV{in: bytes.NewReader(nil), eof: io.EOF, buf: b, end: len(b), line: 1, delimiter: delimiter}
	type row struct {
		at, line int
		cells    []string
	}
	var rows []row
	widths := map[int]int{}
	for len(rows) < 200 {
		rec, err := r.Next()
		if err != nil || !whole && r.pos == r.end {
			break
		}
		if strings.Trim(rec.Raw, " \t") == "" {
			continue
		}
		// The record ends before r.pos, at most two bytes of line end further.
		at := bytes.LastIndex(b[:r.pos], []byte(rec.Raw))
		rows = append(rows, row{at, int(rec.Line), rec.Fields})
		widths[len(rec.Fields)]++
	}
	width := 0
	for w, n := range widths {
		if w > 1 && (n > widths[width] || n == widths[width] && w > width) {
			width = w
		}
	}
	if width == 0 {
		return h, false
	}
	for i, row := range rows[:min(len(rows), mostTitles+1)] {
		if len(row.cells) != width || filled(row.cells) < 2 {
			continue
		}
		same, addressed := 0, false
		for _, below := range rows[i+1:] {
			if len(below.cells) == width {
				same++
				at := slices.IndexFunc(below.cells, isAddress)
				addressed = addressed || at >= 0 && strings.TrimSpace(row.cells[at]) != ""
			}
		}
		h = header{at: row.at, line: row.line, width: width, delimiter: delimiter, share: 1}
		if n := len(rows) - i - 1; n > 0 {
			h.share = float64(same) / float64(n)
		}
		if i == 0 {
			h.at = 0
			return h, h.share >= most
		}
		for _, above := range rows[:i] {
			if slices.ContainsFunc(above.cells, isAddress) || filled(above.cells) >= filled(row.cells) {
				return h, false
			}
		}
		return h, addressed && h.share >= enough && !slices.ContainsFunc(row.cells, isAddress)
	}
	return h, false
}

// filled is how many cells are not blank.
func filled(cells []string) int {
	n := 0
	for _, c := range cells {
		if strings.TrimSpace(c) != "" {
			n++
		}
	}
	return n
}

func isAddress(cell string) bool {
	i := strings.IndexByte(cell, '@')
	return i > 0 && i < len(cell)-1
}

// Guesses says what was taken for granted, for people.
func (r *CSV) Guesses() (guesses []string) {
	if d, by := r.Delimiter(); by == Told && d != ',' {
		guesses = append(guesses, fmt.Sprintf("delimiter: %q", string(d)))
	}
	if r.titled > 0 {
		guesses = append(guesses, fmt.Sprintf("header: line %d; what stands above it is a title (header_row says otherwise)",
			r.titled))
	}
	return guesses
}
