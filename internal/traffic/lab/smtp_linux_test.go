package lab

import (
	"fmt"
	"testing"

	"mailshot/internal/sink"
	"mailshot/internal/traffic"
	"mailshot/sender/smtp"
)

// measurement is a capture beside what was predicted.
type measurement struct {
	name     string
	cost     traffic.Cost
	frames   []frame
	volume   int64 // IP bytes without retransmissions
	up, down int64 // data segments
	acksUp   int64 // bare segments
	acksDown int64
	again    int
	payload  [2]int64      // up, down
	lengths  map[int]int64 // frames with payload, by their length
}

// measure counts a capture.
func measure(name string, frames []frame) *measurement {
	m := &measurement{name: name, frames: frames, lengths: map[int]int64{}}
	for _, f := range frames {
		if f.again {
			m.again++
			continue
		}
		m.volume += int64(f.ip)
		switch {
		case f.payload > 0 && f.up:
			m.up++
			m.payload[0] += int64(f.payload)
		case f.payload > 0:
			m.down++
			m.payload[1] += int64(f.payload)
		case f.flags&7 != 0: // SYN, FIN, RST
		case f.up:
			m.acksUp++
		default:
			m.acksDown++
		}
		if f.payload > 0 {
			m.lengths[f.length]++
		}
	}
	return m
}

// compare holds the bars: bounds always, data segments exactly, the expected volume, and the lengths of frames.
func (m *measurement) compare(t *testing.T, c traffic.Cost) {
	t.Helper()
	m.cost = c
	note("volume", m.name, c.Volume.Lower, m.volume, c.Volume.Upper, c.Volume.Expected, m.up, c.DataUp.Lower, c.DataUp.Expected,
		c.DataUp.Upper, m.down, c.DataDown.Lower, c.DataDown.Expected, c.DataDown.Upper, m.acksUp, m.acksDown, m.again)
	off := 100 * (float64(c.Volume.Expected)/float64(m.volume) - 1)
	t.Logf("%-40s %d ≤ %d ≤ %d, expected %d (%+.2f %%); data %d/%d want %v/%v; alone %d/%d; again %d; P %v want %d/%d", m.name,
		c.Volume.Lower, m.volume, c.Volume.Upper, c.Volume.Expected, off, m.up, m.down, c.DataUp, c.DataDown, m.acksUp,
		m.acksDown, m.again, m.payload, c.PayloadUp, c.PayloadDown)
	if m.volume < c.Volume.Lower || m.volume > c.Volume.Upper {
		t.Errorf("%s: the volume %d is not between %d and %d", m.name, m.volume, c.Volume.Lower, c.Volume.Upper)
	}
	if m.up < c.DataUp.Lower || m.up > c.DataUp.Upper || m.down < c.DataDown.Lower || m.down > c.DataDown.Upper {
		t.Errorf("%s: data segments %d up, %d down, want %v and %v", m.name, m.up, m.down, c.DataUp, c.DataDown)
	}
	within := 3.0
	if c.Messages < 10 {
		within = 7
	}
	if off > within || off < -within {
		t.Errorf("%s: the expected volume is %.2f %% off", m.name, off)
	}
	shared := int64(0)
	for _, l := range c.Lengths {
		shared += l.Shared
	}
	for _, l := range c.Lengths {
		got, most := m.lengths[l.Frame], l.Data+1
		most += shared // any of them may have come to this length
		if got < l.Data-l.Shared-1 || got > most {
			t.Errorf("%s: %d frames of %d bytes with payload, want %d, %d of them uncertain", m.name, got, l.Frame, l.Data,
				l.Shared)
		}
	}
}

var sizes = []int{1000, 2000, 5000, 10_000, 100_000, 1_000_000}

func TestSMTP(t *testing.T) {
	w := newWire(t, 0)
	for _, security := range []traffic.Security{traffic.Clear, traffic.Implicit, traffic.StartTLS} {
		name := names[security]
		s, err := sink.Start(sink.Options{Listener: w.listen(t, "127.0.0.1:0"), TLS: name})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		options := smtp.Options{Address: s.Addr(), Security: smtp.Security(name), TLS: trusting(s.RootCAs())}
		// One message shows how long the server's answers are. All that follows is predicted from that.
		first, err := conversation{path: traffic.Pipelined, size: 1000, n: 1, options: options}.send(t.Context(), w.dial)
		if err != nil {
			t.Fatal(err)
		}
		first.replies.Together = true
		for _, path := range paths {
			for _, size := range sizes {
				for _, n := range []int{1, 10, 100} {
					t.Run(fmt.Sprintf("%s/%s/%d×%d", path, name, n, size), func(t *testing.T) {
						wireSMTP(t, w, conversation{path: path, size: size, n: n, options: options}, security, first.replies)
					})
				}
			}
		}
	}
}

func wireSMTP(t *testing.T, w *wire, c conversation, security traffic.Security, replies traffic.Replies) {
	capture := w.capture(t)
	got, err := c.send(t.Context(), w.dial)
	if err != nil {
		t.Fatal(err)
	}
	m := measure(t.Name(), capture.end())
	m.compare(t, c.cost(security, replies, got, c.line))
}
