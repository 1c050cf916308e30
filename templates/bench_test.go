package templates_test

import (
	"io"
	"testing"

	"mailshot/templates"
)

// benchmarkBody is a letter with conditions, a list, a table, functions and a link.
const benchmarkBody = `{{preheader "Your order"}}

# Dear {{default "friend" .nick}}

thank you, **{{.name}}**. Please pay {{money "EUR" .amount}} by {{date "2 January 2006" .due}}
at [our shop](https://example.com/pay?amount={{.amount}}).

{{range split ";" .items}}
1. {{.}}
{{end}}

| what | how many |
|---|---|
{{range split ";" .items}}
| {{.}} | {{len .}} |
{{end}}

{{if gt .amount 1000}}
It is a large sum, {{upper .city}}.
{{end}}
`

func benchmarkCompile(b *testing.B) *templates.Body {
	body, err := templates.New(templates.Config{Language: "de"}).Body(templates.BodySource{
		Markdown: &templates.Source{File: "body.md", Text: benchmarkBody},
		Subject:  &templates.Source{File: "subject", Text: "For {{.name}}"},
	})
	if err != nil {
		b.Fatal(err)
	}
	return body
}

func BenchmarkCompile(b *testing.B) {
	for b.Loop() {
		benchmarkCompile(b)
	}
}

func BenchmarkHTML(b *testing.B) {
	body, row := benchmarkCompile(b), templates.ExampleData()
	for b.Loop() {
		if err := body.HTML.Execute(io.Discard, row); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkText(b *testing.B) {
	body, row := benchmarkCompile(b), templates.ExampleData()
	for b.Loop() {
		if err := body.Text.Execute(io.Discard, row); err != nil {
			b.Fatal(err)
		}
	}
}
