package templates

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"
)

func body(t *testing.T, c *Compiler, md string, d Data) (htmlText, text string) {
	t.Helper()
	b, err := c.Body(BodySource{Markdown: &Source{File: "body.md", Text: md}, Layout: "none"})
	if err != nil {
		t.Fatalf("compile: %v", err)
	}
	return run1(t, b.HTML.Execute, d), run1(t, b.Text.Execute, d)
}

func run1(t *testing.T, f func(io.Writer, Data) error, d Data) string {
	t.Helper()
	var b strings.Builder
	if err := f(&b, d); err != nil {
		t.Fatalf("execute: %v", err)
	}
	return b.String()
}

var update = flag.Bool("update", false, "rewrite the golden files")

// golden compares with a file below testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs (go test -update rewrites it):\n%s", path, got)
	}
}

// Each case of testdata/markdown.txt is a body, with the HTML and the text made of it for the functions' example row.
func TestMarkdown(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("testdata/markdown.txt")
	if err != nil {
		t.Fatal(err)
	}
	c := New(Config{})
	var out strings.Builder
	for part := range strings.SplitSeq(string(b), "=== ") {
		if part == "" {
			continue
		}
		title, rest, _ := strings.Cut(part, "\n")
		md, _, _ := strings.Cut(rest, "\n--- html\n")
		h, text := body(t, c, md, ExampleData())
		// Empty lines are where controls were.
		h = strings.Join(slices.DeleteFunc(strings.Split(h, "\n"), func(s string) bool { return s == "" }), "\n")
		out.WriteString("=== " + title + "\n" + md + "\n--- html\n" + h + "\n--- text\n" + text)
	}
	golden(t, "markdown.txt", out.String())
}

// The two layouts, left to right and right to left, and HTML with a part of it for Outlook.
func TestLayouts(t *testing.T) {
	t.Parallel()
	d := ExampleData()
	d.Text["name"] = "Ann <Lee> & Co"
	for _, language := range []string{"en", "fa"} {
		for _, layout := range Layouts() {
			c := New(Config{Language: language})
			b, err := c.Body(BodySource{Layout: layout, Subject: &Source{Text: "Invoice for {{.name}} & you"},
				Markdown: &Source{Text: "{{preheader \"Pay by \" .due}}\n\n" +
					"Dear {{.name}}, pay {{money \"EUR\" .amount}} ![logo](cid:logo)\n"}})
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(b.Images, []string{"logo"}) {
				t.Errorf("images %q", b.Images)
			}
			h := run1(t, b.HTML.Execute, d)
			golden(t, layout+"."+language+".html", h)
			for _, bad := range []string{"http://", "https://", "<link", "<script", "@import"} {
				if strings.Contains(h, bad) {
					t.Errorf("%s: %q", layout, bad)
				}
			}
		}
	}
}

func TestHTMLBody(t *testing.T) {
	t.Parallel()
	c := New(Config{Columns: columns, FS: fstest.MapFS{
		"foot.html": {Data: []byte("<p>Yours, {{$.city}}</p>")},
		"terms.md":  {Data: []byte("## Terms\n\n- {{.city}}\n")},
		"frame.html": {Data: []byte("<html lang=\"{{lang}}\"><head><title>{{template \"subject\" " +
			".}}</title></head><body>{{template \"content\" .}}</body></html>")},
	}})
	b, err := c.Body(BodySource{Layout: "frame.html", Subject: &Source{Text: "S & {{.name}}"},
		HTML: &Source{File: "body.html", Text: `<style>p { background: url(cid:paper) }</style>
<p>Dear {{.name}},<br>see <a href="https://example.com/?q={{.name}}">our  shop</a>, or <a href="{{tel .phone}}">call {{.phone}}</a>. <img src="cid:logo" alt="Acme"></p>
<!-- note to self -->
<table role="presentation"><tr><td>left</td><td>right</td></tr></table>
<table><tr><th>Item</th><th>Price</th></tr>{{range split ";" .items}}<tr><td>{{.}}</td><td>1</td></tr>{{end}}</table>
<ol>{{range split ";" .items}}<li>{{.}}<ul><li>sub</li></ul></li>{{end}}</ol>
<div style="display: none">hidden</div>
<!--[if mso]><v:rect href="https://example.com/{{.city}}"></v:rect><![endif]--><!--[if !mso]><!--><b>not Outlook</b><!--<![endif]-->
{{if .nick}}<p>nick</p>{{else}}<p>no nick, cid:prose</p>{{end}}
{{template "terms.md" .}}{{template "foot.html" .}}`}})
	if err != nil {
		t.Fatal(diagnose(err))
	}
	golden(t, "html.txt", run1(t, b.HTML.Execute, data("x"))+"\n--- text\n"+run1(t, b.Text.Execute, data("x")))
	if !slices.Equal(b.Images, []string{"logo", "paper"}) {
		t.Errorf("images %q", b.Images)
	}
}

// {{.amount}} prints the text as read; functions and conditions get the value.
func TestCells(t *testing.T) {
	t.Parallel()
	d := Data{
		Values: map[string]any{"amount": 1234.5, "zero": 0.0, "none": nil, "paid": true, "open": false,
			"due": time.Date(2026, time.November, 22, 0, 0, 0, 0, time.UTC), "text": "10"},
		Text: map[string]string{"amount": "1.234,50", "zero": "0,00", "none": "", "paid": "yes", "open": "no",
			"due": "22.11.2026", "text": "10"},
	}
	for text, want := range map[string]string{
		`{{.amount}}`:                  "1.234,50",
		`{{with .amount}}{{.}}{{end}}`: "1.234,50",
		`{{$a := .amount}}{{$a}}`:      "1.234,50",
		`{{printf "%s %v %.1f %q" .amount .amount .amount .amount}}`: `1.234,50 1.234,50 1234.5 "1.234,50"`,
		`{{add .amount 1}}`:      "1235.5",
		`{{mul 1234567.25 100}}`: "123456725",
		`{{gt .amount 1234}} {{lt .amount 1235}} {{eq .amount 1234.5}} {{eq 1234.5 .amount}} {{ne .amount 3}}`: "true true " +
			"true true true",
		`{{eq .amount "1.234,50"}}`:                                         "true",
		`{{if .zero}}a{{else}}b{{end}} {{.zero}}`:                           "b 0,00",
		`{{if .none}}a{{else}}b{{end}}[{{.none}}]`:                          "b[]",
		`{{if .paid}}a{{end}}{{if .open}}b{{end}} {{.paid}}`:                "a yes",
		`{{and .paid .zero}} {{or .zero .amount}} {{not .open}}`:            "0,00 1.234,50 true",
		`{{.due}} {{date "2006-01-02" .due}}`:                               "22.11.2026 2026-11-22",
		`{{gt .due "2026-11-21"}} {{eq .due "2026-11-22"}}`:                 "true true",
		`{{gt .text 9}} {{eq .text 10}} {{eq .text "10"}}`:                  "true true true",
		`{{default "nothing" .none}} {{default "x" .zero}}`:                 "nothing 0,00",
		`{{.amount | num 1}} {{num 2 2.675}} {{round 2 1.005}}`:             "1,234.5 2.68 1.01",
		`{{print .amount .paid}}`:                                           "1.234,50yes",
		`{{col "amount"}}{{range split ";" "a;b"}} {{col "amount"}}{{end}}`: "1.234,50 1.234,50 1.234,50",
		`{{index . "amount"}}`:                                              "1.234,50",
	} {
		l, err := New(Config{}).Line("x", Source{File: "x", Text: text})
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		var b strings.Builder
		if err := l.Execute(&b, d); err != nil || b.String() != want {
			t.Errorf("%s: %q, %v; want %q", text, b.String(), err, want)
		}
	}
}

func TestLanguages(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ language, text, want string }{
		{"de", `{{num 2 .amount}} {{money "EUR" .amount}} {{date "Monday, 2. January 2006" .due}}`,
			"1.234,50 1.234,50\u00a0€ Sonntag, 22. November 2026"},
		{"fa", `{{num 0 1405}} {{start}} {{money "IRR" 1000}}`, "۱٬۴۰۵ right ۱٬۰۰۰\u00a0ریال"},
		{"ar", `{{plural "zero=0" "one=1" "two=2" "few=f" "many=m" "other=o" 2}}{{plural "few=f" "other=o" 3}}{{date "2 ` +
			`January" .due}}`, "2f22 نوفمبر"},
		{"pl", `{{plural "one=plik" "few=pliki" "many=plików" "other=pliku" 2}} ` +
			`{{plural "one=plik" "few=pliki" "many=plików" "other=pliku" 100}}`, "pliki plików"},
		{"fr", `{{plural "jour" "jours" 0}} {{plural "jour" "jours" 2}}`, "jour jours"},
		{"tr", `{{upper "istanbul"}} {{lower "ISPARTA"}}`, "İSTANBUL ısparta"},
		{"en", `{{money "JPY" 1234.5}} {{money "CHF" -12}} {{money "USD" -0.001}} {{plural "day" "days" 1}}`,
			"¥1,235 CHF\u00a0-12.00 $0.00 day"},
		{"de", `{{percent 1 0.125}} {{percent 0 -0.285}} {{date "long" .due}} {{date "short" .due}} {{ordinal 3}}`,
			"12,5\u00a0% -29\u00a0% 22. November 2026 22.11.2026 3."},
		{"tr", `{{percent 0 0.5}} {{money "TRY" 1234.5}} {{hdate "2 January 2006" .due}}`,
			"%50 ₺1.234,50 12 Cemaziyelahir 1448"},
		{"fa",
			`{{date "long" .due}}; {{date "short" .due}}; {{jdate "long" .due}}; {{jdate "short" .due}}; {{hdate "long" .due}}`,
			"۲۲ نوامبر ۲۰۲۶; ۲۰۲۶/۱۱/۲۲; ۱ آذر ۱۴۰۵; ۱۴۰۵/۹/۱; ۱۲ جمادی\u200cالثانی ۱۴۴۸"},
		{"fa", `{{percent 1 0.125}} {{ordinal 3}} {{money "USD" 1234.5}}`, "۱۲٫۵٪ ۳\u200cام ۱٬۲۳۴٫۵۰\u00a0$"},
		{"ar", `{{date "long" .due}}; {{hdate "Monday 2 January 2006" .due}}; {{money "SAR" 12}}`,
			"٢٢ نوفمبر ٢٠٢٦; الأحد 12 جمادى الآخرة 1448; ١٢٫٠٠\u00a0ر.س"},
		{"he", `{{date "long" .due}} {{date "Monday" .due}} {{money "ILS" 12}}`, "22 בנובמבר 2026 יום ראשון 12.00\u00a0₪"},
		{"pt-BR", `{{money "BRL" -12}} {{date "long" .due}}`, "-R$\u00a012,00 22 de novembro de 2026"},
		{"en-GB", `{{date "long" .due}} {{date "short" .due}} {{percent 1 0.999}} {{percent 0 0.0001}} {{ordinal 22}}`,
			"22 November 2026 22/11/2026 99.9% 0% 22nd"},
		{"", `{{date "long" .due}} {{date "short" .due}} {{jdate "short" .due}} {{percent 1 0.125}} {{ordinal 1}}`,
			"22 November 2026 2026-11-22 1405-09-01 12.5% 1st"},
		{"", `[{{lang}}] {{dir}} {{num 1 1000}}`, "[] ltr 1,000.0"},
		{"he", `{{dir}}`, "rtl"},
		{"az-Arab", `{{dir}}`, "rtl"},
	} {
		l, err := New(Config{Language: tt.language}).Line("x", Source{File: "x", Text: tt.text})
		if err != nil {
			t.Fatal(err)
		}
		if got := run1(t, l.Execute, ExampleData()); got != tt.want {
			t.Errorf("%s: %s: %q, want %q", tt.language, tt.text, got, tt.want)
		}
	}
}

// Many executions at once each give their own row's text. Nothing of one is left in another.
func TestConcurrent(t *testing.T) {
	t.Parallel()
	b, err := New(Config{}).Body(BodySource{Markdown: &Source{File: "body.md",
		Text: "1. {{.x}}\n{{range list .x .x}}\n1. {{.}}\n{{end}}\n"}})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			x := fmt.Sprintf("<%d>", i)
			d := Data{Text: map[string]string{"x": x}}
			var h, text strings.Builder
			if err := errors.Join(b.HTML.Execute(&h, d), b.Text.Execute(&text, d)); err != nil {
				t.Error(err)
			}
			if want := fmt.Sprintf("1. %s\n2. %s\n3. %s\n", x, x, x); text.String() != want ||
				strings.Count(h.String(), fmt.Sprintf(">&lt;%d&gt;</li>", i)) != 3 {
				t.Errorf("%q\n%s", text.String(), h.String())
			}
		})
	}
	wg.Wait()
}

func TestDigest(t *testing.T) {
	t.Parallel()
	digest := func(md, layout string) string {
		c := New(Config{FS: fstest.MapFS{"l.html": {Data: []byte(layout + `{{template "content" .}}`)}}})
		if _, err := c.Body(BodySource{Markdown: &Source{File: "body.md", Text: md}, Layout: "l.html"}); err != nil {
			t.Fatal(err)
		}
		return c.Digest()
	}
	if a := digest("a", "b"); a != digest("a", "b") || a == digest("c", "b") || a == digest("a", "d") {
		t.Error("the digest does not follow the sources")
	}
}

func TestFunctions(t *testing.T) {
	t.Parallel()
	c := New(Config{})
	for _, f := range Functions() {
		tx, err := c.Line(f.Name, Source{File: f.Name, Text: f.Example})
		if err != nil {
			t.Errorf("%s: %v", f.Name, err)
			continue
		}
		var b strings.Builder
		if err := tx.Execute(&b, ExampleData()); err != nil || b.String() != f.Result {
			t.Errorf("%s: %s gives %q, %v; want %q", f.Name, f.Example, b.String(), err, f.Result)
		}
	}
}
