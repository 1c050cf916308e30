// Package house holds the rules that no single room can hold: who may import whom, how large a room may be, what its
// exported signatures may mention, and that another module can use it. It also tests the documents.
package house

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// floor are the rooms that every room may stand on: one noun, a page of code, and no import of ours.
var floor = []string{"internal/ellipsis", "internal/moment", "internal/shell", "internal/suggest"}

// folders are the top-level folders there may be.
var folders = []string{"cmd", "campaign", "templates", "render", "sender", "examples", "internal", "docs"}

func TestImports(t *testing.T) {
	t.Parallel()
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}}{{range .Imports}} {{.}}{{end}}`, "mailshot/...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	seen := 0
	for line := range strings.Lines(string(out)) {
		words := strings.Fields(line)
		room := strings.TrimPrefix(words[0], "mailshot/")
		var ours []string
		for _, imp := range words[1:] {
			if rest, ok := strings.CutPrefix(imp, "mailshot/"); ok {
				ours = append(ours, rest)
			}
		}
		if slices.Contains(floor, room) && len(ours) > 0 {
			t.Errorf("%s is of the floor, and imports %v", room, ours)
			continue
		}
		may, known := allowed[room]
		if !known && len(ours) > 0 {
			t.Errorf("%s is not in the house's list, and imports %v", room, ours)
			continue
		}
		seen++
		for _, imp := range ours {
			if !slices.Contains(floor, imp) && !slices.ContainsFunc(may, func(rule string) bool { return matches(rule, imp) }) {
				t.Errorf("%s imports %s: the house does not allow it", room, imp)
			}
		}
	}
	if seen < 10 {
		t.Errorf("go list showed %d rooms: the test looks at nothing", seen)
	}
}

func matches(rule, room string) bool {
	if base, ok := strings.CutSuffix(rule, "..."); ok {
		return strings.HasPrefix(room+"/", base)
	}
	return rule == room
}

func TestTopLevelFolders(t *testing.T) {
	t.Parallel()
	root, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		t.Fatal(err)
	}
	tracked, err := exec.Command("git", "-C", strings.TrimSpace(string(root)), "ls-files").Output()
	if err != nil {
		t.Skipf("not a git checkout: %v", err)
	}
	for line := range strings.Lines(string(tracked)) {
		top, _, below := strings.Cut(strings.TrimSpace(line), "/")
		if below && top != ".ci" && !slices.Contains(folders, top) {
			t.Errorf("%s: no top-level folder %q in the house", strings.TrimSpace(line), top)
		}
	}
}
