package recipients

import (
	"fmt"
	"strings"

	"mailshot/campaign/recipients/fault"
)

// nameless is a source of text without the columns that have no name. Spreadsheets leave delimiters behind the last
// column and between columns. Such a column is none as long as it holds nothing; a cell in it is a fault.
type nameless struct {
	source
	kept  []int  // the columns with names
	named []bool // by column of the file
	said  []bool // the column's first cell was reported
}

// dropNameless takes the columns without names out of a header, and out of what follows it.
func (l *List) dropNameless(header record) record {
	s := &nameless{source: l.source, named: make([]bool, len(header.fields)), said: make([]bool, len(header.fields))}
	var fields []string
	for i, name := range header.fields {
		if columnName(name) != "" {
			s.named[i], s.kept, fields = true, append(s.kept, i), append(fields, name)
		}
	}
	l.source, header.fields = s, fields
	return header
}

func (s *nameless) next() (record, error) {
	rec, err := s.source.next()
	if err != nil || blank(rec) {
		return rec, err
	}
	if len(s.kept) == len(s.named) { // what is beyond the last column is a cell, or a delimiter that was left there
		for len(rec.fields) > len(s.named) && strings.TrimSpace(rec.fields[len(rec.fields)-1]) == "" {
			rec.fields = rec.fields[:len(rec.fields)-1]
		}
		return rec, nil
	}
	if n := len(s.kept); n > 0 && len(rec.fields) <= s.kept[n-1] {
		return rec, ragged(s.place(rec.line), rec, len(s.named))
	}
	var wrong *Fault
	for i, text := range rec.fields {
		switch {
		case strings.TrimSpace(text) == "" || i < len(s.named) && (s.named[i] || s.said[i]):
		case i >= len(s.named):
			return rec, ragged(s.place(rec.line), rec, len(s.named))
		case wrong == nil:
			s.said[i] = true
			wrong = &Fault{Code: "empty-header", Place: s.place(rec.line), Line: rec.line, Excerpt: fault.Excerpt(rec.raw),
				Text: fmt.Sprintf("column %d has no name, and holds %s here", i+1, fault.Quote(text)),
				Hint: "give it a name, or delete the column; header_row and delimiter say where the header is"}
		}
	}
	if wrong != nil {
		return rec, wrong
	}
	fields := make([]string, len(s.kept))
	for k, i := range s.kept {
		fields[k] = rec.fields[i]
	}
	rec.fields = fields
	return rec, nil
}
