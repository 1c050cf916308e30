package codes_test

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mailshot/campaign/check/codes"
)

var update = flag.Bool("update", false, "write docs/findings.md anew")

// The table's texts are whole sentences, so that they can stand in a document.
func TestTable(t *testing.T) {
	t.Parallel()
	for _, c := range codes.All() {
		for _, s := range []string{c.What, c.Why, c.Fix} {
			if !strings.HasSuffix(s, ".") || strings.ToUpper(s[:1]) != s[:1] && !strings.HasPrefix(s, "mailshot ") &&
				!slices.ContainsFunc([]string{"recipients.", "check ", "schedule.", "cc ", "{{", "http://"}, func(p string) bool {
					return strings.HasPrefix(s, p)
				}) && s[0] != '"' {
				t.Errorf("%s: %q is not a sentence", c.Code, s)
			}
		}
		if c.Source == "" || c.Group == "" {
			t.Errorf("%s has no source or group", c.Code)
		}
		if got, ok := codes.Of(c.Code); !ok || got != c {
			t.Errorf("Of(%q) is %v", c.Code, got)
		}
	}
}

func TestNearest(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{
		"invalid-rows": "invalid-row", "Empty_Link": "empty-link", "emty-subject": "empty-subject", "zzzzzzzz": "",
	} {
		if got := codes.Nearest(typed); got != want {
			t.Errorf("Nearest(%q) is %q, want %q", typed, got, want)
		}
	}
}

// A fixed code keeps its severity, whatever a policy says; it can only be raised.
// Seen to fail: without the test of Fixed in Judge and in Ignores.
func TestPolicy(t *testing.T) {
	t.Parallel()
	p := codes.Policy{
		Severities: map[string]codes.Severity{
			"key-conflict": codes.Note, "late-row": codes.Error, "long-subject": codes.Note, "empty-subject": codes.Warning,
			"nobody-knows-this": codes.Note,
		},
		Ignored: []codes.Ignored{{"role-address", "companies"}, {"missing-file", "no"}, {"nobody-knows-this", "no"}},
	}
	for _, test := range []struct {
		code     string
		was, is  codes.Severity
		ignoring int
	}{
		{"key-conflict", codes.Error, codes.Error, -1}, {"late-row", codes.Warning, codes.Error, -1},
		{"long-subject", codes.Warning, codes.Note, -1}, {"empty-subject", codes.Error, codes.Warning, -1},
		{"role-address", codes.Warning, codes.Warning, 0}, {"missing-file", codes.Error, codes.Error, -1},
		{"nobody-knows-this", codes.Error, codes.Error, -1},
	} {
		if got := p.Judge(test.code, test.was); got != test.is {
			t.Errorf("%s: %s is judged %s, want %s", test.code, test.was, got, test.is)
		}
		if got := p.Ignores(test.code); got != test.ignoring {
			t.Errorf("%s: ignored by %d, want %d", test.code, got, test.ignoring)
		}
	}
}

func TestDocument(t *testing.T) {
	t.Parallel()
	frame, err := os.ReadFile(filepath.Join("testdata", "findings.md"))
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Replace(string(frame), "{{table}}\n", codes.Markdown(), 1)
	path := filepath.Join("..", "..", "..", "docs", "findings.md")
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if strings.ReplaceAll(string(got), "\r\n", "\n") != want {
		t.Error("docs/findings.md is not what the table says; write it anew with go test ./campaign/check/codes -update")
	}
}
