package moment

import (
	"testing"
	"time"
)

func TestLater(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	elsewhere := noon.In(time.FixedZone("", 3600))
	for _, tt := range []struct{ a, b, want time.Time }{
		{noon, noon.Add(1), noon.Add(1)}, {noon.Add(1), noon, noon.Add(1)},
		{time.Time{}, noon, noon}, {noon, time.Time{}, noon}, {time.Time{}, time.Time{}, time.Time{}},
		{noon, elsewhere, noon}, {elsewhere, noon, elsewhere},
	} {
		if got := Later(tt.a, tt.b); got != tt.want {
			t.Errorf("of %v and %v: %v", tt.a, tt.b, got)
		}
	}
}
