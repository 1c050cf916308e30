package render

import (
	"strings"
	"testing"
)

// A giant header, path or name does not stay in memory for the rest of the run.
func TestGiantLineIsNotKept(t *testing.T) {
	r := setup{subject: "{{.c}}"}.renderer(t)
	most := 0
	r.cleared = func(d *desk) { most = max(most, cap(d.one.Text)) }
	if _, err := r.Render(recipient(t, "Ann", "ann@example.com", "c", strings.Repeat("x", 8<<20)), testDate); err == nil {
		t.Error("a subject of 8 MB is made")
	}
	if most > mostKept {
		t.Errorf("%d octets are kept, and %d may be", most, mostKept)
	}
}
