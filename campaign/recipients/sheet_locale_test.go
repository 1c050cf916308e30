package recipients

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailshot/campaign/recipients/workbook/workbooktest"
)

// TestSheetOfLocale: a sheet's numbers and dates are shown as its readers see them, and the list says whose eyes these
// are. Names of columns and keys are the same for every reader: without Keys, a campaign that goes on with another
// locale would know nobody. Before, the amount was 3,703.55 € in a German letter.
func TestSheetOfLocale(t *testing.T) {
	t.Parallel()
	styles := map[string]string{"xl/styles.xml": `<styleSheet><numFmts><numFmt numFmtId="164" ` +
		`formatCode="#,##0.00 &quot;€&quot;"/></numFmts><cellXfs><xf numFmtId="0"/><xf numFmtId="164"/>` +
		`<xf numFmtId="14"/><xf numFmtId="3"/></cellXfs></styleSheet>`}
	rows := `<row r="1"><c r="A1" t="inlineStr"><is><t>email</t></is></c><c r="B1" t="inlineStr"><is><t>amount</t></is>` +
		`</c><c r="C1" s="2"><v>45000</v></c><c r="D1" t="inlineStr"><is><t>number</t></is></c></row>` +
		`<row r="2"><c r="A2" t="inlineStr"><is><t>ann@example.com</t></is></c><c r="B2" s="1"><v>3703.55</v></c>` +
		`<c r="C2" s="2"><v>45001</v></c><c r="D2" s="3"><v>12345</v></c></row>`
	book := workbooktest.Of(t, rows, styles)
	for _, c := range []struct {
		cfg                       Config
		amount, day, number, said string
	}{
		{Config{}, "3,703.55 €", "2023-03-16", "12,345", ""},
		{Config{Locale: "de-DE"}, "3.703,55 €", "16.03.2023", "12.345",
			"numbers and dates of the sheet: as readers of de-DE see them"},
		{Config{Language: "de"}, "3.703,55 €", "16.03.2023", "12.345",
			"numbers and dates of the sheet: as readers of de (the body's language) see them"},
		{Config{Language: "de", Locale: "en-US"}, "3,703.55 €", "3/16/2023", "12,345",
			"numbers and dates of the sheet: as readers of en-US see them"},
		{Config{Language: "en"}, "3,703.55 €", "2023-03-16", "12,345", ""},
		{Config{Language: "de", Key: "number"}, "3.703,55 €", "16.03.2023", "12,345",
			"numbers and dates of the sheet: as readers of de (the body's language) see them"},
	} {
		got, l := readAll(t, c.cfg, book)
		want := []string{`list.xlsx November!2 ["ann@example.com" "` + c.amount + `" "` + c.day + `" "` + c.number + `"]`}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%+v:\n%s", c.cfg, diff)
			continue
		}
		if l.Header().Columns[2].Name != "2023-03-15" {
			t.Errorf("%+v: the column %q", c.cfg, l.Header().Columns[2].Name)
		}
		said := ""
		if i := slices.IndexFunc(l.Header().Guessed, func(s string) bool { return strings.HasPrefix(s, "numbers") }); i >= 0 {
			said = l.Header().Guessed[i]
		}
		if said != c.said {
			t.Errorf("%+v: %q", c.cfg, l.Header().Guessed)
		}
	}
	// Of several workbooks each is told where its keys are.
	dir := t.TempDir()
	for _, name := range []string{"a.xlsx", "b.xlsx"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(book), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	l, err := Open(Config{Files: []string{"a.xlsx", "b.xlsx"}, Dir: dir, Language: "de", Key: "number"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for row, err := range l.Rows(t.Context()) {
		if err != nil || row.Key != "12,345" || row.Fields[1] != "3.703,55 €" {
			t.Error(row, err)
		}
	}
}
