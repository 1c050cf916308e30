package templates_test

import (
	"context"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mailshot/campaign/definition"
	"mailshot/campaign/recipients"
	"mailshot/templates"
)

// starters are all starters in all languages, as "notice.fa".
func starters(t *testing.T) (names []string) {
	t.Helper()
	for _, language := range templates.StarterLanguages() {
		for _, kind := range templates.Starters() {
			names = append(names, kind+"."+language)
		}
	}
	if len(names) < 9 {
		t.Fatal(names)
	}
	return names
}

// Each starter is written to a folder and read as a campaign, and every template is executed for every row.
func TestStarters(t *testing.T) {
	t.Parallel()
	for _, name := range starters(t) {
		kind, language, _ := strings.Cut(name, ".")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files, err := templates.StarterIn(kind, language)
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			if err := os.CopyFS(dir, files); err != nil {
				t.Fatal(err)
			}
			d, err := definition.Load(filepath.Join(dir, "campaign.yaml"))
			if err != nil {
				t.Fatal(err)
			}
			columns := map[string]recipients.Type{}
			for name, typ := range d.Recipients.Columns {
				columns[name] = recipients.Type(typ)
			}
			list, err := recipients.Open(recipients.Config{File: d.Recipients.File, Dir: dir, Address: d.Recipients.Address,
				Name: d.Recipients.Name, Key: d.Recipients.Key, Columns: columns, Where: d.Recipients.Where.Text})
			if err != nil {
				t.Fatal(err)
			}
			defer list.Close()
			var names []string
			for _, c := range list.Header().Columns {
				names = append(names, c.Name)
			}
			root, err := os.OpenRoot(dir)
			if err != nil {
				t.Fatal(err)
			}
			defer root.Close()
			compiler := templates.New(templates.Config{FS: root.FS(), Columns: names, Language: d.Body.Language,
				Direction: d.Body.Direction})
			source := func(x definition.Text) templates.Source {
				return templates.Source{File: "campaign.yaml", Line: x.Line, Column: x.Column, Text: x.Text}
			}
			var lines []*templates.Text
			all := []definition.Text{d.From, d.ReplyTo, d.Subject}
			for _, h := range d.Headers {
				all = append(all, h.Value)
			}
			for _, a := range d.Attachments {
				all = append(all, a.File, a.Name)
			}
			for _, x := range all {
				line, err := compiler.Line("line", source(x))
				if err != nil {
					t.Fatal(err)
				}
				lines = append(lines, line)
			}
			file := func(x definition.Text) *templates.Source {
				if x.Text == "" {
					return nil
				}
				b, err := fs.ReadFile(files, x.Text)
				if err != nil {
					t.Fatal(err)
				}
				return &templates.Source{File: x.Text, Text: string(b)}
			}
			subject := source(d.Subject)
			body, err := compiler.Body(templates.BodySource{Markdown: file(d.Body.Markdown), HTML: file(d.Body.HTML),
				Text:   file(d.Body.Text),
				Layout: d.Body.Layout.Text, Subject: &subject})
			if err != nil {
				t.Fatal(err)
			}
			rows := 0
			for row, err := range list.Rows(context.Background()) {
				if err != nil || row.Invalid != "" || len(row.Faults) > 0 {
					t.Fatal(err, row.Invalid, row.Faults)
				}
				rows++
				data := templates.Data{Values: row.Values(), Text: row.Text(), Mailshot: templates.Mailshot{Token: "t"}}
				for _, x := range lines {
					if err := x.Execute(io.Discard, data); err != nil {
						t.Error(err)
					}
				}
				var text strings.Builder
				if err := body.Text.Execute(&text, data); err != nil || strings.Contains(text.String(), "{{") || text.Len() < 100 {
					t.Errorf("%v\n%s", err, text.String())
				}
				t.Log("\n" + text.String())
				if body.HTML != nil {
					if err := body.HTML.Execute(io.Discard, data); err != nil {
						t.Error(err)
					}
				}
			}
			if rows < 3 {
				t.Errorf("%d rows", rows)
			}
		})
	}
}
