package campaign_test

import (
	"errors"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"mailshot/campaign"
	"mailshot/campaign/belonging/invoicestest"
	"mailshot/campaign/check"
)

var allInvoices = flag.Bool("invoices", false, "make 300 invoices by four programs, and find the wrong ones")

// invoicesOf is a campaign whose invoices come from a folder.
func invoicesOf(t testing.TB, all []invoicestest.Invoice, from string) *folder {
	t.Helper()
	f := newFolder(t)
	f.write(t, "campaign.yaml", strings.Replace(base, "people.csv", "people.csv, key: number, name: name", 1)+`attachments:
  - file: invoices/{{.number}}.pdf
    must_contain: ["{{.number}}", "{{.name}}"]
    must_not_contain_others: number
`)
	f.write(t, "body.txt", "Dear {{.name}}\n")
	f.write(t, "people.csv", invoicestest.List(all))
	for _, v := range all {
		b, err := os.ReadFile(filepath.Join(from, v.File))
		if err != nil {
			t.Fatal(err)
		}
		f.write(t, "invoices/"+v.File, string(b))
	}
	return f
}

// check checks the folder's campaign.
func (f *folder) check(t testing.TB) *check.Report {
	t.Helper()
	c := f.open(t, campaign.Options{})
	defer c.Close()
	report, err := c.Check(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return report
}

var quoted = regexp.MustCompile(`attachment "invoices/([^"]+)"`)

// wrongFiles are the files that errors are about.
func wrongFiles(report *check.Report) map[string]bool {
	wrong := map[string]bool{}
	for _, f := range report.Findings {
		if m := quoted.FindStringSubmatch(f.Text); f.Severity == check.Error && m != nil {
			wrong[m[1]] = true
		}
	}
	return wrong
}

// Of invoices by Chromium, LibreOffice, Typst and ReportLab in English, German, Persian and Arabic, those are named
// that are another person's, of the month before, or another's under this one's name; and no others. The everyday form
// has one of each program and language, as testdata has them; -invoices makes three hundred.
//
// TestPrograms of package belonging has what was seen to fail: here pdftotext reads a second time, and hides it.
func TestInvoicesOfPrograms(t *testing.T) {
	t.Parallel()
	from, n := filepath.Join("belonging", "testdata", "invoices"), 16
	before := filepath.Join("belonging", "testdata", "before")
	swapped, months, same := 2, 1, 1
	if *allInvoices {
		from, before, n = t.TempDir(), t.TempDir(), 300
		swapped, months, same = 30, 10, 10
	}
	all := invoicestest.All(n)
	if *allInvoices {
		for _, program := range invoicestest.Programs {
			makeInvoices(t, program, from, all, false)
			makeInvoices(t, program, before, all[swapped:swapped+months], true)
		}
	}
	f := invoicesOf(t, all, from)
	if report := f.check(t); report.Errors()+report.Warnings() > 0 {
		t.Errorf("of right invoices: %v", report.Findings)
	}
	bytes := func(dir string, i int) string {
		b, err := os.ReadFile(filepath.Join(dir, all[i].File))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	put := func(i int, text string) { f.write(t, "invoices/"+all[i].File, text) }
	want := map[string]bool{}
	for i := 0; i < swapped; i += 2 {
		put(i, bytes(from, i+1))
		put(i+1, bytes(from, i))
	}
	for i := swapped; i < swapped+months; i++ {
		put(i, bytes(before, i))
	}
	for i := swapped + months; i < swapped+months+same; i++ {
		put(i, bytes(from, i+same))
	}
	for _, v := range all[:swapped+months+same] {
		want[v.File] = true
	}
	report := f.check(t)
	if got := wrongFiles(report); !maps.Equal(got, want) {
		t.Errorf("%d wrong: %v, want %d: %v", len(got), slices.Sorted(maps.Keys(got)), len(want),
			slices.Sorted(maps.Keys(want)))
	}
	identical := 0
	for _, v := range report.Findings {
		if v.Code == "attachment-identical" {
			identical++
		}
	}
	if identical != same {
		t.Errorf("%d identical, want %d", identical, same)
	}
	c := f.open(t, campaign.Options{})
	defer c.Close()
	if _, err := c.Plan(t.Context(), campaign.PlanOptions{}); !errors.As(err, new(*campaign.CheckError)) {
		t.Errorf("planned: %v", err)
	}
	c.Close()
	c = f.open(t, campaign.Options{})
	plan, err := c.Plan(t.Context(), campaign.PlanOptions{SkipErrors: true})
	if err != nil {
		t.Fatal(err)
	}
	if got := plan.Counts["invalid"]; got != int64(len(want)) {
		t.Errorf("%d rows are invalid, want %d", got, len(want))
	}
}

// makeInvoices has a program make its share.
func makeInvoices(t *testing.T, program, dir string, all []invoicestest.Invoice, before bool) {
	t.Helper()
	var of []invoicestest.Invoice
	for _, v := range all {
		if v.Program != program {
			continue
		}
		if before {
			v = v.OfBefore()
		}
		of = append(of, v)
	}
	err := invoicestest.Make(t.Context(), program, dir, of)
	if errors.Is(err, invoicestest.ErrMissing) {
		t.Skip(program, err)
	}
	if err != nil {
		t.Fatal(err)
	}
}
