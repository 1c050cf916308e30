package recipients

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"mailshot/campaign/recipients/fault"
	"mailshot/campaign/recipients/folding"
	"mailshot/campaign/recipients/workbook/strictxml"
)

// namedArea is cells that a workbook has a name for: a defined name, or a table.
type namedArea struct {
	name, sheet, ref string
	totals           int // rows at its end that hold sums, of a table
}

// defined reads the text of a defined name: November!$A$3:$F$200, 'My list'!$A:$F. What names no one block of cells is none.
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

// tables reads the tables of all sheets (ECMA-376 part 1, 18.5).
func (b *workbook) tables() (all []namedArea, err error) {
	for _, entry := range b.sheets {
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

// area finds the cells of the list, and the sheet they are on where the name says it. Names are alike in any case, as in Excel.
func (b *workbook) area(cfg Config) (a area, sheet string, err error) {
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
			return a, "", b.fault("its table "+fault.Quote(n.name)+" has no cells: "+err.Error(), "open it in Excel, repair it and save it again")
		}
		a.bottom -= n.totals
		return a, n.sheet, nil
	}
	f := &Fault{Code: "bad-range", Place: cfg.says("range"), Text: err.Error(), Hint: "write it as A3:F200, as A:F for whole columns, or as the name of a range or table of the workbook"}
	if hint := folding.Nearest(cfg.Range, names); hint != "" {
		f.Hint = hint
	} else if len(names) > 0 {
		f.Hint += ": " + fault.Shorten(strings.Join(names, ", "), 120)
	}
	return a, "", f
}
