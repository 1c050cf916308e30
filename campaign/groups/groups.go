// Package groups puts the rows of a list together that get one message: [Rows] yields a row for each message, with its
// whole group.
//
// Rows of a group may stand anywhere in the list, so the whole list is read before the first group is known. Its rows
// wait in a working file meanwhile. Of each row some 16 bytes stay in memory, and of each group some 80.
package groups

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"

	"mailshot/campaign/recipients"
	"mailshot/campaign/recipients/stored"
	"mailshot/internal/scratch"
)

// Most is how many rows a group may have. A range in a template makes so many turns at most.
const Most = 10_000

// Rows yields the rows of a list as recipients.List.Rows does, if its campaign has no groups. With groups it yields the
// first row of each group, in the order of the list, and each row that the filter left out. The row of a group has the
// faults of all its rows. home is where the working file lies, see scratch.New.
func Rows(ctx context.Context, list *recipients.List, home string) iter.Seq2[*recipients.Row, error] {
	if !list.Header().Grouped {
		return list.Rows(ctx)
	}
	return func(yield func(*recipients.Row, error) bool) {
		file, done, err := scratch.File(home, "group")
		if err != nil {
			yield(nil, err)
			return
		}
		g := &gathering{header: list.Header(), file: file, to: bufio.NewWriterSize(file, 1<<16), known: map[key]uint32{}}
		if ended := g.gather(list.Rows(ctx), yield); !ended {
			g.each(ctx, yield)
		}
		if err := done(); err != nil {
			yield(nil, err)
		}
	}
}

// key stands for the value of a group: the first half of its SHA-256.
type key [16]byte

// gathering is the rows that wait for the end of the list.
type gathering struct {
	header *recipients.Header
	file   *os.File
	to     *bufio.Writer
	end    int64  // of the file
	buffer []byte // of one record

	rows   []waiting
	groups []group
	known  map[key]uint32 // by group's value: its place in groups
}

// waiting is a row in the file.
type waiting struct {
	at   int64  // of its record
	next uint32 // 1 + the place of its group's next row; 0 = it is the last one
}

// group is the places of its first and last row, and how many rows it has.
type group struct{ first, last, n uint32 }

// The kinds of records.
const (
	whole byte = iota
	filtered
	faulty // with its faults, as JSON
)

// gather reads the list to its end. Faults of the list are yielded at once. ended says that nobody wants more.
func (g *gathering) gather(rows iter.Seq2[*recipients.Row, error], yield func(*recipients.Row, error) bool) (ended bool) {
	for row, err := range rows {
		if err == nil {
			err = g.add(row)
		}
		if err != nil && !yield(nil, err) {
			return true
		}
	}
	if err := g.to.Flush(); err != nil {
		return !yield(nil, err)
	}
	return false
}

// add writes a row into the file, and notes its group.
func (g *gathering) add(row *recipients.Row) error {
	kind := whole
	switch {
	case row.Filtered:
		kind = filtered
	case len(row.Faults) > 0:
		kind = faulty
	}
	b := binary.AppendUvarint(append(g.buffer[:0], kind), uint64(row.Number))
	b = stored.AppendText(b, row.Place)
	b = stored.AppendText(b, string(row.Encode()))
	if kind == faulty {
		var faults []*recipients.Fault
		for _, err := range row.Faults {
			var f *recipients.Fault
			if !errors.As(err, &f) {
				return fmt.Errorf("%s: %w", row.Place, err)
			}
			faults = append(faults, f)
		}
		said, err := json.Marshal(faults)
		if err != nil {
			return err
		}
		b = append(b, said...)
	}
	g.buffer = b
	at := uint32(len(g.rows))
	g.rows = append(g.rows, waiting{at: g.end})
	g.end += int64(len(b))
	if _, err := g.to.Write(b); err != nil {
		return err
	}
	if row.Filtered || row.Key == "" {
		g.groups = append(g.groups, group{at, at, 1})
		return nil
	}
	sum := sha256.Sum256([]byte(row.Key))
	no, is := g.known[key(sum[:16])]
	if !is {
		g.known[key(sum[:16])] = uint32(len(g.groups))
		g.groups = append(g.groups, group{at, at, 1})
		return nil
	}
	of := &g.groups[no]
	g.rows[of.last].next, of.last = at+1, at
	of.n++
	return nil
}

// each yields the groups, in the order of their first rows.
func (g *gathering) each(ctx context.Context, yield func(*recipients.Row, error) bool) {
	for _, of := range g.groups {
		if err := ctx.Err(); err != nil {
			yield(nil, err)
			return
		}
		if of.n > Most {
			if !g.large(of, yield) {
				return
			}
			continue
		}
		row, err := g.group(of)
		if !yield(row, err) || err != nil {
			return
		}
	}
}

// group reads the rows of a group.
func (g *gathering) group(of group) (*recipients.Row, error) {
	rows := make([]*recipients.Row, 0, of.n)
	for at := of.first; ; at = g.rows[at].next - 1 {
		row, err := g.read(at)
		if err != nil {
			return nil, err
		}
		if rows = append(rows, row); g.rows[at].next == 0 {
			break
		}
	}
	if !rows[0].Filtered {
		together(g.header, rows)
	}
	return rows[0], nil
}

// large yields the rows of a group that is too large for a message one by one, each with a fault.
func (g *gathering) large(of group, yield func(*recipients.Row, error) bool) bool {
	for at := of.first; ; at = g.rows[at].next - 1 {
		row, err := g.read(at)
		if err == nil {
			row.Faults = append(row.Faults, &recipients.Fault{Code: "group-too-large", Place: row.Place,
				Text: fmt.Sprintf("the group %q has %d rows, and a message has room for %d", row.Key, of.n, Most),
				Hint: "is " + g.header.Columns[g.header.Key].Name + " the column that tells the messages apart?"})
		}
		if !yield(row, err) || err != nil {
			return false
		}
		if g.rows[at].next == 0 {
			return true
		}
	}
}

// read reads a row from the file.
func (g *gathering) read(at uint32) (*recipients.Row, error) {
	end := g.end
	if int(at)+1 < len(g.rows) {
		end = g.rows[at+1].at
	}
	b := make([]byte, end-g.rows[at].at)
	if _, err := io.ReadFull(io.NewSectionReader(g.file, g.rows[at].at, int64(len(b))), b); err != nil {
		return nil, fmt.Errorf("the working file of groups: %w", err)
	}
	kind := b[0]
	number, width := binary.Uvarint(b[1:])
	place, rest, what := stored.Text(string(b[1+max(width, 0):]))
	var fields string
	if what == "" {
		fields, rest, what = stored.Text(rest)
	}
	if what != "" {
		return nil, errors.New("the working file of groups: " + what)
	}
	row, err := g.header.Decode(place, int64(number), []byte(fields))
	if err != nil {
		return nil, err
	}
	row.Group = nil
	switch kind {
	case filtered:
		row.Filtered, row.Invalid = true, ""
	case faulty:
		var faults []*recipients.Fault
		if err := json.Unmarshal([]byte(rest), &faults); err != nil {
			return nil, err
		}
		for _, f := range faults {
			row.Faults = append(row.Faults, f)
		}
	}
	return row, nil
}
