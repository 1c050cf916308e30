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
