package costing

import (
	"strings"
	"testing"
	"time"

	"mailshot/internal/traffic"
)

// Lines as people write them.
func TestParseLine(t *testing.T) {
	t.Parallel()
	slow := traffic.Line{Up: 2e6, RTT: 600 * time.Millisecond}
	for text, want := range map[string]traffic.Line{
		"2mbit,600ms":              slow,
		"600ms,2mbit":              slow,
		"2 Mbit/s, 600 ms":         slow,
		"2Mbit/s 600ms":            slow,
		"2mbps,0.6s":               slow,
		"2000kbit;600ms":           slow,
		"250kbyte,600ms":           slow,
		"up=2mbit,rtt=600ms":       slow,
		"2mbit,2mbit,600ms":        slow,
		"512kbit,2mbit,80ms":       {Up: 512e3, Down: 2e6, RTT: 80 * time.Millisecond},
		"down=2m,up=512k,80ms":     {Up: 512e3, Down: 2e6, RTT: 80 * time.Millisecond},
		"satellite":                presets[0].line,
		"satellite,ipv6,mtu=1400":  {Up: 3e6, Down: 25e6, RTT: 600 * time.Millisecond, IPv6: true, MTU: 1400},
		"ipv6,satellite":           {Up: 3e6, Down: 25e6, RTT: 600 * time.Millisecond, IPv6: true},
		"satellite,100ms":          {Up: 3e6, Down: 25e6, RTT: 100 * time.Millisecond},
		"satellite,1gbit,up=2mbit": {Up: 2e6, RTT: 600 * time.Millisecond},
		"1.5mbit,20ms":             {Up: 1.5e6, RTT: 20 * time.Millisecond},
		"9600bit/s,1sec":           {Up: 9600, RTT: time.Second},
	} {
		if got, err := ParseLine(text); err != nil || got != want {
			t.Errorf("%q: %+v, %v; want %+v", text, got, err, want)
		}
	}
}

// What cannot be read is said with a hint, every mistake at once.
func TestParseLineMistakes(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"":                  {"no rate and no round trip"},
		"2mbit":             {"no round trip", "ping"},
		"600ms":             {"no rate"},
		"2,600ms":           {`"2"`, "without a unit", "2mbit"},
		"modm,dls":          {"did you mean modem?", "did you mean dsl?"},
		"satelite":          {"did you mean satellite?"},
		"2mbit,600ms,lan":   {`"lan"`, "not known"},
		"2parsec,fast":      {`"2parsec": not a rate`, `"fast": not known (a line is`, "or satellite, mobile, dsl, modem; also"},
		"mtu=9,2mbit,1ms":   {"from 576"},
		"mtu=1k,2mbit,1ms":  {"from 576"},
		"0mbit,1ms":         {"a rate is from"},
		"2mbit,0ms":         {"more than nothing"},
		"2mbit,rtt=11":      {"with ms or s"},
		"2mbit,9999s":       {"at most 10 minutes"},
		"1mbit,2mbit,3mbit": {"a third rate"},
		"up=,1ms":           {"without a unit"},
	} {
		_, err := ParseLine(text)
		if err == nil {
			t.Errorf("%q was read", text)
			continue
		}
		for _, w := range want {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%q: %v, which lacks %q", text, err, w)
			}
		}
	}
}
