package roster

import (
	"cmp"
	"strconv"
	"strings"

	"mailshot/campaign/check"
	"mailshot/cmd/mailshot/web/tape"
)

// PageRows is how many rows a page has.
const PageRows = 50

// Row is a row of the list as it was read.
type Row struct {
	Number  int64  // 1 for the first row after the header; 0 = it could not be taken apart
	Place   string // people.csv:17
	Line    string // of it: 17, the row's number in the file
	Cells   []Cell // by column; nil if it could not be taken apart
	Marks   []Mark // of the row as a whole
	Excerpt string // the line as it stands in the file, if it could not be taken apart
}

// Cell is a cell with what is wrong with it.
type Cell struct {
	Text  string
	Marks []Mark
}

// Mark is one finding.
type Mark struct {
	Code     string
	Kind     string // see Kind.ID
	Severity check.Severity
	Text     string // without the column's name
	Hint     string
}

// Which says which rows to show.
type Which struct {
	All  bool   // those without findings, too
	Kind string // those with this kind of finding alone, see Kind.ID; "" = any
}

// Kind is the kind that an ID names, nil if there is none.
func (s *Roster) Kind(id string) *Kind {
	for i := range s.Kinds {
		if s.Kinds[i].ID() == id {
			return &s.Kinds[i]
		}
	}
	return nil
}

// Page returns the rows of a page; the first one is 1. of is how many rows there are on all pages. Beyond the last page
// there are none.
func (s *Roster) Page(which Which, page int64) (rows []Row, of int64, err error) {
	from := max(0, page-1) * PageRows
	var at []uint32
	switch kind := s.Kind(which.Kind); {
	case which.Kind != "" && kind == nil:
	case kind != nil:
		for i, mask := range s.masks {
			if mask&(1<<kind.bit) == 0 {
				continue
			}
			if of >= from && of < from+PageRows {
				at = append(at, s.wrong[i])
			}
			of++
		}
	case which.All:
		of = int64(len(s.offsets))
		for i := from; i < min(of, from+PageRows); i++ {
			at = append(at, uint32(i))
		}
	default:
		of = int64(len(s.wrong))
		if from < of {
			at = s.wrong[from:min(of, from+PageRows)]
		}
	}
	for _, i := range at {
		row, err := s.row(i)
		if err != nil {
			return nil, of, err
		}
		rows = append(rows, row)
	}
	return rows, of, nil
}

// row reads a row from the tape.
func (s *Roster) row(i uint32) (Row, error) {
	t, row := s.at(i)
	if t.Err != nil {
		return row, t.Err
	}
	kinds := make([]*Kind, mostKinds)
	for i := range s.Kinds {
		kinds[s.Kinds[i].bit] = &s.Kinds[i]
	}
	for range t.Number() {
		kind, column, same := t.Number(), t.Number(), t.Number()
		m := Mark{Severity: check.Warning}
		if kind>>1 == mostKinds-1 {
			m.Code = t.Text()
		}
		m.Text, m.Hint = t.Text(), t.Text()
		if t.Err != nil {
			break
		}
		if kind&1 != 0 {
			m.Severity = check.Error
		}
		if same >= 0 {
			_, first := s.at(uint32(same))
			m.Text = "same key as " + first.Place
		}
		if k := kinds[kind>>1]; k != nil {
			m.Code, m.Kind = cmp.Or(m.Code, k.Code), k.ID()
		}
		if column >= 0 && column < int64(len(row.Cells)) {
			row.Cells[column].Marks = append(row.Cells[column].Marks, m)
		} else {
			row.Marks = append(row.Marks, m)
		}
	}
	return row, t.Err
}

// at reads a row without its findings, which follow.
func (s *Roster) at(i uint32) (*tape.Take, Row) {
	to := int64(0)
	if int(i)+1 < len(s.offsets) {
		to = s.offsets[i+1]
	}
	b, err := s.tape.Read(s.offsets[i], to)
	t := &tape.Take{Rest: b, Err: err}
	row := Row{Number: t.Number(), Place: t.Text(), Excerpt: t.Text()}
	row.Line = line(row.Place)
	for range t.Number() {
		row.Cells = append(row.Cells, Cell{Text: t.Text()})
	}
	return t, row
}

// line is the number in a place such as people.csv:17, people.csv:17:3, customers.xlsx November!17 or November!C17; ""
// if there is none.
func line(place string) string {
	i := strings.LastIndexAny(place, ":!")
	if i < 0 {
		return ""
	}
	last := strings.TrimLeft(place[i+1:], "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
	if !digits(last) {
		return ""
	}
	before := place[:i]
	if j := strings.LastIndexByte(before, ':'); place[i] == ':' && j >= 0 && digits(before[j+1:]) {
		return before[j+1:]
	}
	return last
}

// Line is the number of the row in a place, "" if it has none.
func Line(place string) string { return line(place) }

func digits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

func number(n int64) string { return strconv.FormatInt(n, 10) }
