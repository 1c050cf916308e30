package workbook

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mailshot/campaign/recipients/workbook/workbooktest"
)

// TestSheetLimits: a sheet of too many cells and one that takes too long end with the reason at the row they came to,
// never as a shorter list. The limits of rows and of unpacked bytes are in TestBrokenSheet and TestBombAndDamage.
// Without the check of cells, or of the clock, the 5,000 rows were read.
func TestSheetLimits(t *testing.T) {
	t.Parallel()
	var rows strings.Builder
	rows.WriteString(workbooktest.Inline(1, "email", "name", "city"))
	for i := 2; i <= 5000; i++ {
		rows.WriteString(workbooktest.Inline(i, fmt.Sprintf("person%d@example.com", i)))
	}
	file := filepath.Join(t.TempDir(), "list.xlsx")
	if err := os.WriteFile(file, []byte(workbooktest.Of(t, rows.String(), nil)), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		set  func(*Sheet)
		want string // the begin of what is said
		rows int    // -1: whatever
	}{
		"whole": {func(*Sheet) {}, "", 5000},
		// Each row counts three cells, as the header has.
		"cells": {func(s *Sheet) { s.most = 30 }, "November!11: it holds more than 30 cells", 10},
		"time":  {func(s *Sheet) { s.clock.limit = -1 }, "November!", -1},
	} {
		s, err := sheetIn(t, file, "")
		if err != nil {
			t.Fatal(err)
		}
		c.set(s)
		n := 0
		for {
			rec, err := s.Next()
			if err == nil {
				if n++; n == 1 {
					s.Header(rec)
				}
				continue
			}
			var e *Error
			switch {
			case err == io.EOF && c.want == "":
			case !errors.As(err, &e) || !e.Final || c.want == "" || !strings.HasPrefix(err.Error(), c.want):
				t.Errorf("%s: %v", name, err)
			case name == "time" && (e.Code != "too-slow" || n == 5000):
				t.Errorf("%s: %s after %d rows", name, e.Code, n)
			}
			break
		}
		if c.rows >= 0 && n != c.rows {
			t.Errorf("%s: %d rows, want %d", name, n, c.rows)
		}
	}
}

// Only the time in which a workbook is read counts, and no other: a campaign may take hours between two rows. With the
// time between start and stop left out, nothing is ever over.
func TestStopwatch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := &stopwatch{limit: maxTime}
		for i := range 11 {
			w.start()
			if time.Sleep(time.Minute); w.over() != (i == 10) {
				t.Errorf("over after %d minutes: %v", i+1, w.over())
			}
			w.stop()
			time.Sleep(time.Hour)
		}
	})
}
