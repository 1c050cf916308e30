package report

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/xuri/excelize/v2"
)

// columns are the columns of the spreadsheet forms, in order.
func columns() []string {
	return []string{"row", "place", "key", "address", "state", "reason", "attempts", "time", "due", "server", "stage", "code", "enhanced", "text", "by_hand"}
}

// WriteJSON writes one object: the summary's "campaign", "rows" and "counts", and "deliveries", an array with one Row on
// each line. Text is as it was stored. rows is read once and streamed; its first error ends the writing and is returned.
func WriteJSON(w io.Writer, s Summary, rows iter.Seq2[Row, error]) error {
	head, err := json.Marshal(s)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(w, "%s,\"deliveries\":[", head[:len(head)-1]); err != nil {
		return err
	}
	sep := "\n"
	for r, err := range rows {
		if err != nil {
			return err
		}
		line, err := json.Marshal(r)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(w, "%s%s", sep, line); err != nil {
			return err
		}
		sep = ",\n"
	}
	_, err = io.WriteString(w, "\n]}\n")
	return err
}

// MarshalJSON writes {"campaign", "rows", "counts": {state: n}} with every state, and "created", "next_due" and "by_hand"
// where there is one.
func (s Summary) MarshalJSON() ([]byte, error) {
	counts := make(map[string]int64, len(s.Counts))
	for _, c := range s.Counts {
		counts[c.State] = c.N
	}
	return json.Marshal(struct {
		Campaign string           `json:"campaign"`
		Created  time.Time        `json:"created,omitzero"`
		Rows     int64            `json:"rows"`
		Counts   map[string]int64 `json:"counts"`
		NextDue  time.Time        `json:"next_due,omitzero"`
		Hands    []Hand           `json:"by_hand,omitempty"`
	}{s.Campaign, s.Created, s.Rows, counts, s.NextDue, s.Hands})
}

// WriteCSV writes a header line and one line per row, UTF-8, with CRLF line ends (RFC 4180); text is defused. Times are
// RFC 3339 in UTC. rows is streamed; its first error ends the writing and is returned.
func WriteCSV(w io.Writer, rows iter.Seq2[Row, error]) error {
	cw := csv.NewWriter(w)
	cw.UseCRLF = true
	if err := cw.Write(columns()); err != nil {
		return err
	}
	for r, err := range rows {
		if err != nil {
			return err
		}
		var record []string
		for _, v := range r.cells() {
			switch v := v.(type) {
			case nil:
				record = append(record, "")
			case time.Time:
				record = append(record, v.UTC().Format(time.RFC3339))
			default:
				record = append(record, fmt.Sprint(v))
			}
		}
		if err := cw.Write(record); err != nil {
			return err
		}
	}
	cw.Flush()
	return cw.Error()
}

// cells are the row's values in the order of columns: string (defused), int, int64, time.Time, or nil for nothing.
func (r Row) cells() []any {
	at := func(t time.Time) any {
		if t.IsZero() {
			return nil
		}
		return t
	}
	var code any
	if r.Code != 0 {
		code = r.Code
	}
	hand := ""
	if r.Hand != nil {
		hand = Defuse(r.Hand.String())
	}
	return []any{r.Number, Defuse(r.Place), Defuse(r.Key), Defuse(r.Address), Defuse(r.State), Defuse(r.Reason), r.Attempts,
		at(r.Time), at(r.Due), Defuse(r.Server), Defuse(r.Stage), code, Defuse(r.Enhanced), Defuse(r.Text), hand}
}

// sheetRows is how many rows of data one sheet takes; Excel's limit is 1,048,576 with the header.
const sheetRows = 1_000_000

// cellChars is Excel's limit of characters in a cell; longer text is cut there.
const cellChars = 32_767

// WriteXLSX writes a workbook: the sheet "Summary", then "Results" (and "Results 2"… above a million rows) with the columns
// of WriteCSV. Every text is a text cell, and defused, so that it stays text when somebody edits the cell or saves it as CSV.
// rows is streamed; its first error ends the writing and is returned.
func WriteXLSX(w io.Writer, s Summary, rows iter.Seq2[Row, error]) error {
	return writeXLSX(w, s, rows, sheetRows)
}

func writeXLSX(w io.Writer, s Summary, rows iter.Seq2[Row, error], perSheet int) (err error) {
	f := excelize.NewFile()
	defer func() {
		if cerr := f.Close(); err == nil {
			err = cerr
		}
	}()
	bold, err := f.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}})
	if err != nil {
		return err
	}
	format := "yyyy-mm-dd hh:mm:ss"
	date, err := f.NewStyle(&excelize.Style{CustomNumFmt: &format})
	if err != nil {
		return err
	}
	if err := f.SetSheetName("Sheet1", "Summary"); err != nil {
		return err
	}
	sum, err := f.NewStreamWriter("Summary")
	if err != nil {
		return err
	}
	if err := sum.SetColWidth(1, 3, 24); err != nil {
		return err
	}
	lines := [][]any{
		{excelize.Cell{StyleID: bold, Value: "campaign"}, Defuse(s.Campaign)},
		{excelize.Cell{StyleID: bold, Value: "rows"}, s.Rows},
	}
	for _, c := range s.Counts {
		lines = append(lines, []any{c.State, c.N, meaning(c.State)})
	}
	for i, l := range lines {
		if err := sum.SetRow(fmt.Sprintf("A%d", i+1), l); err != nil {
			return err
		}
	}
	if err := sum.Flush(); err != nil {
		return err
	}

	var sw *excelize.StreamWriter
	sheets, line := 0, 0
	next := func() error {
		if sw != nil {
			if err := sw.Flush(); err != nil {
				return err
			}
		}
		sheets++
		name := "Results"
		if sheets > 1 {
			name = fmt.Sprintf("Results %d", sheets)
		}
		if _, err := f.NewSheet(name); err != nil {
			return err
		}
		if sw, err = f.NewStreamWriter(name); err != nil {
			return err
		}
		if err := sw.SetColWidth(2, len(columns()), 20); err != nil {
			return err
		}
		if err := sw.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
			return err
		}
		var head []any
		for _, c := range columns() {
			head = append(head, excelize.Cell{StyleID: bold, Value: c})
		}
		line = 1
		return sw.SetRow("A1", head)
	}
	if err := next(); err != nil {
		return err
	}
	for r, err := range rows {
		if err != nil {
			return err
		}
		if line > perSheet {
			if err := next(); err != nil {
				return err
			}
		}
		line++
		cells := r.cells()
		for i, v := range cells {
			switch v := v.(type) {
			case time.Time:
				cells[i] = excelize.Cell{StyleID: date, Value: v.UTC()}
			case string:
				cells[i] = cut(v, cellChars)
			}
		}
		if err := sw.SetRow(fmt.Sprintf("A%d", line), cells); err != nil {
			return err
		}
	}
	if err := sw.Flush(); err != nil {
		return err
	}
	return f.Write(w)
}

// cut shortens text to at most n UTF-16 units, as Excel counts.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	units := 0
	for i, r := range s {
		units++
		if r > 0xffff {
			units++
		}
		if units > n {
			return s[:i]
		}
	}
	return s
}
