package message_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mailshot/campaign/definition"
	"mailshot/campaign/message"
	"mailshot/campaign/recipients"
)

// letters are campaigns of one size: about 8 KB of HTML, 2 KB of text, and twenty columns that they print.
var letters = map[string]map[string]string{
	"html": {"campaign.yaml": letterFile + "body: { html: body.html, text: body.txt }\n",
		"body.html": letterHTML(false), "body.txt": letterText(false)},
	"conditions": {"campaign.yaml": letterFile + "body: { html: body.html, text: body.txt }\n",
		"body.html": letterHTML(true), "body.txt": letterText(true)},
	"markdown": {"campaign.yaml": letterFile + "body: { markdown: body.md, layout: letter }\n",
		"body.md": "# Dear {{.c1}},\n\n" + strings.ReplaceAll(letterText(false), "\n", "\n\n")},
}

const letterFile = `id: bench
from: Sender <sender@example.org>
reply_to: answers@example.org
subject: "{{.c1}}, the news of this month"
headers:
  List-Unsubscribe: "<https://example.org/u/{{.mailshot.token}}>"
  List-Unsubscribe-Post: List-Unsubscribe=One-Click
  X-Campaign: news
recipients: { file: people.csv }
`

// sentence is about eighty letters of an ordinary text.
const sentence = "We have set the date for the next meeting, and would be glad if you could come by, as "

func letterHTML(conditions bool) string {
	var b strings.Builder
	b.WriteString("<!doctype html>\n<html><head><title>News</title></head><body>\n")
	for i := range 20 {
		if conditions && i%4 == 0 {
			fmt.Fprintf(&b, "{{if .c%d}}<p>Something for {{.c%d}}.</p>{{else}}<p>Nothing here.</p>{{end}}\n", i+1, i+1)
		}
		fmt.Fprintf(&b,
			`<p style="margin:0 0 16px;color:#333333">%s%s{{.c%d}}. <a href="https://example.org/%d?for={{.c2}}">`+
				"More of it</a></p>\n", sentence, sentence, i+1, i)
		b.WriteString("<table role=\"presentation\"><tr><td>&nbsp;</td></tr></table>\n")
	}
	return b.String() + "</body></html>\n"
}

func letterText(conditions bool) string {
	var b strings.Builder
	for i := range 20 {
		if conditions && i%4 == 0 {
			fmt.Fprintf(&b, "{{if .c%d}}For {{.c%d}}.\n{{end}}", i+1, i+1)
		}
		fmt.Fprintf(&b, "%s{{.c%d}}.\n", sentence, i+1)
	}
	return b.String()
}

// letterList is a list of n people.
func letterList(n int) string {
	var b strings.Builder
	b.WriteString("email,name")
	for i := range 20 {
		fmt.Fprintf(&b, ",c%d", i+1)
	}
	for i := range n {
		fmt.Fprintf(&b, "\nperson%d@example.com,Ann Lee %d", i, i)
		for k := range 20 {
			fmt.Fprintf(&b, ",cell %d & %d", i, k)
		}
	}
	return b.String() + "\n"
}

// openLetter opens a letter's campaign and reads its list of n rows.
func openLetter(tb testing.TB, name string, n int) (*message.Maker, []*recipients.Row) {
	tb.Helper()
	dir := tb.TempDir()
	for file, text := range letters[name] {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
			tb.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "people.csv"), []byte(letterList(n)), 0o600); err != nil {
		tb.Fatal(err)
	}
	d, err := definition.Load(filepath.Join(dir, "campaign.yaml"))
	if err != nil {
		tb.Fatal(err)
	}
	list, err := recipients.Open(recipients.Config{File: "people.csv", Dir: dir})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { list.Close() })
	root, err := os.OpenRoot(dir)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { root.Close() })
	var rows []*recipients.Row
	for row, err := range list.Rows(tb.Context()) {
		if err != nil {
			tb.Fatal(err)
		}
		rows = append(rows, row)
	}
	maker, err := message.New(message.Config{
		Definition: d, Header: list.Header(), Root: root, ID: "bench", Secret: []byte("secret"),
	})
	if err != nil {
		tb.Fatal(err)
	}
	return maker, rows
}

// BenchmarkPlan makes, checks, counts and sums up a message as a plan does.
func BenchmarkPlan(b *testing.B) {
	for name := range letters {
		b.Run(name, func(b *testing.B) {
			maker, rows := openLetter(b, name, 1000)
			count := maker.Count()
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				row := rows[i%len(rows)]
				made := maker.Make(row, date)
				if made.Err != nil {
					b.Fatal(made.Err)
				}
				count.Add(row.Place, made.Content)
				maker.Check(made)
				made.Message.Digest()
				row.Encode()
				made.Message.Release()
			}
		})
	}
}

// BenchmarkAgain makes a planned message once more, as a send does.
func BenchmarkAgain(b *testing.B) {
	for name := range letters {
		b.Run(name, func(b *testing.B) {
			maker, rows := openLetter(b, name, 1000)
			plan := make([]message.Planned, len(rows))
			for i, row := range rows {
				digest := maker.Make(row, date).Message.Digest()
				plan[i] = message.Planned{Place: row.Place, Number: row.Number, Fields: row.Encode(), Digest: digest[:]}
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				msg, err := maker.Again(plan[i%len(plan)], date)
				if err != nil {
					b.Fatal(err)
				}
				msg.Release()
			}
		})
	}
}
