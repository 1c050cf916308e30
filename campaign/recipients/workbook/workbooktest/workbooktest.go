// Package workbooktest makes workbooks for tests: [Of] from the XML of their parts, [Big] as Excel writes a long
// list. [Corpus] finds the workbooks beside the project, and [Convert] has LibreOffice show what a workbook contains.
package workbooktest

import (
	"archive/zip"
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
)

// Of makes a workbook with one sheet, November, that has the given rows. parts replace its other parts or add some;
// "-" leaves one out.
func Of(t testing.TB, rows string, parts map[string]string) string {
	t.Helper()
	all := map[string]string{
		"_rels/.rels": `<Relationships><Relationship Id="rId1" ` +
			`Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" ` +
			`Target="xl/workbook.xml"/></Relationships>`,
		"xl/workbook.xml": `<?xml version="1.0" encoding="UTF-8"?><workbook xmlns:r="r"><sheets><sheet ` +
			`name="November" sheetId="1" r:id="rId1"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels": `<Relationships><Relationship Id="rId1" Type="x/worksheet" ` +
			`Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="x/styles" Target="styles.xml"/>` +
			`<Relationship Id="rId3" Type="x/sharedStrings" Target="/xl/sharedStrings.xml"/></Relationships>`,
		"xl/worksheets/sheet1.xml": `<?xml version="1.0" encoding="UTF-8" standalone="yes"?><worksheet><sheetData>` +
			rows + `</sheetData></worksheet>`,
		"xl/styles.xml": `<styleSheet><numFmts><numFmt numFmtId="164" formatCode="00000"/><numFmt ` +
			`numFmtId="165" formatCode="dd.mm.yyyy"/></numFmts><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf ` +
			`numFmtId="4"/><xf numFmtId="9"/><xf numFmtId="164"/><xf numFmtId="165"/><xf numFmtId="22"/></cellXfs>` +
			`</styleSheet>`,
		"xl/sharedStrings.xml": `<sst><si><t>email</t></si><si><t>name</t></si><si><r><t>Ann </t></r><r>` +
			`<t>Example</t></r><rPh><t>no</t></rPh></si></sst>`,
	}
	for name, text := range parts {
		all[name] = text
	}
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, text := range all {
		if text == "-" {
			continue
		}
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, text); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// Inline is the XML of a row of texts.
func Inline(number int, texts ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, `<row r="%d">`, number)
	for i, text := range texts {
		fmt.Fprintf(&b, `<c r="%s%d" t="inlineStr"><is><t>%s</t></is></c>`, letters(i), number, text)
	}
	return b.String() + "</row>"
}

// letters is the name of a column by its index.
func letters(column int) string {
	name, _ := excelize.ColumnNumberToName(column + 1) // the columns of a test are valid
	return name
}

// Big writes a workbook as Excel does, with shared texts. It has n rows of 12 columns: 4 of texts (two of them
// different in each row), 5 of numbers in three formats, 2 of dates and one of booleans.
func Big(tb testing.TB, n int) string {
	tb.Helper()
	name := filepath.Join(tb.TempDir(), "big.xlsx")
	f, err := os.Create(name)
	if err != nil {
		tb.Fatal(err)
	}
	z := zip.NewWriter(f)
	part := func(name string, write func(w *bufio.Writer)) {
		w, err := z.Create(name)
		if err != nil {
			tb.Fatal(err)
		}
		b := bufio.NewWriter(w)
		write(b)
		if err := b.Flush(); err != nil {
			tb.Fatal(err)
		}
	}
	text := func(s string) func(*bufio.Writer) {
		return func(w *bufio.Writer) { w.WriteString(s) }
	}
	const office, packages = "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
		"http://schemas.openxmlformats.org/package/2006/"
	const main = `xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="` + office + `"`
	part("[Content_Types].xml", text(`<Types xmlns="`+packages+
		`content-types"><Default Extension="rels" `+
		`ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" `+
		`ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>`))
	part("_rels/.rels", text(`<Relationships xmlns="`+packages+`relationships"><Relationship Id="rId1" Type="`+office+
		`/officeDocument" Target="xl/workbook.xml"/></Relationships>`))
	part("xl/_rels/workbook.xml.rels", text(`<Relationships xmlns="`+packages+
		`relationships"><Relationship Id="rId1" Type="`+office+
		`/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="`+office+
		`/styles" Target="styles.xml"/><Relationship Id="rId3" Type="`+office+
		`/sharedStrings" Target="sharedStrings.xml"/></Relationships>`))
	part("xl/workbook.xml", text(`<workbook `+main+
		`><sheets><sheet name="November" sheetId="1" r:id="rId1"/></sheets></workbook>`))
	part("xl/styles.xml", text(`<styleSheet `+main+
		`><numFmts count="1"><numFmt numFmtId="164" formatCode="#,##0.00\ &quot;EUR&quot;"/></numFmts><cellXfs `+
		`count="4"><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="164"/><xf numFmtId="10"/></cellXfs>`+
		`</styleSheet>`))
	part("xl/sharedStrings.xml", func(w *bufio.Writer) {
		fmt.Fprintf(w, `<sst %s>`, main)
		for _, s := range []string{"email", "name", "country", "city", "a", "b", "c", "d", "e", "due", "since", "vip",
			"Deutschland", "Österreich", "São Paulo", "Köln"} {
			fmt.Fprintf(w, `<si><t>%s</t></si>`, s)
		}
		for i := range n {
			fmt.Fprintf(w, `<si><t>person%d@example.com</t></si><si><t xml:space="preserve">Person &amp; Number `+
				`%d</t></si>`, i, i)
		}
		w.WriteString(`</sst>`)
	})
	part("xl/worksheets/sheet1.xml", func(w *bufio.Writer) { bigSheet(w, main, n) })
	if err := errors.Join(z.Close(), f.Close()); err != nil {
		tb.Fatal(err)
	}
	return name
}

// bigSheet writes the sheet of a big workbook.
func bigSheet(w *bufio.Writer, main string, n int) {
	fmt.Fprintf(w, `<?xml version="1.0" encoding="UTF-8" standalone="yes"?><worksheet %s><sheetData><row r="1">`,
		main)
	for c := range 12 {
		fmt.Fprintf(w, `<c r="%s1" t="s"><v>%d</v></c>`, letters(c), c)
	}
	for i := range n {
		r := i + 2
		fmt.Fprintf(w, `</row><row r="%d" spans="1:12"><c r="A%d" t="s"><v>%d</v></c><c r="B%d" t="s"><v>%d</v>`+
			`</c><c r="C%d" t="s"><v>%d</v></c><c r="D%d" t="s"><v>%d</v></c>`,
			r, r, 16+2*i, r, 17+2*i, r, 12+i%2, r, 14+i%2)
		fmt.Fprintf(w, `<c r="E%d"><v>%d</v></c><c r="F%d"><v>%d.5</v></c><c r="G%d" s="2"><v>%d.25</v></c><c `+
			`r="H%d" s="3"><v>0.%d</v></c><c r="I%d"><v>%d</v></c>`, r, i, r, i, r, i, r, 1000+i%9000, r,
			49123456789+i)
		fmt.Fprintf(w, `<c r="J%d" s="1"><v>%d</v></c><c r="K%d" s="1"><v>%d</v></c><c r="L%d" t="b"><v>%d</v>`+
			`</c>`, r, 44000+i%3000, r, 40000+i%3000, r, i%2)
	}
	w.WriteString(`</row></sheetData></worksheet>`)
}

// Corpus returns the workbooks of the corpora beside the project, every eighth under -short. The test is skipped
// without them.
func Corpus(t testing.TB) []string {
	t.Helper()
	var files []string
	for _, folder := range []string{"poi", "calamine"} {
		found, err := filepath.Glob(filepath.Join(shared(t), "xlsx", folder, "*.xlsx"))
		if err != nil || len(found) == 0 {
			t.Fatalf("%d files, %v", len(found), err)
		}
		files = append(files, found...)
	}
	if testing.Short() {
		some := files[:0]
		for i := 0; i < len(files); i += 8 {
			some = append(some, files[i])
		}
		return some
	}
	return files
}

// shared is the folder of corpora beside the project. The test is skipped without it.
func shared(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for dir != filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		dir = filepath.Dir(dir)
	}
	dir = filepath.Join(filepath.Dir(dir), "shared", "corpora")
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("no test corpora beside the project: %v", err)
	}
	return dir
}
