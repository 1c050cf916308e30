package report

import (
	"bytes"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"
)

// Who has left by a token is counted in each form, and each row says since when. Where nobody has, no form has a word
// or a column of it.
func TestLeft(t *testing.T) {
	t.Parallel()
	when := time.Date(2026, 11, 23, 8, 30, 0, 0, time.UTC)
	for _, n := range []int64{0, 1} {
		s := summary()
		s.Left = n
		rows := func() iter.Seq2[Row, error] {
			return func(yield func(Row, error) bool) {
				r := Row{Number: 1, Place: "people.csv:2", Address: "ann@example.com", State: "sent"}
				if n > 0 {
					r.Left = when
				}
				_ = yield(r, nil) && yield(Row{Number: 2, Place: "people.csv:3", Address: "bob@example.com", State: "sent"}, nil)
			}
		}
		var text, csv, json, xlsx bytes.Buffer
		for _, err := range []error{s.WriteText(&text), WriteCSV(&csv, s, rows()), WriteJSON(&json, s, rows()),
			WriteXLSX(&xlsx, s, rows())} {
			if err != nil {
				t.Fatal(err)
			}
		}
		book, err := excelize.OpenReader(&xlsx)
		if err != nil {
			t.Fatal(err)
		}
		cells, err := book.GetRows("Results")
		if err != nil {
			t.Fatal(err)
		}
		counts, err := book.GetRows("Summary")
		if err != nil {
			t.Fatal(err)
		}
		last := counts[len(counts)-1]
		if n == 0 {
			if strings.Contains(text.String()+csv.String()+json.String(), "left") || len(cells[0]) != 15 || last[0] == "left" {
				t.Errorf("nobody left: %s%s%s%q", text.String(), csv.String(), json.String(), last)
			}
			continue
		}
		if !strings.Contains(text.String(), "\nunsubscribed by a token of this campaign: 1\n") ||
			!strings.Contains(csv.String(), "by_hand,left\r\n") || strings.Count(csv.String(),
			"2026-11-23T08:30:00Z\r\n") != 1 ||
			!strings.Contains(json.String(), `"left":1`) || strings.Count(json.String(), `"left":"2026-11-23T08:30:00Z"`) != 1 ||
			cells[0][15] != "left" || len(cells[1]) != 16 || len(cells[2]) > 15 || last[0] != "left" || last[1] != "1" {
			t.Errorf("one left: %s%s%s%q %q", text.String(), csv.String(), json.String(), cells, last)
		}
	}
}
