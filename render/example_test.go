package render_test

import (
	"fmt"
	"log"
	"time"

	"mailshot/render"
	"mailshot/render/address"
	"mailshot/templates"
)

// One Renderer makes the messages of a campaign, one recipient at a time.
func Example() {
	compiler := templates.New(templates.Config{Columns: []string{"name"}})
	line := func(name, text string) *templates.Text {
		t, err := compiler.Line(name, templates.Source{File: name, Text: text})
		if err != nil {
			log.Fatal(err)
		}
		return t
	}
	body, err := compiler.Body(templates.BodySource{Markdown: &templates.Source{
		File: "body.md", Text: "Dear {{.name}},\n\nthe oven is **repaired**.\n",
	}})
	if err != nil {
		log.Fatal(err)
	}
	renderer, err := render.New(render.Config{
		Campaign: "news-1",
		Secret:   []byte("not a secret"),
		From:     line("from", "Acme News <news@acme.example>"),
		Subject:  line("subject", "Bread again, {{.name}}"),
		Body:     body,
	})
	if err != nil {
		log.Fatal(err)
	}

	to, err := address.Parse("zoe@bücher.example")
	if err != nil {
		log.Fatal(err)
	}
	message, err := renderer.Render(render.Recipient{
		Address: to, Name: "Zoé", Key: to.Key(),
		Data: templates.Data{Text: map[string]string{"name": "Zoé"}},
	}, time.Date(2026, time.November, 22, 9, 0, 0, 0, time.UTC))
	if err != nil {
		log.Fatal(err)
	}

	fmt.Println("MAIL FROM", message.From(), "RCPT TO", message.To())
	for _, field := range message.Header() {
		if field[0] != "Message-ID" {
			fmt.Printf("%s: %s\n", field[0], field[1])
		}
	}
	for _, part := range message.Parts() {
		fmt.Println(part.ContentType)
	}
	fmt.Print(message.Parts()[0].Text)
	// Output:
	// MAIL FROM news@acme.example RCPT TO zoe@xn--bcher-kva.example
	// Date: Sun, 22 Nov 2026 09:00:00 +0000
	// From: Acme News <news@acme.example>
	// To: Zoé <zoe@xn--bcher-kva.example>
	// Subject: Bread again, Zoé
	// MIME-Version: 1.0
	// text/plain
	// text/html
	// Dear Zoé,
	//
	// the oven is repaired.
}

// A cell that could add a header is a fault of its row.
func ExampleFault() {
	compiler := templates.New(templates.Config{})
	subject, err := compiler.Line("subject", templates.Source{File: "campaign.yaml", Text: "For {{.name}}"})
	if err != nil {
		log.Fatal(err)
	}
	from, err := compiler.Line("from", templates.Source{File: "campaign.yaml", Text: "news@acme.example"})
	if err != nil {
		log.Fatal(err)
	}
	body, err := compiler.Body(templates.BodySource{Text: &templates.Source{File: "body.txt", Text: "Hello"}})
	if err != nil {
		log.Fatal(err)
	}
	renderer, err := render.New(render.Config{
		Campaign: "news-1", Secret: []byte("not a secret"), From: from, Subject: subject, Body: body,
	})
	if err != nil {
		log.Fatal(err)
	}
	to, err := address.Parse("ann@acme.example")
	if err != nil {
		log.Fatal(err)
	}
	_, err = renderer.Render(render.Recipient{
		Address: to, Key: to.Key(),
		Data: templates.Data{Text: map[string]string{"name": "Ann\nBcc: eve@evil.example"}},
	}, time.Now())
	fmt.Println(err)
	// Output:
	// header Subject: line feed (U+000A) at character 8 (it is in column "name")
}
