package report

import (
	"bytes"
	"encoding/csv"
	"errors"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
)

var copied = []Copied{
	{Fields: []string{"ann@example.com", "01234", "-5,00"}, Status: "sent",
		Time: time.Date(2026, 11, 22, 7, 8, 9, 0, time.UTC), Reply: "250 2.0.0 OK"},
	{Fields: []string{"=1+1", "@SUM(A1)", "two\n=2+2\r\nlines"}, Status: "refused", Reply: "=cmd|' /C calc'!A0"},
	{Fields: []string{"+49 30 1", "1.5.", "-1+2"}},
}

func copies(more ...Copied) iter.Seq2[Copied, error] {
	return func(yield func(Copied, error) bool) {
		for _, r := range slices.Concat(copied, more) {
			if !yield(r, nil) {
				return
			}
		}
	}
}

var copiedCells = [][]string{
	{"email", "status", "'=n", "status 2", "time", "reply"},
	{"ann@example.com", "01234", "-5,00", "sent", "", "250 2.0.0 OK"},
	{"'=1+1", "'@SUM(A1)", "two\n'=2+2\nlines", "refused", "", "'=cmd|' /C calc'!A0"},
	{"'+49 30 1", "1.5.", "'-1+2", "", "", ""},
}

func TestWriteCopyCSV(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := WriteCopyCSV(&b, CopyColumns([]string{"email", "status", "=n"}), copies()); err != nil {
		t.Fatal(err)
	}
	got, err := csv.NewReader(&b).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if at := got[1][4]; at != "2026-11-22T07:08:09Z" {
		t.Errorf("the time is %q", at)
	}
	got[1][4] = ""
	if diff := cmp.Diff(copiedCells, got); diff != "" {
		t.Error(diff)
	}
	broken := errors.New("broken")
	err = WriteCopyCSV(&b, []string{"a"}, func(yield func(Copied, error) bool) { yield(Copied{}, broken) })
	if !errors.Is(err, broken) {
		t.Errorf("the rows' error became %v", err)
	}
}

func TestWriteCopyXLSX(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	long := strings.Repeat("x", cellChars+1)
	if err := writeCopyXLSX(&b, CopyColumns([]string{"email", "status", "=n"}),
		copies(Copied{Fields: []string{long, "", ""}}), 3); err != nil {
		t.Fatal(err)
	}
	f, err := excelize.OpenReader(&b)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for i, row := range copiedCells {
		for j, want := range row {
			cell, _ := excelize.CoordinatesToCellName(j+1, i+1)
			got, err := f.GetCellValue("List", cell)
			if err != nil {
				t.Fatal(err)
			}
			if i == 1 && j == 4 {
				want = "2026-11-22 07:08:09"
			}
			if got != want {
				t.Errorf("%s is %q, want %q", cell, got, want)
			}
			if formula, _ := f.GetCellFormula("List", cell); formula != "" {
				t.Errorf("%s is the formula %q", cell, formula)
			}
			kind, _ := f.GetCellType("List", cell)
			if j != 4 && want != "" && kind != excelize.CellTypeInlineString && kind != excelize.CellTypeSharedString {
				t.Errorf("%s is of type %v, no text", cell, kind)
			}
		}
	}
	rows, err := f.GetRows("List 2")
	if err != nil || len(rows) != 2 || rows[0][0] != "email" || len(rows[1][0]) != cellChars {
		t.Errorf("the second sheet has %d rows, %v", len(rows), err)
	}
}
