package campaign

import (
	"testing"
	"time"

	"mailshot/campaign/pacing"
	"mailshot/sender/courtesy"
	"mailshot/sender/limits"
)

// BenchmarkForesight is a million messages at fifty a second, in working hours, to people in twenty zones and lanes.
func BenchmarkForesight(b *testing.B) {
	hours, err := courtesy.ParseHours([]string{"mon-fri"}, []string{"09:00-17:00"})
	if err != nil {
		b.Fatal(err)
	}
	zones := []string{"Europe/Berlin", "America/New_York", "Asia/Tokyo", "Europe/London"}
	start := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	for b.Loop() {
		f := &foresight{pacer: pacing.New(pacing.Config{Hours: hours, Zones: true})}
		var lanes []limits.Lane
		for i := range 20 {
			name := string(rune('a'+i)) + " " + zones[i%len(zones)]
			f.lanes = append(f.lanes, name)
			lanes = append(lanes, limits.Lane{Name: name, Messages: 50_000})
		}
		if got := limits.Foresee(start, []limits.Account{{Caps: []limits.Cap{{N: 50, Window: time.Second}}}}, lanes, f); got.Messages != 1_000_000 {
			b.Fatal(got.Messages, got.Left)
		}
	}
}
