//go:build ignore

// This program writes customers.xlsx and one PDF per customer below invoices/.
// The customers do not exist. Run it in this folder: go run generate.go
package main

import (
	"bytes"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	"github.com/xuri/excelize/v2"
)

type customer struct {
	name, plain, email, language string
	amount                       int64
	days                         int // until it is due
}

var customers = []customer{
	{"سارا گلی‌پور", "Sara Golipour", "sara.golipour@example.com", "fa", 12_500_000, 14},
	{"کیوان نیک‌اختر", "Keyvan Nikakhtar", "keyvan@example.org", "fa", 8_400_000, 14},
	{"ليلى الحدّاد", "Layla al-Haddad", "layla.alhaddad@example.net", "ar", 31_750_000, 30},
	{"مه‌لقا پورزند", "Mahlagha Pourzand", "mahlagha@example.com", "fa", 990_000, 7},
	{"يوسف أبو شقرة", "Yusuf Abu Shaqra", "yusuf@example.org", "ar", 4_120_500, 30},
	{"ژاله کاویان", "Zhaleh Kavian", "zhaleh.kavian@example.net", "fa", 67_000_000, 14},
	{"عبد الرحمن السعيد", "Abd al-Rahman al-Saeed", "abdalrahman@example.com", "ar", 15_300_000, 21},
	{"پوریا چمن‌آرا", "Pouria Chamanara", "pouria@example.org", "fa", 2_045_000, 14},
	{"هدى الطيّب", "Huda al-Tayyib", "huda@example.net", "ar", 780_250, 30},
	{"گیتی ثابت‌قدم", "Giti Sabetghadam", "giti.sabetghadam@example.com", "fa", 19_999_000, 14},
	{"آرش فرّخ‌نیا", "Arash Farrokhnia", "arash@example.org", "fa", 5_610_000, 10},
	{"سُعاد بن عاشور", "Suad Ben Achour", "suad@example.net", "ar", 43_000_000, 21},
}

var issued = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

func main() {
	check(os.MkdirAll("invoices", 0o755))
	book := excelize.NewFile()
	const sheet = "November"
	check(book.SetSheetName("Sheet1", sheet))
	check(book.SetDocProps(&excelize.DocProperties{Creator: "generate.go", Created: issued.Format(time.RFC3339),
		Modified: issued.Format(time.RFC3339)}))
	rtl := true
	check(book.SetSheetView(sheet, 0, &excelize.ViewOptions{RightToLeft: &rtl}))
	date, amount := "yyyy-mm-dd", "#,##0"
	dateStyle, err := book.NewStyle(&excelize.Style{CustomNumFmt: &date})
	check(err)
	amountStyle, err := book.NewStyle(&excelize.Style{CustomNumFmt: &amount})
	check(err)
	check(book.SetSheetRow(sheet, "A1", &[]any{"number", "full_name", "email", "language", "amount", "issued", "due"}))
	for i, c := range customers {
		number := fmt.Sprintf("1405-%03d", i+1)
		due := issued.AddDate(0, 0, c.days)
		row := i + 2
		check(book.SetSheetRow(sheet, fmt.Sprintf("A%d", row), &[]any{number, c.name, c.email, c.language, c.amount, issued,
			due}))
		check(book.SetCellStyle(sheet, fmt.Sprintf("E%d", row), fmt.Sprintf("E%d", row), amountStyle))
		check(book.SetCellStyle(sheet, fmt.Sprintf("F%d", row), fmt.Sprintf("G%d", row), dateStyle))
		check(os.WriteFile(filepath.Join("invoices", number+".pdf"), pdf(
			"Invoice "+number, c.plain, fmt.Sprintf("Amount: %d IRR", c.amount),
			"Issued: "+issued.Format(time.DateOnly), "Due: "+due.Format(time.DateOnly)), 0o644))
	}
	check(book.SetColWidth(sheet, "B", "C", 28))
	check(book.SaveAs("customers.xlsx"))
	check(book.Close())
	check(os.Chmod("customers.xlsx", 0o644))
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
