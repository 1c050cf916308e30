//go:build linux

package recipients

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mailshot/campaign/recipients/workbook"
	"mailshot/campaign/recipients/workbook/workbooktest"
)

var figures = flag.Bool("recipients.figures", false,
	"print peak memory and processor seconds of every workbook, each read by a process of its own")

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
		c := cost{name: filepath.Base(file), seconds: (cmd.ProcessState.UserTime() +
			cmd.ProcessState.SystemTime()).Seconds()}
		if _, err := fmt.Sscanf(string(out), "rows %d peak %d", &c.rows, &c.peak); err != nil {
			t.Errorf("%s: %v in %q", file, err, out)
		}
		return c
	}
	none := measure("/dev/null")
	var all []cost
	for _, file := range workbooktest.Corpus(t) {
		file, err := filepath.Abs(file)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, measure(file))
	}
	for name, file := range map[string]string{"200,000 rows of 12 columns": workbooktest.Big(t, 200_000),
		"16,384 columns, to the limit of cells": wideBook(t)} {
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
	info, err := f.Stat()
	if err != nil {
		return 0
	}
	b, err := workbook.Open(f, info.Size())
	if err != nil {
		return 0
	}
	for _, title := range b.Sheets() {
		s, err := b.Sheet(workbook.Config{Sheet: title})
		for err == nil {
			if _, err = s.Next(); err == nil {
				rows++
			}
		}
		if s != nil {
			s.Close()
		}
	}
	return rows
}

// wideBook is a workbook whose header has every column of a sheet, and whose rows have one cell: as much work as a
// few bytes can ask for.
func wideBook(t testing.TB) string {
	header := make([]string, workbook.MaxColumns)
	for i := range header {
		header[i] = "column " + workbook.Letters(i)
	}
	header[0] = "email"
	var rows strings.Builder
	rows.WriteString(workbooktest.Inline(1, header...))
	for i := 2; i <= 10_000; i++ {
		rows.WriteString(workbooktest.Inline(i, fmt.Sprintf("person%d@example.com", i)))
	}
	file := filepath.Join(t.TempDir(), "wide.xlsx")
	if err := os.WriteFile(file, []byte(workbooktest.Of(t, rows.String(), nil)), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
