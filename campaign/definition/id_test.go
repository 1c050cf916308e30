package definition

import (
	"errors"
	"strings"
	"testing"
)

// One rule for every id, wherever it comes from.
func TestCheckID(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 100)
	for _, tt := range []struct {
		id         string
		made, seen bool
	}{
		{"news", true, true},
		{"News_2026-11.b", true, true},
		{"2026", true, true},
		{long, true, true},
		{long + "x", false, false},
		{"news/rehearsal/1", false, true},
		{long + "/rehearsal/12", false, true},
		{"news/rehearsal/0", false, false},
		{"news/rehearsal/1/rehearsal/2", false, false},
		{"news/rehearsal/", false, false},
		{"/rehearsal/1", false, false},
		{"", false, false},
		{".news", false, false},
		{"-news", false, false},
		{"ne ws", false, false},
		{"news\n", false, false},
		{"../news", false, false},
		{"nеws", false, false}, // the second letter is Cyrillic
		{"news-{{date}}", false, false},
	} {
		for _, rehearsals := range []bool{false, true} {
			want := tt.made
			if rehearsals {
				want = tt.seen
			}
			err := CheckID(tt.id, rehearsals)
			if wrong := (*IDError)(nil); (err == nil) != want || err != nil && !errors.As(err, &wrong) {
				t.Errorf("%q, rehearsals %v: %v", tt.id, rehearsals, err)
			}
		}
	}
}
