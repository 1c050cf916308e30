// Command messages makes two messages and sends none.
package main

import (
	"log"
	"os"
	"time"

	"mailshot/render"
	"mailshot/render/address"
	"mailshot/templates"
)

func main() {
	compiler := templates.New(templates.Config{Columns: []string{"name"}})
	from, err := compiler.Line("from", templates.Source{Text: "News <news@acme.example>"})
	if err != nil {
		log.Fatal(err)
	}
	subject, err := compiler.Line("subject", templates.Source{Text: "Hello {{.name}}"})
	if err != nil {
		log.Fatal(err)
	}
	body, err := compiler.Body(templates.BodySource{Markdown: &templates.Source{Text: "Dear **{{.name}}**, all is well."}})
	if err != nil {
		log.Fatal(err)
	}
	renderer, err := render.New(render.Config{
		Campaign: "hello", Secret: []byte("32 bytes that nobody else knows!"),
		From: from, Subject: subject, Body: body,
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, name := range []string{"Ann", "Bob"} {
		to, err := address.Parse(name + "@example.com")
		if err != nil {
			log.Fatal(err)
		}
		data := templates.Data{Values: map[string]any{"name": name}, Text: map[string]string{"name": name}}
		message, err := renderer.Render(render.Recipient{Address: to, Key: to.String(), Data: data}, time.Now())
		if err != nil {
			log.Fatal(err)
		}
		if _, err := message.WriteTo(os.Stdout); err != nil {
			log.Fatal(err)
		}
	}
}
