package render

import (
	"strings"
	"testing"
)

// A giant header, path or name does not stay in memory for the rest of the run. It has caught a desk that was kept
// whatever the size of the buffer that its headers are made in.
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

// What is kept holds no piece of a field, also of one that is not the last. It has caught pieces that were cleared up
// to the number of those of the last field only.
func TestPiecesAreNotKept(t *testing.T) {
	r := setup{subject: "{{.c}}", headers: [][2]string{{"X-Last", "{{.c | substr 0 1}}"}}}.renderer(t)
	seen := false
	r.cleared = func(d *desk) {
		seen = true
		for _, p := range d.pieces[:cap(d.pieces)] {
			if p != "" {
				t.Errorf("%q is kept", p)
			}
		}
	}
	m, err := r.Render(recipient(t, "Ann", "ann@example.com", "c", strings.Repeat("many words ", 40)), testDate)
	if err != nil {
		t.Fatal(err)
	}
	if m.Release(); !seen {
		t.Error("nothing is kept")
	}
}
