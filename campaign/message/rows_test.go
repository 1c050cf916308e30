package message_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"mailshot/campaign/message"
	"mailshot/campaign/recipients"
	"mailshot/internal/parsers"
)

// Whatever a cell of a row of the group has, the message has no more of it than of "x": the same header fields and
// parts, the same elements and attributes, and no file but the one that the row names. Or there is no message.
//
// Proven with the cells of .rows as template.HTML, made by the engine (function.rowsOf): their elements were in the
// HTML. And with a path that is not looked at (job.path): a message had a file of another folder.
func TestHostileRows(t *testing.T) {
	t.Parallel()
	const head = "id: test\nfrom: Sender <sender@example.org>\nrecipients: { file: people.csv, group: email }\n"
	const plain = "subject: News\nbody: { text: body.txt }\n"
	for name, text := range map[string]string{
		"subject": "subject: \"{{range .rows}}[{{.file}}]{{end}}\"\nbody: { text: body.txt }\n",
		"HTML":    "subject: News\nbody: { html: body.html }\n",
		"text":    strings.Replace(plain, "body.txt", "rows.txt", 1),
		"path":    plain + "attachments: [ { file: \"files/{{.file}}.txt\" } ]\n",
		"name":    plain + "attachments: [ { file: bill.txt, name: \"{{.file}}.txt\" } ]\n",
		"pattern": plain + "attachments: [ { pattern: \"files/{{.file}}-*.txt\" } ]\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := folder(t, "email,name,amount,file\na@example.com,Ann,1,x\na@example.com,Ann,1,x\n")
			write(t, dir, "campaign.yaml", head+text)
			write(t, dir, "body.txt", "Hello\n")
			write(t, dir, "rows.txt", "Rows:\n{{range .rows}}({{.file}})\n{{end}}The end.\n")
			write(t, dir, "body.html", "<p title=\"{{range .rows}}{{.file}}{{end}}\">{{range .rows}}<b>{{.file}}</b>"+
				"<a href=\"https://example.com/?q={{.file}}\">more</a>{{end}}</p>\n")
			write(t, dir, "secret.txt", "secret")
			if err := os.Mkdir(filepath.Join(dir, "files"), 0o700); err != nil {
				t.Fatal(err)
			}
			write(t, dir, "files/x.txt", "of x")
			write(t, dir, "files/x-1.txt", "of x too")
			write(t, dir, "secret-1.txt", "secret")
			m, rows, err := open(t, dir, func(c *message.Config) { h := *c.Header; h.Grouped = true; c.Header = &h })
			if err != nil {
				t.Fatal(err)
			}
			with := func(cell string) (is parsers.Message, tags []string, err error) {
				first, second := *rows[0], *rows[1]
				second.Fields = slices.Clone(second.Fields)
				second.Fields[3] = cell
				first.Group = []*recipients.Row{&first, &second}
				made := m.Make(&first, date)
				if made.Err != nil {
					return is, nil, made.Err
				}
				defer made.Message.Release()
				var b bytes.Buffer
				if _, err := made.Message.WriteTo(&b); err != nil {
					t.Fatal(err)
				}
				if is, err = parsers.GoMessage(b.Bytes()); err != nil {
					t.Fatalf("%q: %v\n%s", cell, err, b.String())
				}
				return is, tagsOf(t, is), nil
			}
			was, tags, err := with("x")
			if err != nil {
				t.Fatal(err)
			}
			gone := 0
			cells := hostileCells(t)
			for _, cell := range cells {
				is, now, err := with(cell)
				if err != nil {
					gone++
					continue
				}
				named := name == "name" // a file under another name is another attachment
				if !slices.Equal(is.Names, was.Names) || !slices.Equal(now, tags) || len(is.Parts) != len(was.Parts) && !named ||
					len(is.Parts) > 3 {
					t.Errorf("%q: fields %q, elements %q, %d parts; want %q, %q, %d", cell, is.Names, now, len(is.Parts), was.Names,
						tags, len(was.Parts))
				}
				for _, p := range is.Parts {
					if p.Name != "" && string(p.Content) == "secret" {
						t.Errorf("%q: %q has %q", cell, p.Name, p.Content)
					}
				}
				text := string(is.Parts[0].Content)
				if name == "subject" && is.Subject != "[x]["+cell+"]" ||
					name == "text" && (!strings.HasPrefix(text, "Rows:\r\n(x)\r\n(") ||
						!strings.HasSuffix(text, ")\r\nThe end.\r\n")) {
					t.Errorf("%q: %q, %q", cell, is.Subject, text)
				}
			}
			t.Logf("%d of %d are refused", gone, len(cells))
		})
	}
}

// tagsOf are the elements of the message's HTML, each with the names of its attributes.
func tagsOf(t *testing.T, m parsers.Message) (tags []string) {
	t.Helper()
	for _, p := range m.Parts {
		if p.Type != "text/html" {
			continue
		}
		root, err := html.Parse(bytes.NewReader(p.Content))
		if err != nil {
			t.Fatal(err)
		}
		for n := range root.Descendants() {
			switch n.Type {
			case html.ElementNode:
				tag := n.Data
				for _, a := range n.Attr {
					tag += " " + a.Key
				}
				tags = append(tags, tag)
			case html.CommentNode:
				tags = append(tags, "a comment")
			}
		}
	}
	return tags
}

// hostileCells are cells that mean something to what a message goes through, and the list of naughty strings.
func hostileCells(t *testing.T) (cells []string) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "corpora", "strings", "blns.json"))
	if err != nil {
		t.Logf("without the list of naughty strings: %v", err)
	} else if err := json.Unmarshal(b, &cells); err != nil || len(cells) < 400 {
		t.Fatal(len(cells), err)
	}
	for c := rune(0); c <= 0xa0; c++ {
		if c < ' ' || c >= 0x7f {
			cells = append(cells, string(c), "a"+string(c)+"Bcc: eve@example.com",
				"a"+string(c)+".\r\nMAIL FROM:<eve@example.com>")
		}
	}
	return append(cells, "\r\nBcc: eve@example.com\r\n\r\nX", "\u2028", "\xff", "\u202ex", "<b>",
		"</p><script>alert(1)</script>",
		"\"><img src=x onerror=alert(1)>", "\" onclick=\"x", "<!-- ", "{{.name}}", "{{range .rows}}", "javascript:alert(1)",
		"../secret", "..", "../", "/etc/passwd", "/etc/passwd\x00", "x/../../secret", "*", "?", "[x]", "../*", "x\x00",
		`..\secret`)
}
