package layouts_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	xhtml "golang.org/x/net/html"

	"mailshot/templates"
)

var update = flag.Bool("update", false, "rewrite the structures of the samples")

const samplesFolder = "../../docs/layouts"

// The pictures of docs/layouts.md are of messages of this structure: each element with what lays it out, and its text.
// Their pixels are not compared, because they hang on the fonts of a machine. When a structure changes, draw the
// pictures anew (go run generate.go in docs/layouts). Each picture is there, and small. Proven by leaving the mirrored
// side out of the layouts' cells.
func TestPictures(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(filepath.Join(samplesFolder, "samples.json"))
	if err != nil {
		t.Fatal(err)
	}
	var samples []struct {
		Name, Layout, Language, Subject, Accent, Sender, Preheader, Postal, Unsubscribe string
	}
	if err := json.Unmarshal(data, &samples); err != nil {
		t.Fatal(err)
	}
	if len(samples) != 2*len(templates.Layouts()) {
		t.Errorf("%d samples", len(samples))
	}
	text := func(s string) *templates.Source {
		if s == "" {
			return nil
		}
		return &templates.Source{File: "sample", Text: s}
	}
	var total int64
	for _, s := range samples {
		content, err := os.ReadFile(filepath.Join(samplesFolder, s.Name+".md"))
		if err != nil {
			t.Fatal(err)
		}
		body, err := templates.New(templates.Config{Language: s.Language}).Body(templates.BodySource{
			Markdown: text(string(content)), Layout: s.Layout, Subject: text(s.Subject),
			Look: templates.Look{Accent: s.Accent, Sender: text(s.Sender), Preheader: text(s.Preheader),
				Postal: text(s.Postal), Unsubscribe: text(s.Unsubscribe)},
		})
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		row := templates.Data{Text: map[string]string{"name": "Ann Lee", "token": "k3x7"}}
		if err := body.HTML.Execute(&b, row); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join("testdata", s.Name+".txt")
		got := structure(t, b.String())
		if *update {
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if got != strings.ReplaceAll(string(want), "\r\n", "\n") {
			t.Errorf("%s has another structure (go test -update rewrites it; draw the pictures anew):\n%s", s.Name, got)
		}
		for _, mode := range []string{"light", "dark", "forced"} {
			for _, width := range []int{375, 700} {
				total += small(t, fmt.Sprintf("%s.%s.%d.png", s.Name, mode, width), width)
			}
		}
	}
	if total > 3<<20 {
		t.Errorf("the pictures have %d bytes", total)
	}
}

// small checks a picture, and returns its size.
func small(t *testing.T, name string, width int) int64 {
	t.Helper()
	f, err := os.Open(filepath.Join(samplesFolder, name))
	if err != nil {
		t.Error(err)
		return 0
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	c, err := png.DecodeConfig(f)
	if err != nil || c.Width != width || c.Height < 300 || info.Size() > 60_000 {
		t.Errorf("%s: %d x %d, %d bytes, %v", name, c.Width, c.Height, info.Size(), err)
	}
	return info.Size()
}

// laysOut are the parts of a style that decide where something stands.
var laysOut = []string{"width", "max-width", "padding", "padding-left", "padding-right", "text-align", "direction",
	"display",
	"table-layout", "list-style-type", "border-left", "border-right"}

// structure writes the elements of a document's body, each with what lays it out.
func structure(t *testing.T, doc string) string {
	t.Helper()
	root, err := xhtml.Parse(strings.NewReader(doc))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	var write func(n *xhtml.Node, depth int)
	write = func(n *xhtml.Node, depth int) {
		indent := strings.Repeat("  ", depth)
		switch {
		case n.Type == xhtml.TextNode && strings.TrimSpace(n.Data) != "":
			fmt.Fprintf(&b, "%s%q\n", indent, strings.Join(strings.Fields(n.Data), " "))
		case n.Type == xhtml.ElementNode:
			b.WriteString(indent + n.Data)
			for _, a := range n.Attr {
				switch a.Key {
				case "style":
					for d := range strings.SplitSeq(a.Val, ";") {
						name, value, _ := strings.Cut(d, ":")
						for _, want := range laysOut {
							if strings.TrimSpace(name) == want {
								fmt.Fprintf(&b, " %s:%s", want, strings.TrimSpace(value))
							}
						}
					}
				case "dir", "align", "width", "role", "class", "href", "lang":
					fmt.Fprintf(&b, " %s=%s", a.Key, a.Val)
				}
			}
			b.WriteString("\n")
			for c := n.FirstChild; c != nil; c = c.NextSibling {
				write(c, depth+1)
			}
		}
	}
	for n := range root.Descendants() {
		if n.Type == xhtml.ElementNode && n.Data == "body" {
			write(n, 0)
		}
	}
	return b.String()
}
