// Package examples holds campaigns to copy. Its tests keep their lists and files the same as the programs that made
// them write.
package examples

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/xuri/excelize/v2"
)

// The committed files are what generate.go writes, byte for byte. The workbook is compared cell for cell, because
// another release of Go may compress it differently.
func TestGenerated(t *testing.T) {
	t.Parallel()
	for folder, files := range map[string]string{"newsletter": "people.csv", "invoices": "customers.xlsx invoices/*.pdf",
		"statements": "invoices.csv invoices/*.pdf"} {
		t.Run(folder, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			program := filepath.Join(dir, "generate.exe")
			source := filepath.Join(folder, "generate.go")
			if out, err := exec.Command("go", "build", "-o", program, source).CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			cmd := exec.Command(program)
			cmd.Dir = dir
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			for pattern := range strings.FieldsSeq(files) {
				here, err := filepath.Glob(filepath.Join(folder, pattern))
				if err != nil || len(here) == 0 {
					t.Fatalf("%s: %v", pattern, err)
				}
				for _, name := range here {
					rel, err := filepath.Rel(folder, name)
					if err != nil {
						t.Fatal(err)
					}
					if got, want := content(t, name), content(t, filepath.Join(dir, rel)); got != want {
						t.Errorf("%s is not what generate.go writes: cd examples/%s && go run generate.go", name, folder)
					}
				}
			}
		})
	}
}

func content(t *testing.T, name string) string {
	t.Helper()
	if filepath.Ext(name) != ".xlsx" {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	book, err := excelize.OpenFile(name)
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	rows, err := book.GetRows("November")
	if err != nil || len(rows) != 13 {
		t.Fatalf("%s: %d rows, %v", name, len(rows), err)
	}
	return fmt.Sprintf("%q", rows)
}

// The newsletter goes to exactly 200 people, none twice, and nobody real.
func TestPeople(t *testing.T) {
	t.Parallel()
	f, err := os.Open("newsletter/people.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 201 {
		t.Errorf("%d people, want 200", len(rows)-1)
	}
	address := regexp.MustCompile(`^[a-z]+([.-][a-z]+)*@example\.(com|org|net)$`)
	seen := make(map[string]bool)
	scripts := make(map[string]bool)
	for _, row := range rows[1:] {
		if !address.MatchString(row[0]) || seen[row[0]] {
			t.Errorf("address %q", row[0])
		}
		seen[row[0]] = true
		for script, table := range unicode.Scripts {
			if unicode.Is(table, []rune(row[1])[0]) {
				scripts[script] = true
			}
		}
	}
	if len(scripts) < 12 {
		t.Errorf("names begin in %d scripts only: %v", len(scripts), scripts)
	}
}

// Each PDF's table of offsets points at its objects. Readers rely on that table.
func TestPDF(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("invoices/invoices/*.pdf")
	if err != nil || len(files) != 12 {
		t.Fatalf("%d PDFs, %v", len(files), err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		m := regexp.MustCompile(`startxref\n(\d+)\n%%EOF\n$`).FindSubmatch(data)
		if m == nil {
			t.Fatalf("%s has no end", name)
		}
		at, _ := strconv.Atoi(string(m[1]))
		entries := strings.Split(string(data[at:]), "\n")
		if entries[0] != "xref" || entries[1] != "0 7" {
			t.Fatalf("%s: startxref points at %q", name, entries[0])
		}
		for i := 1; i < 7; i++ {
			offset, err := strconv.Atoi(entries[2+i][:10])
			if want := fmt.Sprintf("%d 0 obj\n", i); err != nil || len(entries[2+i]) != 19 ||
				!bytes.HasPrefix(data[offset:], []byte(want)) {
				t.Errorf("%s: entry %d is %q", name, i, entries[2+i])
			}
		}
	}
}
