package invoicestest

import (
	"archive/zip"
	"bytes"
	"fmt"
	"html"
	"maps"
	"slices"
	"strings"
)

// PDF is a PDF of one page with these lines in Helvetica, which have ASCII letters. No program is needed for it.
func PDF(lines ...string) string {
	var page strings.Builder
	page.WriteString("BT /F 12 Tf 14 TL 60 780 Td\n")
	for _, l := range lines {
		fmt.Fprintf(&page, "(%s) Tj T*\n", strings.NewReplacer(`\`, `\\`, "(", `\(`, ")", `\)`).Replace(l))
	}
	page.WriteString("ET\n")
	return Objects(
		"<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
		"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F 5 0 R >> >> >>",
		Stream("", page.String()), "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>")
}

// Stream is a stream with more in its dictionary than its length.
func Stream(more, content string) string {
	return fmt.Sprintf("<< /Length %d %s >>\nstream\n%s\nendstream", len(content), more, content)
}

// Objects is a PDF of objects that have the numbers from 1 on. The first is its root.
func Objects(objects ...string) string {
	var b strings.Builder
	b.WriteString("%PDF-1.7\n")
	var at []int
	for i, o := range objects {
		at = append(at, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	table := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for _, offset := range at {
		fmt.Fprintf(&b, "%010d 00000 n \n", offset)
	}
	fmt.Fprintf(&b, "trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, table)
	return b.String()
}

// Document is a document of Word with these paragraphs.
func Document(paragraphs ...string) string {
	var b strings.Builder
	b.WriteString(`<?xml version="1.0"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>`)
	for _, p := range paragraphs {
		b.WriteString("<w:p>")
		for run := range strings.SplitAfterSeq(p, "-") { // Word cuts words into runs
			fmt.Fprintf(&b, `<w:r><w:t xml:space="preserve">%s</w:t></w:r>`, html.EscapeString(run))
		}
		b.WriteString("</w:p>")
	}
	return Packed(map[string]string{"word/document.xml": b.String() + "</w:body></w:document>",
		"[Content_Types].xml": types("wordprocessingml.document")})
}

// Workbook is a workbook of Excel whose first column has these texts.
func Workbook(cells ...string) string {
	var shared, sheet strings.Builder
	for i, c := range cells {
		fmt.Fprintf(&shared, "<si><t>%s</t></si>", html.EscapeString(c))
		fmt.Fprintf(&sheet, `<row r="%d"><c r="A%d" t="s"><v>%d</v></c><c r="B%d"><v>1.5</v></c></row>`, i+1, i+1, i, i+1)
	}
	return Packed(map[string]string{
		"[Content_Types].xml": types("spreadsheetml.sheet"), "xl/workbook.xml": "<workbook/>",
		"xl/sharedStrings.xml":     "<sst>" + shared.String() + "</sst>",
		"xl/worksheets/sheet1.xml": "<worksheet><sheetData>" + sheet.String() + "</sheetData></worksheet>",
	})
}

// types says what kind of document a packed file is.
func types(main string) string {
	return `<Types><Override ContentType="application/vnd.openxmlformats-officedocument.` + main + `.main+xml"/></Types>`
}

// Packed is a zip file.
func Packed(files map[string]string) string {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		f, err := w.Create(name)
		if err == nil {
			_, err = f.Write([]byte(files[name]))
		}
		if err != nil {
			panic(err) // into memory
		}
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return b.String()
}
