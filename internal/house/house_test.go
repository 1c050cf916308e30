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
	"cmd/mailshot":         {"..."},
	"cmd/mailshot/browser": {},
	"cmd/mailshot/entries": {
		"campaign/accounts", "campaign/definition/bulk", "campaign/leaving", "campaign/report",
		"campaign/suppression", "render/address",
	},
	"cmd/mailshot/guide":  {},
	"cmd/mailshot/human":  {},
	"cmd/mailshot/opened": {},
	"cmd/mailshot/page": {
		"campaign/message", "campaign/report", "cmd/mailshot/human", "cmd/mailshot/opened", "internal/disk",
	},
	"cmd/mailshot/probing": {
		"campaign", "campaign/check", "campaign/definition", "campaign/readiness", "campaign/report",
		"cmd/mailshot/human", "internal/records", "sender", "sender/reply",
	},
	"cmd/mailshot/rehearsal": {
		"campaign", "campaign/accounts", "campaign/identity", "campaign/transport", "internal/disk",
		"internal/mailbox", "internal/sink",
	},
	"cmd/mailshot/single": {
		"campaign", "campaign/definition", "campaign/history", "campaign/ledger", "internal/disk",
		"render/address",
	},
	"cmd/mailshot/starter":   {"templates"},
	"cmd/mailshot/textwidth": {},
	"cmd/mailshot/typeahead": {},
	"cmd/mailshot/unplanned": {
		"campaign", "campaign/check", "campaign/digest", "campaign/identity", "campaign/ledger",
		"campaign/statefile",
	},
	"cmd/mailshot/web": {
		"cmd/mailshot/web/compose", "cmd/mailshot/web/desk", "cmd/mailshot/web/frame", "cmd/mailshot/web/guard",
		"cmd/mailshot/web/home", "cmd/mailshot/web/mailport", "cmd/mailshot/web/one", "cmd/mailshot/web/people",
		"cmd/mailshot/web/plan", "cmd/mailshot/web/rehearse", "cmd/mailshot/web/results", "cmd/mailshot/web/runs",
		"cmd/mailshot/web/server", "cmd/mailshot/web/shelf",
	},
	"cmd/mailshot/web/amend": {
		"campaign/check", "campaign/definition", "cmd/mailshot/web/files", "cmd/mailshot/web/textfile",
	},
	"cmd/mailshot/web/chart": {"campaign/ledger", "campaign/pacing", "campaign/report"},
	"cmd/mailshot/web/compose": {
		"campaign", "campaign/check", "campaign/definition", "campaign/message", "campaign/report",
		"cmd/mailshot/opened", "cmd/mailshot/web/desk", "cmd/mailshot/web/files", "cmd/mailshot/web/frame",
		"cmd/mailshot/web/shelf", "cmd/mailshot/web/survey", "cmd/mailshot/web/textfile", "cmd/mailshot/web/words",
		"templates",
	},
	"cmd/mailshot/web/desk": {
		"campaign", "campaign/history", "campaign/ledger", "campaign/report", "cmd/mailshot/web/figures",
		"cmd/mailshot/web/frame", "cmd/mailshot/web/mailport", "cmd/mailshot/web/runs", "cmd/mailshot/web/shelf",
		"cmd/mailshot/web/survey", "internal/shell",
	},
	"cmd/mailshot/web/figures": {
		"campaign/history", "campaign/ledger", "campaign/report", "cmd/mailshot/web/chart",
	},
	"cmd/mailshot/web/files":        {},
	"cmd/mailshot/web/frame":        {"campaign/report", "cmd/mailshot/web/words"},
	"cmd/mailshot/web/frame/script": {},
	"cmd/mailshot/web/guard":        {},
	"cmd/mailshot/web/home": {
		"campaign/ledger", "campaign/report", "cmd/mailshot/starter", "cmd/mailshot/web/desk",
		"cmd/mailshot/web/frame", "cmd/mailshot/web/runs", "cmd/mailshot/web/shelf", "internal/shell", "templates",
	},
	"cmd/mailshot/web/logins":   {"campaign/transport"},
	"cmd/mailshot/web/mailport": {"cmd/mailshot/opened"},
	"cmd/mailshot/web/one": {
		"campaign", "campaign/check", "campaign/ledger", "cmd/mailshot/single", "cmd/mailshot/web/desk",
		"cmd/mailshot/web/frame", "cmd/mailshot/web/runs", "cmd/mailshot/web/shelf", "internal/shell",
	},
	"cmd/mailshot/web/people": {
		"campaign/check", "campaign/definition", "campaign/recipients", "campaign/recipients/folding",
		"cmd/mailshot/web/amend", "cmd/mailshot/web/desk", "cmd/mailshot/web/files", "cmd/mailshot/web/frame",
		"cmd/mailshot/web/roster", "cmd/mailshot/web/shelf", "cmd/mailshot/web/survey",
		"cmd/mailshot/web/textfile", "internal/ellipsis", "internal/shell",
	},
	"cmd/mailshot/web/plan": {
		"campaign/check", "campaign/history", "campaign/ledger", "campaign/report", "cmd/mailshot/unplanned",
		"cmd/mailshot/web/chart", "cmd/mailshot/web/desk", "cmd/mailshot/web/figures", "cmd/mailshot/web/frame",
		"cmd/mailshot/web/runs", "cmd/mailshot/web/shelf", "cmd/mailshot/web/survey", "cmd/mailshot/web/words",
		"internal/shell", "sender/limits",
	},
	"cmd/mailshot/web/rehearse": {
		"campaign/report", "cmd/mailshot/opened", "cmd/mailshot/web/desk", "cmd/mailshot/web/frame",
		"cmd/mailshot/web/runs", "cmd/mailshot/web/shelf", "cmd/mailshot/web/survey", "internal/disk",
		"internal/shell", "render/address",
	},
	"cmd/mailshot/web/results": {
		"campaign/accounts", "campaign/digest", "campaign/history", "campaign/leaving", "campaign/ledger",
		"campaign/message", "campaign/report", "cmd/mailshot/web/chart", "cmd/mailshot/web/desk",
		"cmd/mailshot/web/figures", "cmd/mailshot/web/frame", "cmd/mailshot/web/runs", "cmd/mailshot/web/shelf",
		"cmd/mailshot/web/words", "internal/mailbox", "internal/shell",
	},
	"cmd/mailshot/web/roster": {
		"campaign/check", "campaign/definition", "campaign/languages", "campaign/list", "campaign/recipients",
		"cmd/mailshot/web/tape",
	},
	"cmd/mailshot/web/runs": {
		"campaign", "campaign/check", "campaign/dispatch", "campaign/ledger", "campaign/pacing", "campaign/report",
		"cmd/mailshot/rehearsal", "render/address",
	},
	"cmd/mailshot/web/server": {
		"campaign", "campaign/check", "campaign/definition", "campaign/definition/secret",
		"campaign/recipients/folding", "campaign/report", "campaign/transport", "cmd/mailshot/probing",
		"cmd/mailshot/web/amend", "cmd/mailshot/web/desk", "cmd/mailshot/web/files", "cmd/mailshot/web/frame",
		"cmd/mailshot/web/logins", "cmd/mailshot/web/shelf", "cmd/mailshot/web/textfile", "render/address",
		"sender", "sender/reply",
	},
	"cmd/mailshot/web/shelf": {
		"campaign", "campaign/check", "campaign/definition", "campaign/history", "campaign/identity",
		"campaign/report",
	},
	"cmd/mailshot/web/survey": {
		"campaign", "campaign/check", "campaign/definition", "campaign/list", "campaign/message",
		"campaign/recipients", "campaign/recipients/folding", "cmd/mailshot/web/tape",
	},
	"cmd/mailshot/web/tape":     {"internal/scratch"},
	"cmd/mailshot/web/textfile": {"cmd/mailshot/web/files"},
	"cmd/mailshot/web/words":    {"cmd/mailshot/human"},
	"campaign": {
		"campaign/...", "templates", "render", "render/address", "sender/...", "internal/behind",
		"internal/mailbox", "internal/oauth", "internal/scratch", "internal/stdin",
	},
	"campaign/accounts":       {"campaign/accounts/clock", "campaign/statefile", "internal/sqlite"},
	"campaign/accounts/clock": {"internal/machine"},
	"campaign/caps": {
		"campaign/accounts", "campaign/definition", "campaign/ledger", "sender", "sender/courtesy",
		"sender/limits", "sender/reply",
	},
	"campaign/check":         {"internal/ellipsis"},
	"campaign/check/content": {"campaign/check", "templates"},
	"campaign/definition": {
		"campaign/definition/appearance", "campaign/definition/attaching", "campaign/definition/beside",
		"campaign/definition/bulk", "campaign/definition/copies", "campaign/definition/schema",
		"campaign/definition/secret", "campaign/definition/signing", "campaign/definition/value", "internal/shell",
		"internal/stdin", "render/address", "sender/courtesy", "sender/limits", "sender/reply",
	},
	"campaign/definition/appearance": {"campaign/definition/schema", "templates/layouts"},
	"campaign/definition/attaching":  {"campaign/definition/schema", "templates/source"},
	"campaign/definition/beside":     {"campaign/definition/schema", "internal/ellipsis", "render/address"},
	"campaign/definition/bulk":       {"campaign/definition/schema", "render/address", "render/token"},
	"campaign/definition/copies": {
		"campaign/definition/bulk", "campaign/definition/schema", "campaign/definition/value", "render/address",
	},
	"campaign/definition/schema": {"internal/ellipsis", "internal/suggest"},
	"campaign/definition/secret": {"campaign/definition/schema", "internal/keyring"},
	"campaign/definition/signing": {
		"campaign/definition/schema", "campaign/definition/secret", "render/address", "render/dkim",
	},
	"campaign/definition/value":        {"campaign/definition/schema", "render/address", "sender/limits"},
	"campaign/digest":                  {"campaign/definition", "render"},
	"campaign/digest/digesttest":       {"campaign/definition", "campaign/digest"},
	"campaign/dispatch":                {"campaign/ledger", "campaign/pacing", "sender/..."},
	"campaign/dispatch/deliveriestest": {"campaign/dispatch", "campaign/ledger"},
	"campaign/domains":                 {"campaign/check", "campaign/ledger", "internal/ellipsis", "sender/courtesy", "sender/mx"},
	"campaign/forecast": {
		"campaign/accounts", "campaign/caps", "campaign/ledger", "campaign/pacing", "sender/courtesy",
		"sender/limits",
	},
	"campaign/grouped": {"campaign/check", "campaign/ledger", "campaign/recipients", "campaign/recipients/stored"},
	"campaign/groups": {
		"campaign/recipients", "campaign/recipients/fault", "campaign/recipients/stored", "internal/scratch",
	},
	"campaign/history": {
		"campaign/accounts", "campaign/definition", "campaign/digest", "campaign/ledger", "campaign/message",
		"campaign/recipients", "campaign/report", "internal/trail", "render",
	},
	"campaign/identity":  {"campaign/accounts", "campaign/definition", "campaign/ledger", "campaign/lineage"},
	"campaign/languages": {"campaign/definition", "campaign/recipients", "internal/ellipsis"},
	"campaign/leaving": {
		"campaign/accounts", "campaign/definition", "campaign/definition/bulk", "campaign/ledger", "render",
		"render/address", "render/token",
	},
	"campaign/ledger": {
		"campaign/ledger/internal/byhand", "campaign/ledger/internal/cc", "campaign/ledger/internal/claims",
		"campaign/ledger/internal/durable", "campaign/ledger/internal/group", "campaign/ledger/internal/journal",
		"campaign/ledger/internal/look", "campaign/ledger/internal/marks", "campaign/ledger/internal/members",
		"campaign/ledger/internal/merge", "campaign/ledger/internal/recovery", "campaign/ledger/internal/schema",
		"campaign/ledger/internal/steps", "campaign/statefile", "internal/machine", "internal/sqlite",
	},
	"campaign/ledger/host":            {"campaign/ledger", "internal/machine"},
	"campaign/ledger/internal/byhand": {"campaign/ledger/internal/schema", "internal/machine", "internal/sqlite"},
	"campaign/ledger/internal/cc":     {"campaign/ledger/internal/schema", "internal/sqlite"},
	"campaign/ledger/internal/claims": {"campaign/ledger/internal/schema"},
	"campaign/ledger/internal/durable": {
		"campaign/ledger/internal/journal", "campaign/ledger/internal/schema", "campaign/ledger/internal/steps",
		"campaign/statefile", "internal/sqlite",
	},
	"campaign/ledger/internal/group":   {},
	"campaign/ledger/internal/journal": {"internal/disk"},
	"campaign/ledger/internal/look":    {"campaign/ledger/internal/schema", "internal/sqlite"},
	"campaign/ledger/internal/marks":   {"internal/machine"},
	"campaign/ledger/internal/members": {
		"campaign/ledger/internal/merge", "campaign/ledger/internal/schema", "internal/sqlite",
	},
	"campaign/ledger/internal/merge": {"campaign/ledger/internal/schema"},
	"campaign/ledger/internal/recovery": {
		"campaign/ledger/internal/marks", "campaign/ledger/internal/schema", "internal/sqlite",
	},
	"campaign/ledger/internal/schema": {"internal/sqlite"},
	"campaign/ledger/internal/steps": {
		"campaign/ledger/internal/cc", "campaign/ledger/internal/schema", "internal/sqlite",
	},
	"campaign/ledger/repair": {
		"campaign/ledger/internal/durable", "campaign/ledger/internal/journal", "campaign/ledger/internal/marks",
		"campaign/ledger/internal/schema", "campaign/ledger/internal/steps", "campaign/statefile", "internal/disk",
		"internal/machine", "internal/scratch", "internal/sqlite",
	},
	"campaign/lineage": {"campaign/accounts", "campaign/ledger", "internal/disk"},
	"campaign/list":    {"campaign/definition", "campaign/recipients"},
	"campaign/message": {
		"campaign/check", "campaign/check/content", "campaign/definition", "campaign/definition/copies",
		"campaign/definition/signing", "campaign/groups", "campaign/languages", "campaign/recipients", "render",
		"render/address", "render/filled", "render/invitation", "render/qr", "render/several", "render/token",
		"templates", "templates/source",
	},
	"campaign/outgoing": {
		"campaign/caps", "campaign/check", "campaign/definition", "campaign/ledger", "campaign/message",
		"campaign/repeats", "render", "render/dkim", "sender", "sender/reply",
	},
	"campaign/pacing": {"campaign/ledger", "sender/courtesy"},
	"campaign/readiness": {
		"campaign/check", "campaign/definition", "campaign/definition/signing", "campaign/transport", "sender",
	},
	"campaign/recipients": {
		"campaign/recipients/charset", "campaign/recipients/database", "campaign/recipients/delimited",
		"campaign/recipients/expression", "campaign/recipients/fault", "campaign/recipients/filetype",
		"campaign/recipients/folding", "campaign/recipients/hygiene", "campaign/recipients/profile",
		"campaign/recipients/stored", "campaign/recipients/value", "campaign/recipients/workbook",
		"internal/ellipsis", "internal/scratch", "render/address",
	},
	"campaign/recipients/charset":    {"campaign/recipients/fault"},
	"campaign/recipients/database":   {"campaign/recipients/fault", "campaign/recipients/value"},
	"campaign/recipients/delimited":  {"campaign/recipients/charset", "campaign/recipients/fault"},
	"campaign/recipients/expression": {"internal/ellipsis"},
	"campaign/recipients/fault":      {"internal/ellipsis"},
	"campaign/recipients/filetype":   {"campaign/recipients/fault"},
	"campaign/recipients/folding":    {"campaign/recipients/fault", "internal/suggest"},
	"campaign/recipients/hygiene": {
		"campaign/recipients/fault", "campaign/recipients/folding", "internal/ellipsis", "internal/placeholder",
		"internal/suggest", "render/address",
	},
	"campaign/recipients/profile": {
		"campaign/recipients/fault", "campaign/recipients/folding", "campaign/recipients/value",
		"internal/ellipsis", "render/address",
	},
	"campaign/recipients/stored": {},
	"campaign/recipients/value":  {"campaign/recipients/fault", "campaign/recipients/folding"},
	"campaign/recipients/workbook": {
		"campaign/recipients/fault", "campaign/recipients/folding", "campaign/recipients/value",
		"campaign/recipients/workbook/numfmt", "campaign/recipients/workbook/strictxml", "internal/ellipsis",
	},
	"campaign/recipients/workbook/numfmt":       {"campaign/recipients/value"},
	"campaign/recipients/workbook/strictxml":    {"campaign/recipients/fault"},
	"campaign/recipients/workbook/workbooktest": {"campaign/recipients/value"},
	"campaign/remains":                          {"internal/disk", "internal/scratch", "internal/sqlite"},
	"campaign/repeats": {
		"campaign/accounts", "campaign/check", "campaign/ledger", "campaign/recipients", "internal/disk",
		"internal/ellipsis",
	},
	"campaign/report":    {},
	"campaign/runlog":    {"campaign/dispatch", "internal/disk"},
	"campaign/statefile": {},
	"campaign/suppression": {
		"campaign/accounts", "campaign/definition/bulk", "internal/ellipsis", "render/address",
	},
	"campaign/transport": {
		"campaign/accounts", "campaign/caps", "campaign/definition", "internal/oauth", "internal/shell", "sender",
		"sender/mx", "sender/reply", "sender/sendmail",
	},
	"templates":          {"templates/..."},
	"templates/bidi":     {},
	"templates/function": {"internal/ellipsis", "internal/suggest", "templates/gaps", "templates/locale"},
	"templates/gaps":     {"templates/source"},
	"templates/guards":   {"templates/function", "templates/program"},
	"templates/inline": {
		"templates/function", "templates/inline/condition", "templates/inline/property", "templates/inline/syntax",
		"templates/source",
	},
	"templates/inline/condition": {},
	"templates/inline/property":  {},
	"templates/inline/syntax":    {},
	"templates/layouts":          {"templates/source"},
	"templates/leftover":         {"internal/placeholder", "templates/source"},
	"templates/locale":           {},
	"templates/markdown":         {"templates/locale", "templates/markup", "templates/source"},
	"templates/markup":           {"templates/function", "templates/source"},
	"templates/plaintext": {
		"templates/function", "templates/locale", "templates/markup", "templates/plaintext/flowed",
		"templates/plaintext/marks", "templates/plaintext/visibility", "templates/source",
	},
	"templates/plaintext/flowed":     {},
	"templates/plaintext/marks":      {"templates/plaintext/flowed", "templates/source"},
	"templates/plaintext/visibility": {},
	"templates/program":              {"templates/function", "templates/gaps", "templates/plaintext/flowed"},
	"templates/source":               {},
	"templates/translations":         {},
	"render": {
		"internal/placeholder", "render/address", "render/header", "render/mediatype", "render/naming",
		"render/token", "render/transfer", "templates",
	},
	"render/address":    {"internal/ellipsis"},
	"render/dkim":       {},
	"render/filled":     {"render", "templates", "templates/source"},
	"render/header":     {"render/naming"},
	"render/invitation": {"render", "render/address", "render/filled", "templates"},
	"render/mediatype":  {},
	"render/naming":     {"internal/ellipsis"},
	"render/qr":         {"render", "render/filled", "templates"},
	"render/several":    {"render", "render/naming", "templates", "templates/source"},
	"render/token":      {},
	"render/transfer":   {"templates"},
	"sender":            {"sender/..."},
	"sender/auth":       {"internal/mask"},
	"sender/budgettest": {"sender", "sender/limits"},
	"sender/courtesy":   {"internal/moment"},
	"sender/limits":     {"internal/moment"},
	"sender/mx":         {"internal/disk", "internal/ellipsis"},
	"sender/mx/mxtest":  {},
	"sender/reply":      {"sender/limits"},
	"sender/sendmail":   {"sender", "sender/reply"},
	"sender/smtp":       {"sender/auth", "sender/reply"},
	"internal/behind":   {},
	"internal/bench": {
		"campaign", "campaign/definition", "campaign/ledger", "campaign/list", "campaign/recipients",
		"internal/mailbox", "internal/sink",
	},
	"internal/bench/budget": {},
	"internal/disk":         {},
	"internal/ellipsis":     {},
	"internal/faults":       {"campaign/ledger", "internal/disk", "internal/sink"},
	"internal/keyring":      {},
	"internal/machine":      {},
	"internal/mailbox":      {"internal/disk"},
	"internal/mask":         {},
	"internal/moment":       {},
	"internal/mount":        {},
	"internal/oauth":        {"internal/disk", "internal/ellipsis", "internal/keyring", "internal/mask"},
	"internal/placeholder":  {},
	"internal/records":      {},
	"internal/scratch":      {"internal/disk", "internal/mount"},
	"internal/servers":      {},
	"internal/shell":        {},
	"internal/sink":         {"internal/mailbox"},
	"internal/sqlite":       {"campaign/statefile", "internal/disk", "internal/mount"},
	"internal/stdin":        {"internal/scratch"},
	"internal/suggest":      {},
	"internal/trail":        {},
}

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
