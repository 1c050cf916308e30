package inline_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"mailshot/templates/inline"
	"mailshot/templates/markup"
	"mailshot/templates/source"
)

var update = flag.Bool("update", false, "write the expected documents anew")

// set parses HTML templates, as package templates does.
func set(t testing.TB, texts map[string]string) map[string]inline.Template {
	t.Helper()
	all := map[string]inline.Template{}
	for name, text := range texts {
		form, err := markup.Text(source.New(name, 0, 0, text))
		if err == nil {
			form, err = markup.Conditionals(form)
		}
		if err != nil {
			t.Skip(err)
		}
		trees, err := form.Parse("u")
		if err != nil {
			t.Skip(err)
		}
		for n, tree := range trees {
			if n == "u" {
				n = name
			}
			all[n] = inline.Template{Form: form, Tree: tree}
		}
	}
	return all
}

// inlined returns the texts with their styles inlined.
func inlined(t testing.TB, entry string, texts map[string]string) map[string]string {
	t.Helper()
	all := set(t, texts)
	forms := inline.Styles(entry, all)
	made := map[string]string{}
	for _, part := range all {
		name := part.Form.Source.File
		made[name] = part.Form.Text
		if f := forms[part.Form]; f != nil {
			made[name] = f.Text
		}
	}
	return made
}

// What becomes of small documents. Each file of testdata is an archive: the templates, then the same as they are
// inlined. "layout.html" is executed where it is there, else "body.html".
func TestInline(t *testing.T) {
	t.Parallel()
	files, _ := filepath.Glob("testdata/*.txtar")
	if len(files) < 10 {
		t.Fatalf("%d files", len(files))
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			a, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			texts, want, entry := map[string]string{}, map[string]string{}, "body.html"
			for _, f := range a.Files {
				if name, ok := strings.CutPrefix(f.Name, "want/"); ok {
					want[name] = string(f.Data)
				} else if texts[f.Name] = string(f.Data); f.Name == "layout.html" {
					entry = f.Name
				}
			}
			got := inlined(t, entry, texts)
			if *update {
				out := &txtar.Archive{Comment: a.Comment}
				for _, prefix := range []string{"", "want/"} {
					for _, f := range a.Files {
						if text, ok := got[f.Name]; ok && prefix != "" {
							out.Files = append(out.Files, txtar.File{Name: prefix + f.Name, Data: []byte(text)})
						} else if ok {
							out.Files = append(out.Files, f)
						}
					}
				}
				if err := os.WriteFile(file, txtar.Format(out), 0o666); err != nil {
					t.Fatal(err)
				}
				return
			}
			for name, text := range got {
				if text != want[name] {
					t.Errorf("%s: got\n%s\nwant\n%s", name, text, want[name])
				}
			}
		})
	}
}
