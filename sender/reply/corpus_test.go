package reply

import (
	_ "embed"
	"maps"
	"slices"
	"strings"
	"testing"
)

//go:embed testdata/replies.tsv
var corpus string

// shortly says a verdict in the corpus' words, without its times.
func shortly(v Verdict) string {
	switch {
	case v.Suppress:
		return "suppress"
	case v.Class == Refuse:
		return "refuse"
	case v.Class == Message:
		return "message"
	}
	return string(v.Class) + " " + string(v.About)
}

// What servers of many providers say means what their documentation, or those who collected the
// replies, say that it means.
//
// Broken on purpose: with the rules from before the table of words, 96 rows differ. Without the veto, a
// mailbox that is asleep is suppressed.
func TestReplies(t *testing.T) {
	t.Parallel()
	providers := map[string]bool{}
	n := 0
	for _, line := range strings.Split(strings.TrimSpace(corpus), "\n") {
		if strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Split(line, "\t")
		if len(f) != 6 {
			t.Fatalf("%d fields in %q", len(f), line)
		}
		n++
		if f[0] != "hosts of many" {
			providers[f[0]] = true
		}
		code, enhanced, text := parse(t, f[3])
		got := shortly(Classify(Stage(f[2]), code, enhanced, text, strings.Trim(f[1], "-")))
		if !slices.Contains(strings.Split(f[4], "|"), got) {
			t.Errorf("%s %s %q:\ngot  %s\nwant %s (%s)", f[0], f[2], f[3], got, f[4], f[5])
		}
	}
	if n < 200 || len(providers) < 40 {
		t.Errorf("%d replies of %d providers: %v", n, len(providers), slices.Sorted(maps.Keys(providers)))
	}
}
