package recipients

import (
	"archive/zip"
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
)

// endless is a list of n rows that is made while it is read.
type endless struct {
	rest []byte
	row  int
	n    int
}

func (e *endless) Read(p []byte) (int, error) {
	if len(e.rest) == 0 {
		if e.row > e.n {
			return 0, io.EOF
		}
		var b []byte
		for range 512 {
			if e.row > e.n {
				break
			}
			if e.row == 0 {
				b = append(b, "email,name,number,country\n"...)
			} else {
				b = fmt.Appendf(b, "person%d@example.com,\"Person, %d\",%d,DE\n", e.row, e.row, e.row)
			}
			e.row++
		}
		e.rest = b
	}
	n := copy(p, e.rest)
	e.rest = e.rest[n:]
	return n, nil
}

// TestFlatMemory reads a million rows (a tenth under -short) and looks at the heap on the way: it must not grow with the
// list. With the rows
// kept in a slice by the test, the heap was at 343 MiB.
func TestFlatMemory(t *testing.T) {
	n := 1_000_000
	if testing.Short() {
		n /= 10
	}
	l, err := Open(Config{File: "-", Stdin: &endless{n: n}})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var most uint64
	rows := 0
	for row, err := range l.Rows(context.Background()) {
		if err != nil || row.Invalid != "" {
			t.Fatal(err, row)
		}
		if rows++; rows%(n/10) == 0 {
			runtime.GC()
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapAlloc)
		}
	}
	if rows != n {
		t.Errorf("%d rows of %d", rows, n)
	}
	if most > 64<<20 {
		t.Errorf("heap of %d MiB", most>>20)
	}
}

// BenchmarkCSV is the reader alone: records to fields.
func BenchmarkCSV(b *testing.B) {
	text, err := io.ReadAll(&endless{n: 100_000})
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		r, err := newCSV(Config{File: "x.csv"}, strings.NewReader(string(text)), "", &Header{})
		if err != nil {
			b.Fatal(err)
		}
		for err == nil {
			_, err = r.next()
		}
		if err != io.EOF {
			b.Fatal(err)
		}
	}
	b.ReportMetric(100_000*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkRows is the whole way: address, types, filter, places, digest.
func BenchmarkRows(b *testing.B) {
	text, err := io.ReadAll(&endless{n: 100_000})
	if err != nil {
		b.Fatal(err)
	}
	for name, cfg := range map[string]Config{
		"plain": {},
		"typed": {Columns: map[string]Type{"number": Number}},
		"where": {Columns: map[string]Type{"number": Number}, Where: `number > 5 && country == "DE"`},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				cfg.File, cfg.Stdin = "-", strings.NewReader(string(text))
				benchmarkList(b, cfg)
			}
			b.ReportMetric(100_000*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

// bigBook writes a workbook as Excel does, texts shared: n rows of 12 columns, of which 4 are texts (two of them another in
// each row), 5 numbers in three formats, 2 dates and one a truth.
func bigBook(tb testing.TB, n int) string {
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
	const office, packages = "http://schemas.openxmlformats.org/officeDocument/2006/relationships", "http://schemas.openxmlformats.org/package/2006/"
	const main = `xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="` + office + `"`
	part("[Content_Types].xml", text(`<Types xmlns="`+packages+`content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>`))
	part("_rels/.rels", text(`<Relationships xmlns="`+packages+`relationships"><Relationship Id="rId1" Type="`+office+`/officeDocument" Target="xl/workbook.xml"/></Relationships>`))
	part("xl/_rels/workbook.xml.rels", text(`<Relationships xmlns="`+packages+`relationships"><Relationship Id="rId1" Type="`+office+`/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="`+office+`/styles" Target="styles.xml"/><Relationship Id="rId3" Type="`+office+`/sharedStrings" Target="sharedStrings.xml"/></Relationships>`))
	part("xl/workbook.xml", text(`<workbook `+main+`><sheets><sheet name="November" sheetId="1" r:id="rId1"/></sheets></workbook>`))
	part("xl/styles.xml", text(`<styleSheet `+main+`><numFmts count="1"><numFmt numFmtId="164" formatCode="#,##0.00\ &quot;EUR&quot;"/></numFmts><cellXfs count="4"><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="164"/><xf numFmtId="10"/></cellXfs></styleSheet>`))
	part("xl/sharedStrings.xml", func(w *bufio.Writer) {
		fmt.Fprintf(w, `<sst %s>`, main)
		for _, s := range []string{"email", "name", "country", "city", "a", "b", "c", "d", "e", "due", "since", "vip", "Deutschland", "Österreich", "São Paulo", "Köln"} {
			fmt.Fprintf(w, `<si><t>%s</t></si>`, s)
		}
		for i := range n {
			fmt.Fprintf(w, `<si><t>person%d@example.com</t></si><si><t xml:space="preserve">Person &amp; Number %d</t></si>`, i, i)
		}
		w.WriteString(`</sst>`)
	})
	part("xl/worksheets/sheet1.xml", func(w *bufio.Writer) {
		fmt.Fprintf(w, `<?xml version="1.0" encoding="UTF-8" standalone="yes"?><worksheet %s><sheetData><row r="1">`, main)
		for c := range 12 {
			fmt.Fprintf(w, `<c r="%s1" t="s"><v>%d</v></c>`, letters(c), c)
		}
		for i := range n {
			r := i + 2
			fmt.Fprintf(w, `</row><row r="%d" spans="1:12"><c r="A%d" t="s"><v>%d</v></c><c r="B%d" t="s"><v>%d</v></c><c r="C%d" t="s"><v>%d</v></c><c r="D%d" t="s"><v>%d</v></c>`,
				r, r, 16+2*i, r, 17+2*i, r, 12+i%2, r, 14+i%2)
			fmt.Fprintf(w, `<c r="E%d"><v>%d</v></c><c r="F%d"><v>%d.5</v></c><c r="G%d" s="2"><v>%d.25</v></c><c r="H%d" s="3"><v>0.%d</v></c><c r="I%d"><v>%d</v></c>`, r, i, r, i, r, i, r, 1000+i%9000, r, 49123456789+i)
			fmt.Fprintf(w, `<c r="J%d" s="1"><v>%d</v></c><c r="K%d" s="1"><v>%d</v></c><c r="L%d" t="b"><v>%d</v></c>`, r, 44000+i%3000, r, 40000+i%3000, r, i%2)
		}
		w.WriteString(`</row></sheetData></worksheet>`)
	})
	if err := errors.Join(z.Close(), f.Close()); err != nil {
		tb.Fatal(err)
	}
	return name
}

// BenchmarkWorkbook reads 200,000 rows of 12 columns with shared texts: as lists are read here, with every address and
// type, and as excelize streams rows of texts.
func BenchmarkWorkbook(b *testing.B) {
	const rows = 200_000
	name := bigBook(b, rows)
	b.Run("mailshot", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			benchmarkList(b, Config{File: name, Columns: map[string]Type{"a": Number, "due": Date, "vip": Bool}})
		}
		b.ReportMetric(rows*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
	})
	b.Run("excelize", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			f, err := excelize.OpenFile(name)
			if err != nil {
				b.Fatal(err)
			}
			all, err := f.Rows("November")
			if err != nil {
				b.Fatal(err)
			}
			n := 0
			for ; all.Next(); n++ {
				if _, err := all.Columns(); err != nil {
					b.Fatal(err)
				}
			}
			if err := errors.Join(all.Close(), f.Close()); err != nil || n != rows+1 {
				b.Fatal(err, n)
			}
		}
		b.ReportMetric(rows*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
	})
}

func benchmarkList(b *testing.B, cfg Config) {
	b.Helper()
	l, err := Open(cfg)
	if err != nil {
		b.Fatal(err)
	}
	for _, err := range l.Rows(context.Background()) {
		if err != nil {
			b.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		b.Fatal(err)
	}
}
