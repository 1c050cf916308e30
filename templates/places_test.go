package templates_test

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"mailshot/templates"
)

// What is known of rows of one shape is what each of them shows by itself: a compiler that has seen all rows says of
// each what one that sees it alone says. Seen to fail with the path left out of the shape, with the cells left out, and
// with Odd always false.
func TestSeenByShape(t *testing.T) {
	t.Parallel()
	for _, more := range []string{"", `{{range split ";" .items}}<a href="{{.}}">y</a>{{end}}`} {
		seenByShape(t, more)
	}
}

func seenByShape(t *testing.T, more string) {
	source := templates.BodySource{HTML: &templates.Source{File: "b.html", Text: strings.Join([]string{
		more,
		`<p>Dear {{.name}},</p>{{if eq .city "Bonn"}}<a href="{{.url}}">x</a>{{else}}<img src="https://{{.host}}/a">{{end}}`,
		`{{with .note}}<p>{{.}}: {{$.city}}.</p>{{end}}{{range split ";" .items}}<i>{{.}}</i>{{end}}`,
		`<a href="{{if .url}}{{.url}}{{else}}https://{{.host}}{{end}}">z</a> {{.mailshot.name}} ({{.note | upper}})`,
	}, "\n")}}
	seen := func(body *templates.Body, cells map[string]string) string {
		d := templates.Data{Text: cells, Mailshot: templates.Mailshot{Name: cells["name"]}, Seen: &templates.Seen{}}
		if err := body.HTML.Execute(io.Discard, d); err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		d.Seen.Each(func(place int, empty bool) { fmt.Fprint(&b, place, empty, " ") })
		return b.String()
	}
	compile := func() *templates.Body {
		body, err := templates.New(templates.Config{}).Body(source)
		if err != nil {
			t.Fatal(err)
		}
		return body
	}
	shared := compile()
	all := map[string][]string{
		"name": {"Ann", ""}, "city": {"Bonn", "Köln", " "}, "note": {"", "n"}, "items": {"a", "", "a;b", "https:/c"},
		"url": {"https://example.com", "", "https:/example.com", "mailto:"}, "host": {"example.com", "", ".example.com",
			"https://x"},
	}
	var rows []map[string]string
	names := []string{"name", "city", "note", "items", "url", "host"}
	var fill func(i int, row map[string]string)
	fill = func(i int, row map[string]string) {
		if i == len(names) {
			r := map[string]string{}
			for k, v := range row {
				r[k] = v
			}
			rows = append(rows, r)
			return
		}
		for _, v := range all[names[i]] {
			row[names[i]] = v
			fill(i+1, row)
		}
	}
	fill(0, map[string]string{})
	slices.Reverse(rows)
	distinct := map[string]bool{}
	for i, row := range rows {
		got := seen(shared, row)
		if i%23 != 0 {
			continue // to compile for each row takes long
		}
		want := seen(compile(), row)
		distinct[want] = true
		if got != want {
			t.Fatalf("%v:\n got %s\nwant %s", row, got, want)
		}
	}
	if len(distinct) < 20 {
		t.Errorf("only %d different answers", len(distinct))
	}
}

// A body's places are those of its sources, once each, whatever is derived from them.
func TestPlacesOfABody(t *testing.T) {
	t.Parallel()
	c := templates.New(templates.Config{})
	if _, err := c.Body(templates.BodySource{
		Markdown: &templates.Source{File: "b.md", Text: "Dear {{.name}},\n\n[x]({{.url}}) and <{{.mail}}>\n"},
		Subject:  &templates.Source{File: "c.yaml", Line: 3, Column: 10, Text: "News for {{.name}}"},
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Line("subject", templates.Source{File: "c.yaml", Line: 3, Column: 10,
		Text: "News for {{.name}}"}); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range c.Places() {
		got = append(got, fmt.Sprintf("%s %s %v", p.Code, p.Place(), p.Optional))
	}
	slices.Sort(got)
	want := []string{
		"broken-link b.md:3:22 false", "broken-link b.md:3:5 false",
		"empty-link b.md:3:22 false", "empty-link b.md:3:5 false",
		"empty-value b.md:1:8 false", "empty-value b.md:3:22 true", "empty-value c.yaml:3:21 false",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}
