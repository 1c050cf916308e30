package recipients

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"mailshot/campaign/recipients/fault"
	"mailshot/campaign/recipients/workbook/strictxml"
)

// mostMerged is how many blocks of merged cells of a sheet are looked at.
const mostMerged = 10_000

// merge keeps a block of merged cells. A sheet names them behind its rows.
func (s *sheet) merge(ref []byte) {
	if a, err := parseArea(string(ref)); err == nil && (a.left < a.right || a.top < a.bottom) && len(s.merges) < mostMerged {
		s.merges = append(s.merges, a)
	}
}

// block names cells: customers.xlsx November!C1:D1.
func (s *sheet) block(a area) string {
	return s.at(a.left, a.top) + ":" + letters(a.right) + strconv.Itoa(a.bottom)
}

// mergedHeader is the fault of a header of which one name stands over several columns: all but the first of them have none.
func (s *sheet) mergedHeader() *Fault {
	for _, m := range s.merges {
		if m.holds(s.headerRow) && m.left < m.right && m.right >= s.first && m.left < s.first+max(s.width, 1) {
			return &Fault{
				Code: "merged-header", Place: s.block(m), Text: "these cells of the header are merged, so that one name stands over several columns",
				Hint: "unmerge them in Excel and give each column a name of its own; if this is a title, say in recipients.header_row where the names are",
			}
		}
	}
	return nil
}

// note notes what is odd about the sheet as a whole, after its last row.
func (s *sheet) note(n *notes) {
	if s.gapRows > 0 {
		n.add("", s.place(0), Fault{
			Code: "empty-rows", Place: s.place(int64(s.firstGap)), Text: fault.Are(s.gapRows, "row") + " empty in the middle of the list, the first here; what stands below is read as well",
			Hint: "if it is no part of the list, name the list's cells with range",
		})
	}
	var blocks []string
	var first area
	for _, m := range s.merges {
		in := area{max(m.left, s.first), min(m.right, s.first+s.width-1), max(m.top, s.headerRow+1), min(m.bottom, s.area.bottom, s.lastFound)}
		if in.left > in.right || in.top > in.bottom || in.left == in.right && in.top == in.bottom && in.left == m.left && in.top == m.top {
			continue
		}
		if len(blocks) == 0 {
			first = m
		}
		blocks = append(blocks, letters(m.left)+strconv.Itoa(m.top)+":"+letters(m.right)+strconv.Itoa(m.bottom))
	}
	if len(blocks) == 0 {
		return
	}
	text := "the cells " + blocks[0] + " are merged: only the first has the value, the others are read as empty"
	if len(blocks) > 1 {
		text = fmt.Sprintf("%d blocks of cells are merged: only the first cell of each has the value, the others are read as empty: %s", len(blocks), strings.Join(blocks[:min(len(blocks), 10)], ", "))
		if more := len(blocks) - 10; more > 0 {
			text += fmt.Sprintf(" and %d more", more)
		}
	}
	n.add("", s.place(0), Fault{Code: "merged-cells", Place: s.block(first), Text: text, Hint: "if the value is meant for every row, unmerge them in Excel and fill each cell"})
}

// merged adds to the mistakes of a header that its cells are merged, where they are, in the place of saying that columns have no name:
// the name is there, for whoever looks at the sheet. The rows are not wanted any more.
func (l *List) merged(err error) error {
	s, ok := l.source.(*sheet)
	if !ok || s.rest() != nil {
		return err
	}
	f := s.mergedHeader()
	if f == nil {
		return err
	}
	return withMerged(f, err, s)
}

// withMerged is err with f, and without what f says better.
func withMerged(f *Fault, err error, s *sheet) error {
	all := []error{f}
	faults := []error{err}
	if several, ok := err.(interface{ Unwrap() []error }); ok {
		faults = several.Unwrap()
	}
	covered := s.covered()
	for _, one := range faults {
		if other, ok := one.(*Fault); !ok || other.Code != "empty-header" || !covered[other.Place] {
			all = append(all, one)
		}
	}
	return errors.Join(all...)
}

// covered are the places of the header's cells that are in a block of merged cells, and not its first.
func (s *sheet) covered() map[string]bool {
	last := s.first + s.width
	from := func(m area) int { return max(m.left+1, s.first) }
	// The farthest end of the blocks that begin at a column: one pass for however many blocks lie over each other.
	ends := make([]int, last)
	for _, m := range s.merges {
		if at := from(m); m.holds(s.headerRow) && at < last {
			ends[at] = max(ends[at], m.right+1)
		}
	}
	places, end := make(map[string]bool), 0
	for c := range last {
		if end = max(end, ends[c]); c < end {
			places[s.at(c, s.headerRow)] = true
		}
	}
	return places
}

// rest reads the sheet to its end for what stands behind the rows.
func (s *sheet) rest() error {
	for {
		t, err := s.xml.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if t.Kind == strictxml.StartTag && t.Name == "row" {
			if err := s.xml.Skip(); err != nil {
				return err
			}
		} else if t.Kind == strictxml.StartTag && t.Name == "mergeCell" {
			s.merge(t.Attr("ref"))
		}
	}
}

// emptyRows counts blank rows that others follow.
type emptyRows struct {
	place          string // of the first
	pending, count int
}

func (e *emptyRows) add(place string) {
	if e.place == "" {
		e.place = place
	}
	e.pending++
}

// within says that a row follows those counted so far.
func (e *emptyRows) within() {
	e.count += e.pending
	e.pending = 0
}

func (e *emptyRows) note(n *notes) {
	if e.count > 0 {
		n.add("", "", Fault{Code: "empty-rows", Place: e.place, Text: fault.Are(e.count, "row") + " empty in the middle of the list and left out, the first here"})
	}
}
