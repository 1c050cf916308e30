package message

import (
	"testing"

	"mailshot/templates"
)

// A text part that says something else is named, also where its greeting and its foot are those of the HTML. One that
// says less, or has links for words, is not.
func TestTextUnlikeHTML(t *testing.T) {
	t.Parallel()
	const html = `<html><body><h1>The spring programme</h1><p>Hello {{.first}},</p>
<p>our club meets again in {{.city}}, and there is a lot to see: tulips, a new greenhouse and a talk about roses.</p>
<p><a href="https://garden.example/programme">Read the programme of this spring</a></p>
<p>Garden Club, 4 Mill Road, 20095 Hamburg</p><p><a href="{{.mailshot.unsubscribe_url}}">Unsubscribe</a></p></body></html>`
	const foot = "\n\nGarden Club, 4 Mill Road, 20095 Hamburg\nUnsubscribe: {{.mailshot.unsubscribe_url}}\n"
	for _, test := range []struct {
		name, html, text, layout string
		want                     int
	}{
		{"another parcel", html, "Hello {{.first}},\n\nyour parcel with the winter boots has left our warehouse on Monday, " +
			"and will be with you by Thursday at noon." + foot, "", 1},
		{"the same", html,
			"Hello {{.first}},\n\nour club meets again in {{.city}}, and there is a lot to see: tulips, a new " +
				"greenhouse and a talk about roses.\n\nThe programme:\nhttps://garden.example/programme/spring/complete/edition" +
				foot, "", 0},
		{"less", html,
			"Hello {{.first}},\n\nour club meets again in {{.city}}. See what there is this spring, and read the " +
				"programme at https://garden.example/programme" + foot, "", 0},
		{"what is included is not known", `{{template "head.html" .}}` + html,
			"Hello {{.first}},\n\nyour parcel with the winter " +
				"boots has left our warehouse on Monday, and will be with you by Thursday at noon." + foot, "", 0},
		{"nor what a layout of one's own says", html, "Hello {{.first}},\n\nyour parcel with the winter " +
			"boots has left our warehouse on Monday, and will be with you by Thursday at noon." + foot, "own.html", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var s sources
			s.compare(templates.BodySource{HTML: &templates.Source{File: "body.html", Line: 1, Column: 1, Text: test.html},
				Text: &templates.Source{File: "body.txt", Line: 1, Column: 1, Text: test.text}, Layout: test.layout})
			if len(s.found) != test.want || test.want > 0 && s.found[0].Place != "body.txt:1:1" {
				t.Errorf("%v", s.found)
			}
		})
	}
}
