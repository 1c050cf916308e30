package workbook

import (
	"fmt"
	"math"
	"path"
	"slices"
	"strconv"
	"strings"

	"mailshot/campaign/recipients/fault"
	"mailshot/campaign/recipients/folding"
	"mailshot/campaign/recipients/workbook/strictxml"
	"mailshot/internal/ellipsis"
)

// namedArea is a block of cells with a name: a defined name, or a table.
type namedArea struct {
	name, sheet, ref string
	totals           int // rows of sums at the end of a table
}

// defined parses the text of a defined name: November!$A$3:$F$200, 'My list'!$A:$F. ok is false if it is not one
// block of cells.
func defined(name, text string) (namedArea, bool) {
	i := strings.LastIndexByte(text, '!')
	if i <= 0 || strings.HasPrefix(name, "_xlnm.") || strings.Contains(text[:i], "!") {
		return namedArea{}, false
	}
	sheet := text[:i]
	if strings.HasPrefix(sheet, "'") && strings.HasSuffix(sheet, "'") && len(sheet) > 2 {
		sheet = strings.ReplaceAll(sheet[1:len(sheet)-1], "''", "'")
	}
	a := namedArea{name: name, sheet: sheet, ref: text[i+1:]}
	_, err := parseArea(a.ref)
	return a, err == nil
}

// tables returns the tables of all sheets (ECMA-376 part 1, 18.5).
func (b *Book) tables() (all []namedArea, err error) {
	for _, entry := range b.sheets {
		if !b.has(entry) {
			continue
		}
		folder, base := path.Split(entry.path)
		targets, err := b.relations(folder+"_rels/"+base+".rels", folder)
		if err != nil {
			return nil, err
		}
		for _, r := range targets {
			if r.kind != "table" {
				continue
			}
			err := b.document(r.path, func(s *strictxml.Scanner) error {
				for {
					t, err := s.Next()
					if err != nil {
						return err
					}
					if t.Kind == strictxml.StartTag && t.Name == "table" {
						a := namedArea{name: s.Value("displayName"), sheet: entry.name, ref: s.Value("ref")}
						a.totals, _ = strconv.Atoi(s.Value("totalsRowCount")) // absent: none
						all = append(all, a)
					}
				}
			})
			if err != nil {
				return nil, err
			}
		}
	}
	return all, nil
}

// area finds the cells of the list, and the sheet if the range's name says it. Case does not matter in names, as in
// Excel.
func (b *Book) area(cfg Config) (a area, sheet string, err error) {
	a, err = parseArea(cfg.Range)
	if err == nil {
		return a, cfg.Sheet, nil
	}
	tables, tableErr := b.tables()
	if tableErr != nil {
		return a, "", tableErr
	}
	known := append(slices.Clone(b.names), tables...)
	var names []string
	for _, n := range known {
		names = append(names, n.name)
		if !strings.EqualFold(n.name, strings.TrimSpace(cfg.Range)) || cfg.Sheet != "" && cfg.Sheet != n.sheet {
			continue
		}
		if a, err = parseArea(n.ref); err != nil {
			return a, "", b.fault("its table "+fault.Quote(n.name)+" has no cells: "+err.Error(),
				"open it in Excel, repair it and save it again")
		}
		a.bottom -= n.totals
		return a, n.sheet, nil
	}
	f := &Error{Code: BadRange, Text: err.Error(),
		Hint: "write it as A3:F200, as A:F for whole columns, or as the name of a range or table of the workbook"}
	if hint := folding.Nearest(cfg.Range, names); hint != "" {
		f.Hint = hint
	} else if len(names) > 0 {
		f.Hint += ": " + ellipsis.Cut(strings.Join(names, ", "), 120)
	}
	return a, "", f
}

// area is the part of a sheet that is the list: all of it by default.
type area struct{ left, right, top, bottom int } // columns from 0, rows from 1, both inclusive

func (a area) holds(row int) bool { return row >= a.top && row <= a.bottom }

// parseArea parses A3:F200, or A:F.
func parseArea(s string) (area, error) {
	a := area{0, MaxColumns - 1, 1, MaxRows}
	if s = strings.ReplaceAll(strings.TrimSpace(s), "$", ""); s == "" {
		return a, nil
	}
	from, to, ok := strings.Cut(strings.ToUpper(s), ":")
	left, top, ok1 := parseCorner(from)
	right, bottom, ok2 := parseCorner(to)
	if !ok || !ok1 || !ok2 || (top == 0) != (bottom == 0) || right < left || bottom < top {
		return a, fmt.Errorf("range %s", fault.Quote(s))
	}
	a.left, a.right = left, right
	if top > 0 {
		a.top, a.bottom = top, bottom
	}
	return a, nil
}

// parseRef parses a cell's name: C17 is column 2, row 17.
func parseRef[T string | []byte](s T) (column, row int, ok bool) {
	column, row, ok = parseCorner(s)
	return column, row, ok && row > 0
}

// parseCorner parses C17, or C with row 0.
func parseCorner[T string | []byte](s T) (column, row int, ok bool) {
	i := 0
	for ; i < len(s) && s[i] >= 'A' && s[i] <= 'Z'; i++ {
		if column = column*26 + int(s[i]-'A') + 1; column > MaxColumns {
			return 0, 0, false
		}
	}
	if i == 0 {
		return 0, 0, false
	}
	if i < len(s) {
		n, err := strconv.ParseUint(string(s[i:]), 10, 32)
		if err != nil || n == 0 || n > math.MaxInt32 {
			return 0, 0, false
		}
		row = int(n)
	}
	return column - 1, row, true
}

// Letters is the name of a column by its index: 0 is A, 26 is AA.
func Letters(column int) string {
	var b [8]byte
	i := len(b)
	for column++; column > 0; column = (column - 1) / 26 {
		i--
		b[i] = byte('A' + (column-1)%26)
	}
	return string(b[i:])
}
