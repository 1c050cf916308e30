// Package invoicestest makes invoices for tests, by four programs and in four languages: [All] says whose they are, and
// [Make] has a program make them. The customers do not exist.
//
// The programs are Chromium, LibreOffice, Typst and ReportLab. They write PDFs in very different ways, above all of
// what runs from right to left: letters as they are read or as they are drawn, as glyphs of their forms or not, one by
// one or in lines.
package invoicestest

import (
	"cmp"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// Invoice is one invoice.
type Invoice struct {
	File     string // its name
	Number   string // as the list has it
	Name     string
	Language string // en, de, fa, ar
	Program  string
	Month    string
	Items    []Item
	Total    string
}

// Item is a line of an invoice.
type Item struct{ Quantity, Text, Price string }

// Programs are those that make invoices.
var Programs = []string{"chromium", "libreoffice", "typst", "reportlab"}

var (
	first = map[string][]string{
		"en": {"Ann", "Robert", "Grace", "Oliver", "Fiona", "Simon", "O'Neil"},
		"de": {"Jürgen", "Käthe", "Björn", "Sabine", "Groß", "Zoë", "Änne"},
		"fa": {"سارا", "کیوان", "مه\u200cلقا", "ژاله", "پوریا", "گیتی", "آرش"},
		"ar": {"ليلى", "يوسف", "عبد الرحمن", "هدى", "سُعاد", "خالد", "إلهام"},
	}
	last = map[string][]string{
		"en": {"Lee", "Ashford", "Whitfield", "Lindqvist & Sons", "Office Supplies Ltd", "Moffat", "Traffic"},
		"de": {"Müller", "Straßburger", "von der Höhe", "Weiß GmbH & Co. KG", "Öztürk", "Schäfer", "Fluß"},
		"fa": {"گلی\u200cپور", "نیک\u200cاختر", "پورزند", "کاویان", "چمن\u200cآرا", "ثابت\u200cقدم", "لاله\u200cزار"},
		"ar": {"الحدّاد", "أبو شقرة", "السعيد", "الطيّب", "بن عاشور", "الأنصاري", "لؤلؤة"},
	}
	words = map[string][]string{ // the title, the number, the customer, an item, the total, the month
		"en": {"Invoice", "Number", "Customer", "Hours of work", "Total", "November 2026"},
		"de": {"Rechnung", "Nummer", "Kundin oder Kunde", "Arbeitsstunden", "Gesamtbetrag", "November 2026"},
		"fa": {"صورتحساب", "شماره", "مشتری", "ساعت کار", "جمع کل", "آبان ۱۴۰۵"},
		"ar": {"فاتورة", "رقم", "العميل", "ساعات العمل", "المجموع", "نوفمبر ٢٠٢٦"},
	}
)

// All are n invoices, of each language and program as many. No two have one number or one name.
func All(n int) (all []Invoice) {
	languages := []string{"en", "de", "fa", "ar"}
	for i := range n {
		l := languages[i%4]
		k := i / 16
		v := Invoice{
			Number: fmt.Sprintf("%s-%05d", strings.ToUpper(l), 20260+i*7), Language: l, Program: Programs[i/4%4],
			Name: first[l][k%7] + " " + last[l][(k/7+i/4)%7] + " " + fmt.Sprint(100+i), Month: words[l][5],
			Total: amount(l, 100+i*13),
		}
		if l == "fa" || l == "ar" {
			v.Number = fmt.Sprintf("1405-%05d", 3000+i*7)
		}
		v.File = v.Number + ".pdf"
		for k := range 1 + i%4 {
			v.Items = append(v.Items, Item{digits(l, fmt.Sprint(k+1)), words[l][3], amount(l, 12+k*i)})
		}
		all = append(all, v)
	}
	return all
}

// OfBefore is the customer's invoice of the month before: the same name under another number. It is in the file of v.
func (v Invoice) OfBefore() Invoice {
	v.Month = map[string]string{"en": "October 2026", "de": "Oktober 2026", "fa": "مهر ۱۴۰۵",
		"ar": "أكتوبر ٢٠٢٦"}[v.Language]
	v.Number = v.Number[:len(v.Number)-5] + "1" + v.Number[len(v.Number)-4:]
	return v
}

func amount(language string, n int) string {
	s := fmt.Sprintf("%d,%03d.00", n, n%1000)
	if language == "de" {
		s = fmt.Sprintf("%d.%03d,00 €", n, n%1000)
	}
	return digits(language, s)
}

// digits are those of the language.
func digits(language, s string) string {
	zero := map[string]rune{"fa": 0x6f0, "ar": 0x660}[language]
	return strings.Map(func(r rune) rune {
		if zero != 0 && r >= '0' && r <= '9' {
			return zero + r - '0'
		}
		return r
	}, s)
}

// lines are what the invoice says, with the number as the language writes it.
func (v Invoice) lines() (title string, pairs [][2]string) {
	w := words[v.Language]
	return w[0], [][2]string{{w[1], digits(v.Language, v.Number)}, {w[2], v.Name}, {v.Month, ""}, {w[4], v.Total}}
}

func (v Invoice) direction() string {
	if v.Language == "fa" || v.Language == "ar" {
		return "rtl"
	}
	return "ltr"
}

// ErrMissing says that a program is not installed.
var ErrMissing = errors.New("not installed")

// Make has a program make invoices in a folder. It returns ErrMissing if there is no such program.
func Make(ctx context.Context, program, dir string, all []Invoice) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	switch program {
	case "chromium":
		return chromium(ctx, dir, all)
	case "libreoffice":
		return libreoffice(ctx, dir, all)
	case "typst":
		return typst(ctx, dir, all)
	}
	return reportlab(ctx, dir, all)
}

// page is an invoice as a web page.
func (v Invoice) page() string {
	title, pairs := v.lines()
	var b strings.Builder
	fmt.Fprintf(&b, `<!doctype html><html lang="%s" dir="%s"><meta charset="utf-8"><title>%s</title>
<style>body{font-family:"DejaVu Sans","Noto Naskh Arabic",sans-serif;margin:2cm} td{padding:4px 20px}</style><h1>%s</h1>`,
		v.Language, v.direction(), title, title)
	for _, p := range pairs {
		fmt.Fprintf(&b, "<p>%s: <b>%s</b></p>\n", p[0], html.EscapeString(p[1]))
	}
	b.WriteString("<table>")
	for _, i := range v.Items {
		fmt.Fprintf(&b, "<tr><td>%s<td>%s<td>%s", i.Quantity, i.Text, i.Price)
	}
	return b.String() + "</table>"
}

func chromium(ctx context.Context, dir string, all []Invoice) error {
	path, err := exec.LookPath("chromium")
	if err != nil {
		return ErrMissing
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox)
	ctx, done := chromedp.NewExecAllocator(ctx, options...)
	defer done()
	ctx, done = chromedp.NewContext(ctx)
	defer done()
	source := filepath.Join(dir, "page.html")
	defer os.Remove(source)
	for _, v := range all {
		if err := os.WriteFile(source, []byte(v.page()), 0o600); err != nil {
			return err
		}
		err := chromedp.Run(ctx, chromedp.Navigate("file://"+source), chromedp.ActionFunc(func(ctx context.Context) error {
			b, _, err := page.PrintToPDF().Do(ctx)
			if err != nil {
				return err
			}
			return os.WriteFile(filepath.Join(dir, v.File), b, 0o600)
		}))
		if err != nil {
			return err
		}
	}
	return nil
}

// sheet is an invoice as a flat spreadsheet (OpenDocument 1.2), which every LibreOffice prints.
func (v Invoice) sheet() string {
	title, pairs := v.lines()
	var b strings.Builder
	mode := map[string]string{"rtl": "rl-tb", "ltr": "lr-tb"}[v.direction()]
	fmt.Fprintf(&b, `<?xml version="1.0" encoding="UTF-8"?><office:document
 xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"
 xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0"
 office:version="1.2" office:mimetype="application/vnd.oasis.opendocument.spreadsheet"><office:automatic-styles>
<style:style style:name="c" style:family="table-column"><style:table-column-properties style:column-width="6cm"/></style:style>
<style:style style:name="t" style:family="table"><style:table-properties style:writing-mode="%s"/></style:style>
</office:automatic-styles><office:body><office:spreadsheet><table:table table:name="A" table:style-name="t">
<table:table-column table:style-name="c" table:number-columns-repeated="3"/>`, mode)
	row := func(cells ...string) {
		b.WriteString("<table:table-row>")
		for _, c := range cells {
			fmt.Fprintf(&b, `<table:table-cell office:value-type="string"><text:p>%s</text:p></table:table-cell>`,
				html.EscapeString(c))
		}
		b.WriteString("</table:table-row>\n")
	}
	row(title)
	for _, p := range pairs {
		row(p[0], p[1])
	}
	for _, i := range v.Items {
		row(i.Quantity, i.Text, i.Price)
	}
	return b.String() + "</table:table></office:spreadsheet></office:body></office:document>"
}

func libreoffice(ctx context.Context, dir string, all []Invoice) error {
	path, err := exec.LookPath("soffice")
	if err != nil {
		return ErrMissing
	}
	home, err := os.MkdirTemp("", "office")
	if err != nil {
		return err
	}
	defer os.RemoveAll(home)
	args := []string{"-env:UserInstallation=file://" + home, "--headless", "--convert-to", "pdf", "--outdir", dir}
	for _, v := range all {
		source := filepath.Join(home, strings.TrimSuffix(v.File, ".pdf")+".fods")
		if err := os.WriteFile(source, []byte(v.sheet()), 0o600); err != nil {
			return err
		}
		args = append(args, source)
	}
	return run(exec.CommandContext(ctx, path, args...))
}

// quoted is a text as Typst quotes it.
func quoted(s string) string { return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"` }

//go:embed typst.cjs
var typstScript string

// typst runs Typst, which is the package @myriaddreamin/typst-ts-node-compiler of npm: NODE_PATH says where that is.
func typst(ctx context.Context, dir string, all []Invoice) error {
	path, err := exec.LookPath("node")
	if err != nil || exec.CommandContext(ctx, path, "-e",
		`require("@myriaddreamin/typst-ts-node-compiler")`).Run() != nil {
		return ErrMissing
	}
	sources := map[string]string{}
	for _, v := range all {
		title, pairs := v.lines()
		var b strings.Builder
		fmt.Fprintf(&b, "#set text(lang: %q, font: (\"DejaVu Sans\", \"Noto Naskh Arabic\"))\n= %s\n", v.Language, title)
		for _, p := range pairs {
			fmt.Fprintf(&b, "#text(%s): *#text(%s)*\n\n", quoted(p[0]), quoted(p[1]))
		}
		b.WriteString("#table(columns: 3,\n")
		for _, i := range v.Items {
			fmt.Fprintf(&b, "%s, %s, %s,\n", quoted(i.Quantity), quoted(i.Text), quoted(i.Price))
		}
		sources[v.File] = b.String() + ")\n"
	}
	c := exec.CommandContext(ctx, path, "-e", typstScript, dir)
	return feed(c, sources)
}

//go:embed draw.py
var reportlabScript string

func reportlab(ctx context.Context, dir string, all []Invoice) error {
	path := cmp.Or(os.Getenv("REPORTLAB_PYTHON"), "/usr/bin/python3")
	if exec.CommandContext(ctx, path, "-c", "import reportlab, arabic_reshaper, bidi").Run() != nil {
		return ErrMissing
	}
	sources := map[string][][]string{}
	for _, v := range all {
		title, pairs := v.lines()
		lines := [][]string{{title}}
		for _, p := range pairs {
			lines = append(lines, p[:])
		}
		for _, i := range v.Items {
			lines = append(lines, []string{i.Quantity, i.Text, i.Price})
		}
		sources[v.File] = lines
	}
	return feed(exec.CommandContext(ctx, path, "-c", reportlabScript, dir), sources)
}

// feed gives a program JSON to read.
func feed(c *exec.Cmd, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	c.Stdin = strings.NewReader(string(b))
	return run(c)
}

func run(c *exec.Cmd) error {
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", filepath.Base(c.Path), err, out)
	}
	return nil
}
