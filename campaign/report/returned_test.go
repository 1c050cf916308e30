package report

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"
)

// What came back takes the place of the words with which the server took the message, where it led to the state; else it
// stands behind them. Nothing in it reaches a terminal as it is.
func TestReturnedWords(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 28, 9, 0, 0, 0, time.Local)
	b := &Returned{Time: at, Kind: "bounce", Reason: "hard", Enhanced: "5.1.1", Line: "550 no\x1b[31m such user", To: "bounced",
		Effect: "led", Matched: "return path", Source: "maildir:/b", Verified: true}
	r := Row{State: "bounced", Code: 250, Text: "queued", Returned: b}
	if got, want := r.Why(), `bounce hard 5.1.1, 2026-11-28 09:00: 550 no\x1b[31m such user`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got, want := b.How(), "found by the return path in maildir:/b; the row became bounced"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	undone := *b
	undone.Effect, undone.Verified = "undone", false
	r.State, r.Returned = "sent", &undone
	if got := r.Why(); !strings.HasPrefix(got, "250 queued (came back: bounce hard 5.1.1, 2026-11-28 09:00") {
		t.Error(got)
	}
	if got := undone.How(); !strings.HasSuffix(got, "; not verified; the row became bounced, which a person took back") {
		t.Error(got)
	}
}

// A spreadsheet has the columns of what came back where anything did, and no cell of them is a formula.
func TestReturnedColumns(t *testing.T) {
	t.Parallel()
	rows := func(yield func(Row, error) bool) {
		_ = yield(Row{Number: 1, State: "bounced", Returned: &Returned{Kind: "bounce", Reason: "soft", Line: "=1+1"}}, nil) &&
			yield(Row{Number: 2, State: "sent"}, nil)
	}
	for _, n := range []int64{0, 1} {
		s := Summary{Campaign: "c", Rows: 2, Returned: n}
		var b, x bytes.Buffer
		if err := WriteCSV(&b, s, rows); err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(b.String(), ",return_line\r\n1,"); got != (n > 0) {
			t.Errorf("%d came back: %s", n, b.String())
		}
		if got := strings.Contains(b.String(), ",,bounce,soft,,'=1+1\r\n2,"); got != (n > 0) {
			t.Errorf("%d came back: %s", n, b.String())
		}
		if err := WriteXLSX(&x, s, rows); err != nil {
			t.Fatal(err)
		}
		f, err := excelize.OpenReader(&x)
		if err != nil {
			t.Fatal(err)
		}
		all, err := f.GetRows("Results")
		if err != nil || slices.Contains(all[1], "'=1+1") != (n > 0) {
			t.Errorf("%q %v", all, err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
