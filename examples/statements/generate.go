//go:build ignore

// This program writes invoices.csv and one PDF for each invoice below invoices/.
// The customers do not exist. Run it in this folder: go run generate.go
package main

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"log"
	"os"
	"path/filepath"
)

var customers = [][3]string{
	{"Bäckerei Roth", "Anna Roth", "anna.roth@example.com"},
	{"Lopes & Filhos", "João Lopes", "joao@example.org"},
	{"Østby Båtverft", "Kari Østby", "kari.ostby@example.net"},
	{"Nakamura Tea", "Yui Nakamura", "yui@example.com"},
}

// invoices are the customers' numbers and the amounts in cents, as they were written: no customer's stand together.
var invoices = [][2]int{{0, 1010}, {1, 250_000}, {0, 2020}, {2, 9_999}, {1, 1}, {3, 120_000}, {0, 10}, {2, 33_333}, {1, 33_333}}

func main() {
	check(os.MkdirAll("invoices", 0o755))
	var list bytes.Buffer
	w := csv.NewWriter(&list)
	check(w.Write([]string{"customer", "contact", "email", "number", "due", "amount"}))
	for i, v := range invoices {
		c, number := customers[v[0]], fmt.Sprintf("2026-%03d", i+101)
		amount := fmt.Sprintf("%d.%02d", v[1]/100, v[1]%100)
		due := fmt.Sprintf("2026-12-%02d", 5+i)
		check(w.Write([]string{c[0], c[1], c[2], number, due, amount}))
		check(os.WriteFile(filepath.Join("invoices", number+".pdf"),
			pdf("Invoice "+number, "Amount: EUR "+amount, "Due: "+due), 0o644))
	}
	w.Flush()
	check(w.Error())
	check(os.WriteFile("invoices.csv", list.Bytes(), 0o644))
}

// pdf makes a document of one page with the lines on it, the first as its
// title: a header, six objects, the table of their offsets, and the trailer
// (ISO 32000-1, 7.5). The lines are plain ASCII without parentheses, which
// needs no embedded font.
func pdf(lines ...string) []byte {
	var text bytes.Buffer
	text.WriteString("BT /F1 24 Tf 72 750 Td (" + lines[0] + ") Tj /F1 12 Tf")
	for _, line := range lines[1:] {
		text.WriteString(" 0 -28 Td (" + line + ") Tj")
	}
	text.WriteString(" ET")
	objects := []string{
		"<< /Type /Catalog /Pages 2 0 R >>",
		"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
		"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 5 0 R >> >> /Contents 4 0 R >>",
		fmt.Sprintf("<< /Length %d >>\nstream\n%s\nendstream", text.Len(), &text),
		"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
		"<< /Title (" + lines[0] + ") >>",
	}
	// The four bytes above 127 tell programs that the file is not text.
	b := bytes.NewBufferString("%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
	var offsets []int
	for i, o := range objects {
		offsets = append(offsets, b.Len())
		fmt.Fprintf(b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	table := b.Len()
	fmt.Fprintf(b, "xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for _, at := range offsets {
		fmt.Fprintf(b, "%010d 00000 n \n", at)
	}
	fmt.Fprintf(b, "trailer\n<< /Size %d /Root 1 0 R /Info 6 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, table)
	return b.Bytes()
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
