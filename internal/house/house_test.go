// Package house holds the rules that no single room can hold: who may import whom, how large a room may be, what its
// exported signatures may mention, and that another module can use it. It also tests the documents.
package house

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// allowed lists, for each room, the rooms of ours that its code (tests aside) may import. "x/..." is x and what is
// below it. It is docs/architecture.md's table; a room that is missing here fails the test.
var allowed = map[string][]string{
	"cmd/mailshot":        {"..."},
	"campaign":            {"campaign/...", "templates", "render", "sender/...", "render/address", "internal/mailbox", "internal/oauth"},
	"campaign/definition": {"campaign/definition/schema", "render/address", "sender/limits", "sender/courtesy", "sender/reply"},

	"campaign/definition/schema": {},

	"campaign/check":      {},
	"campaign/ledger":     {},
	"campaign/recipients": {"render/address"},
	"campaign/report":     {},
	"templates":           {},
	"render":              {"templates", "render/address"},
	"sender":              {"sender/..."},
	"sender/auth":         {"internal/mask"},
	"sender/budgettest":   {"sender", "sender/limits"},
	"sender/courtesy":     {},
	"sender/limits":       {},
	"sender/mx":           {},
	"sender/mx/mxtest":    {},
	"sender/reply":        {"sender/limits"},
	"sender/smtp":         {"sender/auth", "sender/reply"},
	"render/address":      {},
	"internal/faults":     {"campaign/ledger", "internal/sink"},
	"internal/mailbox":    {},
	"internal/records":    {},
	"internal/mask":       {},
	"internal/oauth":      {"internal/mask"},
	"internal/servers":    {},
	"internal/sink":       {"internal/mailbox"},
	"internal/trail":      {},
}

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
		may, known := allowed[room]
		if !known && len(ours) > 0 {
			t.Errorf("%s is not in the house's list, and imports %v", room, ours)
			continue
		}
		seen++
		for _, imp := range ours {
			if !slices.ContainsFunc(may, func(rule string) bool { return matches(rule, imp) }) {
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
