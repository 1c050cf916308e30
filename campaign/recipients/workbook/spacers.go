package workbook

import (
	"slices"
	"strings"

	"mailshot/campaign/recipients/value"
)

// dropSpacers finds the columns that are only space: they have no name in the header, and no cell below it. Next leaves
// them out. A column without a name that holds something stays, for its data would be lost. Only a sheet with such
// columns is read twice.
func (s *Sheet) dropSpacers(header Row) {
	spaces := map[int]bool{} // by place in the row
	for i, text := range header.Texts {
		if strings.TrimSpace(text) == "" {
			spaces[i] = true
		}
	}
	if len(spaces) == 0 || len(spaces) == len(header.Texts) || s.book == nil {
		return
	}
	again, err := s.book.Sheet(s.cfg)
	if err != nil {
		return // the rows of this sheet will say what is wrong
	}
	defer again.Close()
	for len(spaces) > 0 {
		row, err := again.Next()
		if err != nil {
			break
		}
		for i, c := range row.Cells {
			if row.Number > header.Number && strings.TrimSpace(row.Texts[i]) != "" {
				delete(spaces, c.Column-s.first)
			}
		}
		for _, e := range row.Errors {
			if c, _, ok := parseRef([]byte(e.Place[strings.LastIndexByte(e.Place, '!')+1:])); ok {
				delete(spaces, c-s.first)
			}
		}
	}
	if len(spaces) == 0 {
		return
	}
	for i := range header.Texts {
		if !spaces[i] {
			s.kept = append(s.kept, i)
		}
	}
}

// withoutSpacers is a row without the columns that are only space.
func (s *Sheet) withoutSpacers(rec Row) Row {
	if s.kept == nil {
		return rec
	}
	texts, cells := make([]string, 0, len(rec.Texts)), make([]value.Cell, 0, len(rec.Cells))
	for _, i := range s.kept {
		if i < len(rec.Texts) {
			texts, cells = append(texts, rec.Texts[i]), append(cells, rec.Cells[i])
		}
	}
	if beyond := min(s.width, len(rec.Texts)); beyond < len(rec.Texts) {
		texts, cells = append(texts, rec.Texts[beyond:]...), append(cells, rec.Cells[beyond:]...)
	}
	rec.Texts, rec.Cells = slices.Clip(texts), cells
	return rec
}
