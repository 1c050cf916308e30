package templates_test

import (
	"fmt"
	"log"
	"os"
	"time"

	"mailshot/templates"
)

// A body is compiled once and executed for each row. The HTML and the text part both come from the Markdown, and a cell
// never becomes markup.
func Example() {
	compiler := templates.New(templates.Config{Columns: []string{"name", "amount", "due"}, Language: "de"})
	subject, err := compiler.Line("subject", templates.Source{File: "campaign.yaml", Text: `For {{.name}}`})
	if err != nil {
		log.Fatal(err)
	}
	body, err := compiler.Body(templates.BodySource{
		Markdown: &templates.Source{File: "body.md", Text: `Dear {{.name}},

please pay **{{num 2 .amount}} EUR** by {{date "2 January" .due}}.
`},
		Layout: "none",
	})
	if err != nil {
		log.Fatal(err)
	}
	row := templates.Data{
		Values: map[string]any{
			"name": "Jörg <b>", "amount": 1234.5, "due": time.Date(2026, time.March, 4, 0, 0, 0, 0, time.UTC),
		},
		Text: map[string]string{"name": "Jörg <b>", "amount": "1,234.50", "due": "2026-03-04"},
	}
	for _, execute := range []func() error{
		func() error { return subject.Execute(os.Stdout, row) },
		func() error { fmt.Print("\n---\n"); return body.HTML.Execute(os.Stdout, row) },
		func() error { fmt.Print("---\n"); return body.Text.Execute(os.Stdout, row) },
	} {
		if err := execute(); err != nil {
			log.Fatal(err)
		}
	}
	// Output:
	// For Jörg <b>
	// ---
	// <p>Dear Jörg &lt;b&gt;,</p>
	// <p>please pay <strong>1.234,50 EUR</strong> by 4 März.</p>
	// ---
	// Dear Jörg <b>,
	//
	// please pay 1.234,50 EUR by 4 März.
}

// An error has the place that the author sees, and a hint. It is found before any row is read.
func ExampleError() {
	compiler := templates.New(templates.Config{Columns: []string{"name", "amount"}})
	_, err := compiler.Line("subject", templates.Source{
		File: "campaign.yaml", Line: 5, Column: 11, Text: "Dear {{.nmae}}",
	})
	fmt.Println(err)
	// Output:
	// campaign.yaml:5:18: the list has no column "nmae" (did you mean "name"?)
}
