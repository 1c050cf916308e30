package forecast

import (
	"testing"
	"time"

	"mailshot/campaign/pacing"
	"mailshot/sender/courtesy"
	"mailshot/sender/limits"
)

// BenchmarkForecast is a million messages at fifty a second, in working hours, to people in twenty zones and lanes.
func BenchmarkForecast(b *testing.B) {
	hours, err := courtesy.ParseHours([]string{"mon-fri"}, []string{"09:00-17:00"})
	if err != nil {
		b.Fatal(err)
	}
	zones := []string{"Europe/Berlin", "America/New_York", "Asia/Tokyo", "Europe/London"}
	start := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	for b.Loop() {
		var names []string
		var lanes []limits.Lane
		for i := range 20 {
			name := string(rune('a'+i)) + " " + zones[i%len(zones)]
			names = append(names, name)
			lanes = append(lanes, limits.Lane{Name: name, Messages: 50_000})
		}
		r := newRules(pacing.New(pacing.Config{Hours: hours, Zones: true}), names)
		account := limits.Account{Caps: []limits.Cap{{N: 50, Window: time.Second}}}
		if got := limits.Foresee(start, []limits.Account{account}, lanes, r); got.Messages != 1_000_000 {
			b.Fatal(got.Messages, got.Left)
		}
	}
}
