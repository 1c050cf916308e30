package main

import (
	"archive/zip"
	"bufio"
	"errors"
	"fmt"
	"os"
)

var workbookColumns = []string{"email", "name", "company", "country", "a", "b", "c", "d", "e", "f", "g", "vip"}

// writeWorkbook writes an .xlsx with shared texts: 3 of the 12 columns have another text in each row, 1 has one of
// few, 7 have numbers and 1 has booleans.
func writeWorkbook(name string, rows int) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	z := zip.NewWriter(f)
	var failed error
	part := func(name string, write func(w *bufio.Writer)) {
		w, err := z.Create(name)
		if err != nil {
			failed = errors.Join(failed, err)
			return
		}
		b := bufio.NewWriterSize(w, 64<<10)
		write(b)
		failed = errors.Join(failed, b.Flush())
	}
	text := func(s string) func(*bufio.Writer) { return func(w *bufio.Writer) { w.WriteString(s) } }
	const kinds = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
	part("_rels/.rels", text(`<Relationships><Relationship Id="rId1" Type="`+kinds+
		`/officeDocument" Target="xl/workbook.xml"/></Relationships>`))
	part("xl/_rels/workbook.xml.rels", text(`<Relationships><Relationship Id="rId1" Type="`+kinds+
		`/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="`+kinds+
		`/sharedStrings" Target="sharedStrings.xml"/></Relationships>`))
	part("xl/workbook.xml", text(`<workbook xmlns:r="`+kinds+
		`"><sheets><sheet name="People" sheetId="1" r:id="rId1"/></sheets></workbook>`))
	countries := []string{"Deutschland", "Österreich", "São Tomé", "Norge"}
	part("xl/sharedStrings.xml", func(w *bufio.Writer) {
		w.WriteString("<sst>")
		for _, s := range append(workbookColumns, countries...) {
			fmt.Fprintf(w, "<si><t>%s</t></si>", s)
		}
		for i := range rows {
			fmt.Fprintf(w, "<si><t>person%d@example.com</t></si><si><t>Person Number %d</t></si>", i, i)
			fmt.Fprintf(w, "<si><t>Company %d Ltd</t></si>", i)
		}
		w.WriteString("</sst>")
	})
	part("xl/worksheets/sheet1.xml", func(w *bufio.Writer) { writeSheet(w, rows, len(countries)) })
	return errors.Join(failed, z.Close(), f.Close())
}

// writeSheet writes the rows, whose shared texts are the columns' names, the countries, and three for each row.
func writeSheet(w *bufio.Writer, rows, countries int) {
	w.WriteString(`<worksheet><sheetData><row r="1">`)
	for c := range workbookColumns {
		fmt.Fprintf(w, `<c r="%c1" t="s"><v>%d</v></c>`, 'A'+c, c)
	}
	w.WriteString("</row>")
	first := len(workbookColumns) + countries
	for i := range rows {
		r := i + 2
		fmt.Fprintf(w, `<row r="%d">`, r)
		for c := range 3 {
			fmt.Fprintf(w, `<c r="%c%d" t="s"><v>%d</v></c>`, 'A'+c, r, first+3*i+c)
		}
		fmt.Fprintf(w, `<c r="D%d" t="s"><v>%d</v></c>`, r, len(workbookColumns)+i%countries)
		for c := 4; c < 11; c++ {
			fmt.Fprintf(w, `<c r="%c%d"><v>%d</v></c>`, 'A'+c, r, i*c)
		}
		fmt.Fprintf(w, `<c r="L%d" t="b"><v>%d</v></c></row>`, r, i%2)
	}
	w.WriteString("</sheetData></worksheet>")
}
