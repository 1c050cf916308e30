package render_test

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	"mailshot/render"
	"mailshot/render/address"
	"mailshot/render/several"
	"mailshot/templates"
	"mailshot/templates/source"
)

// Files that a cell names or a pattern finds are looked at as one file is: none leads out of the folder. Seen to fail
// without the check of each path in job.several.
func TestSeveralAreLookedAt(t *testing.T) {
	t.Parallel()
	dir, outside := t.TempDir(), t.TempDir()
	for name, content := range map[string]string{
		dir + "/in/7-a.txt": "a", dir + "/in/7-b.txt": "b", dir + "/in/8-empty.txt": "", outside + "/secret.txt": "secret",
	} {
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "in", "10-dir.txt"), 0o700); err != nil {
		t.Fatal(err)
	}
	linked := os.Symlink(filepath.Join(outside, "secret.txt"), filepath.Join(dir, "in", "9-out.txt")) == nil
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	for _, c := range []struct{ pattern, split, cell, want string }{
		{"in/{{.c}}-*.txt", "", "7", "7-a.txt 7-b.txt"},
		{"in/{{.c}}-*.txt", "", "8", "!empty-file"},
		{"in/{{.c}}-*.txt", "", "9", "!path-escapes"},
		{"in/{{.c}}-*.txt", "", "10", "!not-a-file"},
		{"in/{{.c}}.txt", ";", "7-b;7-a", "7-b.txt 7-a.txt"},
		{"in/{{.c}}.txt", ";", "7-b;../in/7-a", "!path-escapes"},
		{"{{.c}}", ";", "in/7-b.txt;/etc/passwd", "!path-escapes"},
		{"{{.c}}", ";", "in/7-b.txt;in/9-out.txt", "!path-escapes"},
		{"{{.c}}", ";", "in/7-b.txt;in/.x", "!bad-path"},
		{"{{.c}}", ";", "in/7-b.txt;in/gone.txt", "!missing-file"},
	} {
		if c.want == "!path-escapes" && !linked && runtime.GOOS == "windows" {
			continue
		}
		mark := source.NewMark()
		compiler := templates.New(templates.Config{})
		line := func(text string, mark source.Mark) *templates.Text {
			l, err := compiler.Line("line", templates.Source{File: "campaign.yaml", Line: 1, Column: 1, Text: text, Mark: mark})
			if err != nil {
				t.Fatal(err)
			}
			return l
		}
		body, err := compiler.Body(templates.BodySource{Text: &templates.Source{File: "b.txt", Text: "Hello\n"}})
		if err != nil {
			t.Fatal(err)
		}
		r, err := render.New(render.Config{
			Campaign: "test", Secret: []byte("secret"), From: line("a@example.com", source.Mark{}),
			Subject: line("News", source.Mark{}), Body: body, Root: root,
			Attachments: []render.Attachment{{Place: "campaign.yaml:9:5",
				Files: &several.Choice{Text: line(c.pattern, mark), Mark: mark, Separator: c.split, Min: 1, Max: 9}}},
		})
		if err != nil {
			t.Fatal(err)
		}
		to, _ := address.Parse("ann@example.com")
		m, err := r.Render(render.Recipient{Address: to, Key: "ann@example.com", Data: templates.Data{
			Text: map[string]string{"c": c.cell}, Values: map[string]any{"c": c.cell}}}, time.Unix(0, 0))
		got := ""
		if err != nil {
			f, _ := err.(interface{ Unwrap() []error })
			fault, is := f.Unwrap()[0].(*render.Fault)
			if !is || fault.Place != "campaign.yaml:9:5" {
				t.Fatal(err)
			}
			got = "!" + fault.Code
		} else {
			var names []string
			for _, p := range m.Parts()[1:] {
				names = append(names, p.Name)
			}
			if got = names[0]; len(names) > 1 {
				got += " " + names[1]
			}
			if c.split == "" && len(m.Matches()) != len(names) || c.split == ";" && len(m.Matches()) != 0 ||
				!slices.Equal(names, slices.Compact(slices.Clone(names))) {
				t.Errorf("%v: %v", names, m.Matches())
			}
		}
		if got != c.want {
			t.Errorf("%s with %q: %s, want %s", c.pattern, c.cell, got, c.want)
		}
	}
}
