package templates

import (
	"strings"
	"testing"
	"testing/fstest"
)

// The rows of a table may be in a template that is included, one for each item. Their cells stay apart in the text
// part: it is wrong to write "2" and "12.00" as "212.00", which is another price. Or the compiler refuses.
func TestIncludedRowsKeepTheirCellsApart(t *testing.T) {
	t.Parallel()
	for _, row := range []string{"<tr><td>{{.}}</td><td>2</td><td>12.00</td></tr>",
		"<td>{{.}}</td><td>2</td><td>12.00</td>"} {
		body := `<table><tr><th>Item</th><th>Count</th><th>Price</th></tr>{{range split ";" .x}}{{template "row.html" .}}{{end}}</table>`
		if strings.HasPrefix(row, "<td>") {
			body = strings.Replace(body, `{{template "row.html" .}}`, `<tr>{{template "row.html" .}}</tr>`, 1)
		}
		b, err := New(Config{Columns: []string{"x"}, FS: fstest.MapFS{"row.html": &fstest.MapFile{Data: []byte(row)}}}).
			Body(BodySource{HTML: &Source{File: "b.html", Text: body}})
		if err != nil {
			continue // refused
		}
		text := run1(t, b.Text.Execute, Data{Text: map[string]string{"x": "Tea;Milk"}})
		if strings.Contains(text, "212.00") || strings.Contains(text, "Tea2") {
			t.Errorf("%s: %q", row, text)
		}
	}
}
