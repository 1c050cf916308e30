//go:build linux

package recipients

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

var figures = flag.Bool("recipients.figures", false, "print peak memory and processor seconds of every workbook, each read by a process of its own")

// TestSheetLimits: a sheet of too many cells and one that takes too long end with the reason at the row they came to, never as a
// shorter list. The limits of rows and of unpacked bytes are in TestBrokenSheet and TestBombAndDamage. Without the check of
// cells, or of the clock, the 5,000 rows were read.
func TestSheetLimits(t *testing.T) {
	t.Parallel()
	var rows strings.Builder
	rows.WriteString(inline(1, "email", "name", "city"))
	for i := 2; i <= 5000; i++ {
		rows.WriteString(inline(i, fmt.Sprintf("person%d@example.com", i)))
	}
	file := filepath.Join(t.TempDir(), "list.xlsx")
	if err := os.WriteFile(file, []byte(workbookOf(t, rows.String(), nil)), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		set  func(*sheet)
		want string // the begin of what is said
		rows int    // -1: whatever
	}{
		"whole": {func(*sheet) {}, "", 5000},
		// Each row counts three cells, as the header has.
		"cells": {func(s *sheet) { s.most = 30 }, "list.xlsx November!11: it holds more than 30 cells", 10},
		"time":  {func(s *sheet) { s.clock.limit = -1 }, "list.xlsx November!", -1},
	} {
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		s, err := newSheet(Config{File: "list.xlsx"}, f, &Header{})
		if err != nil {
			t.Fatal(err)
		}
		defer s.close()
		c.set(s)
		n := 0
		for {
			rec, err := s.next()
			if err == nil {
				if n++; n == 1 {
					s.header(rec)
				}
				continue
			}
			var fault *Fault
			switch {
			case err == io.EOF && c.want == "":
			case !errors.As(err, &fault) || !fault.Final || c.want == "" || !strings.HasPrefix(err.Error(), c.want):
				t.Errorf("%s: %v", name, err)
			case name == "time" && (fault.Code != "too-slow" || n == 5000):
				t.Errorf("%s: %s after %d rows", name, fault.Code, n)
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

// TestFigures prints, under -recipients.figures, what each workbook costs. In the child it reads one.
func TestFigures(t *testing.T) {
	if file := os.Getenv("RECIPIENTS_READ"); file != "" {
		rows := readWhole(file)
		// The peak that a parent is told of its child has the parent's own in it, from before the exec.
		status, err := os.ReadFile("/proc/self/status")
		if err != nil {
			t.Fatal(err)
		}
		_, peak, _ := strings.Cut(string(status), "VmHWM:")
		peak, _, _ = strings.Cut(peak, "kB")
		fmt.Println("rows", rows, "peak", strings.TrimSpace(peak))
		return
	}
	if !*figures {
		t.Skip("only under -recipients.figures")
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	type cost struct {
		name    string
		rows    int
		peak    int     // KiB
		seconds float64 // of processors
	}
	measure := func(file string) cost {
		cmd := exec.Command(program, "-test.run=^TestFigures$")
		cmd.Env = append(os.Environ(), "RECIPIENTS_READ="+file)
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		c := cost{name: filepath.Base(file), seconds: (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()}
		if _, err := fmt.Sscanf(string(out), "rows %d peak %d", &c.rows, &c.peak); err != nil {
			t.Errorf("%s: %v in %q", file, err, out)
		}
		return c
	}
	none := measure("/dev/null")
	var all []cost
	for _, file := range workbooks(t) {
		file, err := filepath.Abs(file)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, measure(file))
	}
	for name, file := range map[string]string{"200,000 rows of 12 columns": bigBook(t, 200_000), "16,384 columns, to the limit of cells": wideBook(t)} {
		c := measure(file)
		t.Logf("%-40s %7d rows %6d KiB %6.3f s", name, c.rows, c.peak, c.seconds)
	}
	t.Logf("%-40s %7d rows %6d KiB %6.3f s", "no list: the program alone", 0, none.peak, none.seconds)
	show := func(what string, less func(a, b cost) int) {
		slices.SortFunc(all, less)
		t.Logf("the ten of %d with most %s:", len(all), what)
		for _, c := range all[:10] {
			t.Logf("%-40.40s %7d rows %6d KiB %6.3f s", c.name, c.rows, c.peak, c.seconds)
		}
	}
	show("peak memory", func(a, b cost) int { return cmp.Compare(b.peak, a.peak) })
	show("processor seconds", func(a, b cost) int { return cmp.Compare(b.seconds, a.seconds) })
}

// readWhole reads a workbook as a list, or where it is none all its sheets, and counts the rows.
func readWhole(file string) (rows int) {
	if l, err := Open(Config{File: file, Hidden: HiddenInclude}); err == nil {
		defer l.Close()
		for _, err := range l.Rows(context.Background()) {
			if err == nil {
				rows++
			}
		}
		return rows
	}
	f, err := os.Open(file)
	if err != nil {
		return 0
	}
	defer f.Close()
	b, err := openWorkbook(file, f)
	if err != nil {
		return 0
	}
	for _, entry := range b.sheets {
		s, err := newSheet(Config{File: file, Sheet: entry.name}, f, &Header{})
		for err == nil {
			if _, err = s.next(); err == nil {
				rows++
			}
		}
		if s != nil {
			s.close()
		}
	}
	return rows
}

// wideBook is a workbook whose header has every column of a sheet, and whose rows have one cell: as much work as a few bytes
// can ask for.
func wideBook(t testing.TB) string {
	header := make([]string, maxColumns)
	for i := range header {
		header[i] = "column " + letters(i)
	}
	header[0] = "email"
	var rows strings.Builder
	rows.WriteString(inline(1, header...))
	for i := 2; i <= 10_000; i++ {
		rows.WriteString(inline(i, fmt.Sprintf("person%d@example.com", i)))
	}
	file := filepath.Join(t.TempDir(), "wide.xlsx")
	if err := os.WriteFile(file, []byte(workbookOf(t, rows.String(), nil)), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
