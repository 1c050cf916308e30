package markup_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mailshot/campaign/check/codes"
)

// seeded reads the seeded mistakes: blocks of "CODE FILE", and below it a text in which ¶ stands where the mistake is.
// A code of "none" has no mistake.
func seeded(t *testing.T) (all []mistake) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "seeded.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for i, block := range strings.Split(strings.TrimSpace(string(text)), "\n=== ") {
		head, body, ok := strings.Cut(strings.TrimPrefix(block, "=== "), "\n")
		code, file, named := strings.Cut(head, " ")
		if !ok || !named {
			t.Fatalf("block %d has no head: %q", i, head)
		}
		before, _, marked := strings.Cut(body, "¶")
		if code != "none" && !marked {
			t.Fatalf("%s: the place of the mistake is not marked: %q", head, body)
		}
		m := mistake{code: code, file: file, text: strings.ReplaceAll(body, "¶", "")}
		m.line = strings.Count(before, "\n") + 1
		m.column = len([]rune(before[strings.LastIndexByte(before, '\n')+1:])) + 1
		all = append(all, m)
	}
	return all
}

type mistake struct {
	code, file, text string
	line, column     int
}

// Each seeded mistake is named at its line and column. What has none has no error and no warning.
func TestSeeded(t *testing.T) {
	t.Parallel()
	all := seeded(t)
	lines, clean := 0, 0
	for _, m := range all {
		found := look(m.file, m.text)
		if m.code == "none" {
			clean++
			for _, f := range found {
				if f.Severity != codes.Note {
					t.Errorf("in a clean text: %s\n%s", f, m.text)
				}
			}
			continue
		}
		want := fmt.Sprintf("%s:%d:%d", m.file, m.line, m.column)
		exact, line := false, false
		for _, f := range found {
			exact = exact || f.Code == m.code && f.Place == want
			line = line || f.Code == m.code && strings.HasPrefix(f.Place, fmt.Sprintf("%s:%d:", m.file, m.line))
		}
		if line {
			lines++
		}
		if !exact {
			t.Errorf("%s is not found at %s in\n%s\nbut %v", m.code, want, m.text, found)
		}
	}
	t.Logf("%d of %d mistakes at the right line; %d clean texts", lines, len(all)-clean, clean)
}
