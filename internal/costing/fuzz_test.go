package costing

import "testing"

// FuzzParseLine: whatever is written, a line that is read has a rate and a round trip.
func FuzzParseLine(f *testing.F) {
	for _, s := range []string{"2mbit,600ms", "satellite,ipv6", "up=1k,down=2m,rtt=1s", "1e9bit,1ms", "mtu=576,2 Mbit/s 3 ms", "µs"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		line, err := ParseLine(s)
		if err == nil && (line.Up <= 0 || line.RTT <= 0 || line.Down < 0) {
			t.Errorf("%q: %+v", s, line)
		}
	})
}
