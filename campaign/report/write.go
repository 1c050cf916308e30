package report

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"time"
)

// columns are the columns of the spreadsheet forms, in order. The last ones are there if any row has copies, if
// something came back, and if anybody left.
func (s Summary) columns() []string {
	names := []string{"row", "place", "key", "address", "state", "reason", "attempts", "time", "due",
		"server", "stage", "code", "enhanced", "text", "by_hand"}
	if s.Copies.Any() {
		names = append(names, "copies")
	}
	if s.Returned > 0 {
		names = append(names, returnedColumns()...)
	}
	if s.Left > 0 {
		names = append(names, "left")
	}
	return names
}

// WriteJSON writes one object: the summary's "campaign", "rows" and "counts", and "deliveries", an array with one Row
// on each line. Text is as it was stored. rows is read once and streamed; its first error ends the writing and is
// returned.
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

// summed is a Summary in JSON.
type summed struct {
	Campaign string           `json:"campaign"`              // its id
	Created  time.Time        `json:"created,omitzero"`      // when it was planned
	Rows     int64            `json:"rows"`                  // of the list
	Counts   map[string]int64 `json:"counts"`                // rows by state: every state is there
	NextDue  time.Time        `json:"next_due,omitzero"`     // when the next deferred row is tried
	Hands    []Hand           `json:"by_hand,omitempty"`     // what people decided
	Copies   Copies           `json:"copies,omitzero"`       // what became of copies
	Left     int64            `json:"left,omitempty"`        // people who left by a token of the campaign
	Returned int64            `json:"returned,omitempty"`    // rows about which something came back
	Filed    *SentCopies      `json:"sent_copies,omitempty"` // what became of copies for Sent folders; of a send alone
}

// MarshalJSON writes {"campaign", "rows", "counts": {state: n}} with every state, and "created", "next_due" and
// "by_hand", "copies", "left", "returned" and "sent_copies" if there is one.
func (s Summary) MarshalJSON() ([]byte, error) {
	counts := make(map[string]int64, len(s.Counts))
	for _, c := range s.Counts {
		counts[c.State] = c.N
	}
	var filed *SentCopies
	if s.Filed.Any() {
		filed = &s.Filed
	}
	return json.Marshal(summed{s.Campaign, s.Created, s.Rows, counts, s.NextDue, s.Hands, s.Copies, s.Left,
		s.Returned, filed})
}

// WriteCSV writes a header line and one line per row, in UTF-8 with CRLF line ends (RFC 4180). Text is defused. Times
// are RFC 3339 in UTC. rows is streamed; its first error ends the writing and is returned.
func WriteCSV(w io.Writer, s Summary, rows iter.Seq2[Row, error]) error {
	cw := csv.NewWriter(w)
	cw.UseCRLF = true
	if err := cw.Write(s.columns()); err != nil {
		return err
	}
	for r, err := range rows {
		if err != nil {
			return err
		}
		var record []string
		for _, v := range r.cells(s) {
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

// cells returns the row's values in the order of the summary's columns: string (defused), int, int64, time.Time, or
// nil for nothing.
func (r Row) cells(s Summary) []any {
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
	cells := []any{
		r.Number, Defuse(r.Place), Defuse(r.Key), Defuse(r.Address), Defuse(r.State), Defuse(r.Reason), r.Attempts,
		at(r.Time), at(r.Due), Defuse(r.Server), Defuse(r.Stage), code, Defuse(r.Enhanced), Defuse(r.Text), hand,
	}
	if s.Copies.Any() {
		cells = append(cells, cell(r.Copies))
	}
	if s.Returned > 0 {
		cells = append(cells, r.Returned.cells()...)
	}
	if s.Left > 0 {
		cells = append(cells, at(r.Left))
	}
	return cells
}
