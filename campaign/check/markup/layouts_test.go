package markup

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mailshot/campaign/check/clients"
	"mailshot/templates/source"
)

// The layouts use nothing that is lost in a mail program. What some program does not show is here, with what its reader
// sees. Seen to fail with a layout that had display:grid, and with one reason left out.
func TestLayoutsDegrade(t *testing.T) {
	t.Parallel()
	graceful := map[string]string{
		"css-at-media":                      "the sizes of a desk, and the colours of a light screen",
		"css-at-media-prefers-color-scheme": "the light colours, or those that the program makes of them",
		"css-border-radius":                 "square corners",
		"css-color-scheme":                  "the light colours, or those that the program makes of them",
		"css-height":                        "an image in the height of its attribute, or in its own",
		"css-hyphens":                       "words that are not divided",
		"css-min-width":                     "a column as wide as its text",
		"css-overflow-wrap":                 "a long word that is divided by word-break, or not at all",
		"css-selector-attribute":            "the rule is for Outlook on the web alone",
		"css-table-layout":                  "columns as wide as their texts",
		"css-white-space":                   "code whose lines run on; Outlook keeps those of <pre>",
		"css-word-break":                    "a long word that is divided by overflow-wrap, or not at all",
	}
	files, _ := filepath.Glob("../../../templates/testdata/*.html")
	if len(files) != 8 {
		t.Fatalf("%d pages of the four layouts in two languages", len(files))
	}
	used := map[string][]string{}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		l := &looker{Source: Source{Source: source.New(filepath.Base(file), 0, 0, string(b)), Whole: true},
			links: &Written{literal: map[string]bool{}}}
		l.text = string(b)
		l.html(l.text, true)
		for _, f := range l.findings() {
			t.Errorf("%s: %s", file, f)
		}
		l.uses(func(_ string, _ int, found []clients.Feature) {
			for _, f := range found {
				if f.Loses != "" {
					t.Errorf("%s: %s is not in %s: %s", file, f.Title, strings.Join(f.No, ", "), f.Loses)
				}
				used[f.ID] = f.No
			}
		})
	}
	for _, id := range slices.Sorted(maps.Keys(used)) {
		if graceful[id] == "" {
			t.Errorf("%s is not in %s: what do their readers see?", id, strings.Join(used[id], ", "))
		}
	}
	for id := range graceful {
		if used[id] == nil {
			t.Errorf("%s is used no more", id)
		}
	}
}
