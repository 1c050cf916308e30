package recipients

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"mailshot/campaign/recipients/filetype"
	"mailshot/campaign/recipients/workbook"
	"mailshot/campaign/recipients/workbook/workbooktest"
)

// TestWorkbooks reads every workbook of the corpora whole, or has it refused with the reason listed here, and holds
// what was read against excelize, cell by cell. Blanks around a text are not compared: accounting formats pad with
// them.
func TestWorkbooks(t *testing.T) {
	t.Parallel()
	refused := map[string]string{
		"54764.xlsx":          "document type declaration",
		"poc-xmlbomb.xlsx":    "document type declaration",
		"pass_protected.xlsx": "password",
		"clusterfuzz-testcase-minimized-POIXSSFFuzzer-5089447305609216.xlsx":  "not a whole workbook",
		"clusterfuzz-testcase-minimized-POIXSSFFuzzer-5265527465181184.xlsx":  "checksum",
		"clusterfuzz-testcase-minimized-XLSX2CSVFuzzer-5542865479270400.xlsx": "not a whole workbook",
		"clusterfuzz-testcase-minimized-XLSX2CSVFuzzer-6504225896792064.xlsx": "not a whole workbook",
		"crash-274d6342e4842d61be0fb48eaadad6208ae767ae.xlsx":                 "not a whole workbook",
		"crash-9bf3cd4bd6f50a8a9339d363c2c7af14b536865c.xlsx":                 "old .xls",
	}
	const iso = "Excel's built-in date follows the reader's locale: we write ISO 8601, excelize the American form"
	differs := map[string]string{
		"56688_4.xlsx":             iso,
		"56730.xlsx":               iso,
		"FormulaSheetRange.xlsx":   iso,
		"noSharedStringTable.xlsx": iso,
		"date_iso.xlsx": "a cell that stores a date as ISO 8601 is shown as the date it is, excelize " +
			"shows what is stored",
		"bug60858.xlsx": "the built-in format 20 is h:mm: midnight is 0:00, excelize makes it 00:00",
	}
	for _, file := range workbooktest.Corpus(t) {
		name := filepath.Base(file)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			reason, bad := refused[name]
			ours, err := sheetRows(file)
			if bad {
				if err == nil || !strings.Contains(err.Error(), reason) || !strings.HasPrefix(err.Error(), name) {
					t.Fatalf("%v; want refused: %s", err, reason)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			theirs, err := excelizeRows(t, file)
			if err != nil {
				t.Logf("excelize: %v", err)
				return
			}
			if d := cellsDiffer(ours, theirs); (d != "") != (differs[name] != "") {
				t.Errorf("ours and excelize's: %q; known difference: %q", d, differs[name])
			}
		})
	}
}

// TestWorkbooksAsLists opens every workbook as the list of a campaign: whatever is in it, there are rows or reasons,
// each with the file's name.
func TestWorkbooksAsLists(t *testing.T) {
	t.Parallel()
	for _, file := range workbooktest.Corpus(t) {
		l, err := Open(Config{Dir: filepath.Dir(file), File: filepath.Base(file)})
		if err != nil {
			for _, text := range each(err) {
				if !strings.HasPrefix(text, filepath.Base(file)) {
					t.Errorf("an error without its place: %s", text)
				}
			}
			continue
		}
		for row, err := range l.Rows(context.Background()) {
			if (row == nil) == (err == nil) {
				t.Errorf("%s: %v, %v", file, row, err)
			}
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}
}

// sheetRows reads the first visible sheet without asking for a header.
func sheetRows(file string) (map[int][]string, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	name := filepath.Base(file)
	magic := make([]byte, 8)
	if _, err := io.ReadFull(f, magic); err != nil {
		return nil, err
	}
	if !strings.HasPrefix(string(magic), "PK\x03\x04") {
		if fault := filetype.Foreign(name, magic); fault != nil {
			if fault.Code == "not-a-list" && strings.Contains(fault.Text, "though its name") {
				fault.Text = "not a whole workbook: " + fault.Text
			}
			return nil, fault
		}
	}
	l := &List{cfg: Config{File: name}}
	defer l.Close()
	if err := l.openSheet(f); err != nil {
		return nil, err
	}
	out := make(map[int][]string)
	for {
		rec, err := l.source.next()
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		out[int(rec.line)] = rec.fields
	}
}

func excelizeRows(t *testing.T, file string) (map[int][]string, error) {
	x, err := excelize.OpenFile(file, excelize.Options{UnzipSizeLimit: 64 << 20, UnzipXMLSizeLimit: 16 << 20})
	if err != nil {
		return nil, err
	}
	defer x.Close()
	var first string
	for _, name := range x.GetSheetList() {
		if visible, err := x.GetSheetVisible(name); err == nil && visible {
			first = name
			break
		}
	}
	rows, err := x.Rows(first)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := make(map[int][]string)
	for i := 1; rows.Next(); i++ {
		cells, err := rows.Columns()
		if err != nil {
			return nil, err
		}
		out[i] = slices.Clone(cells)
	}
	return out, nil
}

// cellsDiffer names the first cell that is not the same, "" if none is.
func cellsDiffer(ours, theirs map[int][]string) string {
	numbers := maps.Clone(ours)
	maps.Copy(numbers, theirs)
	for _, number := range slices.Sorted(maps.Keys(numbers)) {
		a, b := ours[number], theirs[number]
		for i := range max(len(a), len(b)) {
			var x, y string
			if i < len(a) {
				x = strings.TrimSpace(a[i])
			}
			if i < len(b) {
				y = strings.TrimSpace(b[i])
			}
			if x != y && !workbooktest.SameNumber(x, y) {
				return fmt.Sprintf("%s%d: %q and %q", workbook.Letters(i), number, x, y)
			}
		}
	}
	return ""
}
