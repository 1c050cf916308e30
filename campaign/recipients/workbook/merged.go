package workbook

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"mailshot/campaign/recipients/fault"
	"mailshot/campaign/recipients/workbook/strictxml"
)

// mostMerged is how many blocks of merged cells of a sheet are kept.
const mostMerged = 10_000

// merge keeps a block of merged cells. A sheet lists them after its rows.
func (s *Sheet) merge(ref []byte) {
	if a, err := parseArea(string(ref)); err == nil && (a.left < a.right || a.top < a.bottom) &&
		len(s.merges) < mostMerged {
		s.merges = append(s.merges, a)
	}
}

// block names a block of cells: November!C1:D1.
func (s *Sheet) block(a area) string {
	return s.CellPlace(a.left, a.top) + ":" + Letters(a.right) + strconv.Itoa(a.bottom)
}

// MergedHeader is the error of a header in which one name spans several columns, so that all but the first have no
// name. It is nil if there is none.
func (s *Sheet) MergedHeader() *Error {
	for _, m := range s.merges {
		if m.holds(s.headerRow) && m.left < m.right && m.right >= s.first && m.left < s.first+max(s.width, 1) {
			return &Error{
				Code: "merged-header", Place: s.block(m),
				Text: "these cells of the header are merged, so that one name stands over several columns",
				Hint: "unmerge them in Excel and give each column a name of its own; if this is a title, say in " +
					"recipients.header_row where the names are",
			}
		}
	}
	return nil
}

// Notes returns what is odd about the sheet as a whole and not a mistake, after its last row.
func (s *Sheet) Notes() (notes []*Error) {
	if s.gapRows > 0 {
		notes = append(notes, &Error{
			Code: "empty-rows", Place: s.place(s.firstGap),
			Text: fault.Are(s.gapRows, "row") + " empty in the middle of the list, the first here; the rows below " +
				"are read as well",
			Hint: "if they are not part of the list, name the list's cells with range",
		})
	}
	if note := s.conditionalNote(); note != nil {
		notes = append(notes, note)
	}
	if s.unnamed {
		notes = append(notes, s.book.bare()...)
	}
	var blocks []string
	var first area
	for _, m := range s.merges {
		in := area{max(m.left, s.first), min(m.right, s.first+s.width-1), max(m.top, s.headerRow+1),
			min(m.bottom, s.area.bottom, s.lastFound)}
		if in.left > in.right || in.top > in.bottom ||
			in.left == in.right && in.top == in.bottom && in.left == m.left && in.top == m.top {
			continue
		}
		if len(blocks) == 0 {
			first = m
		}
		blocks = append(blocks, Letters(m.left)+strconv.Itoa(m.top)+":"+Letters(m.right)+strconv.Itoa(m.bottom))
	}
	if len(blocks) == 0 {
		return notes
	}
	text := "the cells " + blocks[0] + " are merged: only the first has the value, the others are read as empty"
	if len(blocks) > 1 {
		text = fmt.Sprintf("%d blocks of cells are merged: only the first cell of each has the value, the others "+
			"are read as empty: %s", len(blocks), strings.Join(blocks[:min(len(blocks), 10)], ", "))
		if more := len(blocks) - 10; more > 0 {
			text += fmt.Sprintf(" and %d more", more)
		}
	}
	return append(notes, &Error{Code: "merged-cells", Place: s.block(first), Text: text,
		Hint: "if the value is meant for every row, unmerge them in Excel and fill each cell"})
}

// Covered returns the places of the header's cells that belong to a block of merged cells and are not its first.
func (s *Sheet) Covered() map[string]bool {
	last := s.first + s.width
	from := func(m area) int { return max(m.left+1, s.first) }
	// The farthest end of the blocks that begin at each column. One pass is enough, however many blocks overlap.
	ends := make([]int, last)
	for _, m := range s.merges {
		if at := from(m); m.holds(s.headerRow) && at < last {
			ends[at] = max(ends[at], m.right+1)
		}
	}
	places, end := make(map[string]bool), 0
	for c := range last {
		if end = max(end, ends[c]); c < end {
			places[s.CellPlace(c, s.headerRow)] = true
		}
	}
	return places
}

// Rest reads the sheet to its end, for what follows the rows.
func (s *Sheet) Rest() error {
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

// LeftOut returns how many hidden rows were left out so far, and the place of the first.
func (s *Sheet) LeftOut() (rows int, first string) {
	if s.hiddenRows == 0 {
		return 0, ""
	}
	return s.hiddenRows, s.place(s.firstHidden)
}
