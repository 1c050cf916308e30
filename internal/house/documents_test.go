package house

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Each test that docs/delivery.md names exists, with the row that it names.
func TestDeliveryNamesTests(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..")
	page, err := os.ReadFile(filepath.Join(root, "docs", "delivery.md"))
	if err != nil {
		t.Fatal(err)
	}
	sources := map[string]string{} // by folder
	source := func(folder string) string {
		if _, ok := sources[folder]; !ok {
			files, _ := filepath.Glob(filepath.Join(root, filepath.FromSlash(folder), "*_test.go"))
			var b strings.Builder
			for _, name := range files {
				text, err := os.ReadFile(name)
				if err != nil {
					t.Fatal(err)
				}
				b.Write(text)
			}
			sources[folder] = b.String()
		}
		return sources[folder]
	}
	named := regexp.MustCompile("`([a-z0-9/]+) (Test[A-Za-z0-9]+)`(?: \"([^\"]+)\")?").FindAllStringSubmatch(string(page),
		-1)
	if len(named) < 50 {
		t.Errorf("%d tests are named", len(named))
	}
	for _, n := range named {
		folder, test, row := n[1], n[2], n[3]
		if !strings.Contains(source(folder), "\nfunc "+test+"(") {
			t.Errorf("%s has no %s", folder, test)
		}
		if row != "" && !strings.Contains(source(folder), `"`+row+`"`) {
			t.Errorf("%s: %s has no row %q", folder, test, row)
		}
	}
}

// Every relative link of a document leads to a file, and the function that it names in code letters is in that file.
func TestDocumentLinks(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..")
	documents, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"README.md", "CONTRIBUTING.md", "CHANGELOG.md"} {
		documents = append(documents, filepath.Join(root, name))
	}
	links := regexp.MustCompile("\\[(`?)([^]`]+)`?\\]\\(([^)#:]+)(?:#[^)]*)?\\)")
	n := 0
	for _, document := range documents {
		page, err := os.ReadFile(document)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range links.FindAllStringSubmatch(string(page), -1) {
			n++
			target := filepath.Join(filepath.Dir(document), filepath.FromSlash(m[3]))
			source, err := os.ReadFile(target)
			if info, e := os.Stat(target); e == nil && info.IsDir() {
				continue
			}
			if err != nil {
				t.Errorf("%s links to %s: %v", filepath.Base(document), m[3], err)
				continue
			}
			words := strings.Split(m[2], ".")
			name := words[len(words)-1]
			if m[1] == "" || !strings.HasSuffix(target, ".go") || name == "go" {
				continue
			}
			if !regexp.MustCompile(`(?m)^(func|type) (\([^)]*\) )?` + regexp.QuoteMeta(name) + `\b`).Match(source) {
				t.Errorf("%s: %s has no %s", filepath.Base(document), m[3], name)
			}
		}
	}
	if n < 30 {
		t.Errorf("%d links: the test looks at nothing", n)
	}
}
