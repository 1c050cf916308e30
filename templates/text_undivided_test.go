package templates

import (
	"strings"
	"testing"
)

// A telephone number, an amount, the number of an account and a date stay on one line in the cell of a table, in an
// item and in a paragraph, and a table with them that cannot be so narrow becomes one line for each cell. Proven by
// wrapping at the last blank that fits, as was done before.
func TestNumbersStayOnOneLine(t *testing.T) {
	t.Parallel()
	whole := []string{"+44 20 7946 0958", "+1 (555) 010 99 99", "DE89 3704 0044 0532 0130 00",
		"GB29 NWBK 6016 1331 9268 19",
		"1 234 567,50 EUR", "CHF 1 200.50", "12 March 2026", "March 12, 2026", "12. März 2026", "12 de marzo de 2026",
		"۱۲ فروردین ۱۴۰۵", "2026년 3월 12일", "10 – 12", "1\u202f234,50 €", "$ 1,250"}
	for name, md := range map[string]string{
		"cell":      "| a | b | c |\n|---|---|---|\n| {{.y}} {{.x}} cd | {{.y}} {{.x}} cd | {{.y}} |\n",
		"item":      "- {{.y}} ab ab {{.x}} cd\n",
		"paragraph": "{{.y}} ab ab {{.x}} cd\n",
	} {
		body, err := New(Config{Columns: []string{"x", "y"}}).Body(BodySource{Markdown: &Source{File: "b.md", Text: md}})
		if err != nil {
			t.Fatal(diagnose(err))
		}
		for _, number := range whole {
			for before := range 40 {
				y := strings.TrimSpace(strings.Repeat("ab ", before))
				text := run1(t, body.Text.Execute, Data{Text: map[string]string{"x": number, "y": y}})
				if want := strings.Count(md, "{{.x}}"); strings.Count(text, number) != want {
					t.Errorf("%s of %d words: %q is on two lines:\n%s", name, before, number, text)
				}
			}
		}
	}
}

// The heads of a table that is too wide for the text stand before the cells: all rows of them, in the part of the table
// that they are above. A table of nothing but heads is not lost, and neither are more columns than a table has. It is
// wrong to write the heads of the last part before each cell.
func TestHeadsOfWideTables(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("w", 50)
	for html, wants := range map[string][]string{
		`<table><thead><tr><th colspan="2">Spring</th><th>Sum</th></tr><tr><th>Tea</th><th>Milk</th><th></th></tr></thead>` +
			`<tr><td>{{.x}}a</td><td>{{.x}}b</td><td>12</td></tr></table>`: {"Spring Tea: " + long + "a\n", "Spring Milk: " +
			long + "b\n", "Sum: 12\n"},
		`<table><thead><tr><th colspan="2">Your order</th></tr><tr><th>Tea</th><th>Milk</th></tr></thead>` +
			`<tr><td>{{.x}}a</td><td>{{.x}}b</td></tr></table>`: {"Your order\n", "\nTea: " + long + "a\nMilk: " + long + "b\n"},
		`<table>{{range split "," "P,Q"}}<tr><th>{{.}}</th><th>n</th></tr><tr><td>` + long + `</td><td>` + long +
			`</td></tr>{{end}}</table>`: {
			"P: " + long, "Q: " + long},
		`<table><tr><th>{{.x}}1</th><th>{{.x}}2</th></tr></table>`: {long + "1", long + "2"},
		`<table><tr>` + strings.Repeat(`<td>a</td>`, 110) + `<td>the last</td></tr><tr>` +
			strings.Repeat(`<td>1</td>`, 111) + `</tr></table>`: {"the last"},
	} {
		text := strings.ReplaceAll(htmlText(t, html, long, ""), " \n", " ")
		for _, want := range wants {
			if !strings.Contains(text, want) {
				t.Errorf("%s:\n%s\nlacks %q", html, text, want)
			}
		}
	}
}
