package report

import (
	"encoding/csv"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"
)

// Copied is a row of a list, as a person sees it, with what became of it.
type Copied struct {
	Fields []string // as many as the list has columns
	Status string   // a state, or "" if the campaign does not know the row
	Time   time.Time
	Reply  string // the server's words, or the reason of the state
}

// CopyColumns returns the names of a list's columns, followed by those for what became of its rows: status, time and
// reply, or "status 2" if the list has a column of that name.
func CopyColumns(list []string) []string {
	taken := make(map[string]bool, len(list)+3)
	columns := make([]string, 0, len(list)+3)
	for _, name := range list {
		taken[name] = true
		columns = append(columns, name)
	}
	for _, name := range []string{"status", "time", "reply"} {
		free := name
		for n := 2; taken[free]; n++ {
			free = fmt.Sprintf("%s %d", name, n)
		}
		columns = append(columns, free)
	}
	return columns
}

// WriteCopyCSV writes a list with what became of its rows: UTF-8, with commas and CRLF line ends (RFC 4180). columns
// are those of CopyColumns. No cell is a formula. Numbers, and the lines of a cell, stay as they are. Times are RFC
// 3339 in UTC. rows is streamed; its first error ends the writing and is returned.
func WriteCopyCSV(w io.Writer, columns []string, rows iter.Seq2[Copied, error]) error {
	cw := csv.NewWriter(w)
	cw.UseCRLF = true
	if err := cw.Write(harmless(columns)); err != nil {
		return err
	}
	for r, err := range rows {
		if err != nil {
			return err
		}
		at := ""
		if !r.Time.IsZero() {
			at = r.Time.UTC().Format(time.RFC3339)
		}
		if err := cw.Write(append(harmless(r.Fields), Defuse(r.Status), at, Defuse(r.Reply))); err != nil {
			return err
		}
	}
	cw.Flush()
	return cw.Error()
}

// WriteCopyXLSX is WriteCopyCSV as a workbook, with the sheet "List" (and "List 2"… above a million rows). Every cell
// of the list is a text, even one of digits, so that its zeros stay. Times are dates.
func WriteCopyXLSX(w io.Writer, columns []string, rows iter.Seq2[Copied, error]) error {
	return writeCopyXLSX(w, columns, rows, sheetRows)
}

func writeCopyXLSX(w io.Writer, columns []string, rows iter.Seq2[Copied, error], perSheet int) error {
	return writeWorkbook(w, func(f *excelize.File) error {
		const asText = 49 // Excel's number of the format @
		styles, err := newStyles(f,
			excelize.Style{Font: &excelize.Font{Bold: true}, NumFmt: asText}, excelize.Style{NumFmt: asText}, dateStyle())
		if err != nil {
			return err
		}
		bold, text, date := styles[0], styles[1], styles[2]
		list := &sheets{f: f, name: "List", first: true, head: styled(bold, harmless(columns)), perSheet: perSheet}
		if err := list.begin(); err != nil {
			return err
		}
		for r, err := range rows {
			if err != nil {
				return err
			}
			var at any
			if !r.Time.IsZero() {
				at = excelize.Cell{StyleID: date, Value: r.Time.UTC()}
			}
			cells := styled(text, append(harmless(r.Fields), Defuse(r.Status)))
			if err := list.row(append(cells, at, styled(text, []string{Defuse(r.Reply)})[0])); err != nil {
				return err
			}
		}
		return list.end()
	})
}

// harmless returns cells of a list that spreadsheets do not take for formulas. Each line of a cell is defused, but
// numbers stay what they are, also below zero. The slice is new, with room for the columns that follow.
func harmless(fields []string) []string {
	out := make([]string, 0, len(fields)+3)
	for _, s := range fields {
		if !plainNumber(s) {
			lines := strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
			for i := range lines {
				lines[i] = Defuse(lines[i])
			}
			s = strings.Join(lines, "\n")
		}
		out = append(out, s)
	}
	return out
}

// plainNumber reports whether a text is a sign and digits with points and commas between them. Such a text has the
// value that it shows, and is not a formula.
func plainNumber(s string) bool {
	if s != "" && (s[0] == '-' || s[0] == '+') {
		s = s[1:]
	}
	digit := false
	for i := range len(s) {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			digit = true
		case digit && (c == '.' || c == ',') && i < len(s)-1:
			digit = false
		default:
			return false
		}
	}
	return digit
}
