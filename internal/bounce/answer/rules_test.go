package answer

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"mailshot/internal/bounce/answer/words"
)

// Each rule finds the example that stands beside it, and each list of words is read.
func TestEachRuleMatchesItsExample(t *testing.T) {
	t.Parallel()
	b := book()
	for _, r := range b.rules {
		if r.example == "" {
			t.Errorf("%s: no example", r.place)
			continue
		}
		found := false
		for _, m := range b.find(words.Of(r.example)) {
			found = found || m.rule == r
		}
		if !found {
			t.Errorf("%s: %q does not match %q", r.place, r.pattern, r.example)
		}
	}
	for _, r := range b.lists["field"] {
		if _, err := strconv.ParseFloat(strings.Fields(r.example)[0], 64); err != nil {
			t.Errorf("%s: %v", r.place, err)
		}
	}
	for _, name := range []string{"month", "jalali", "weekday"} {
		want := 12
		if name == "weekday" {
			want = 7
		}
		for _, r := range b.lists[name] {
			if n := len(strings.Fields(r.pattern)); n != want {
				t.Errorf("%s: %d names, not %d", r.place, n, want)
			}
		}
	}
}

// The corpus beside the project.
func corpus(t *testing.T, name string) []byte {
	b, err := os.ReadFile(filepath.Join("../../../../shared/corpora/bounces", name))
	if err != nil {
		t.Skip(err)
	}
	return b
}
