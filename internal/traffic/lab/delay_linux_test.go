package lab

import (
	"fmt"
	"math"
	"testing"
	"time"

	"mailshot/internal/sink"
	"mailshot/internal/traffic"
	"mailshot/sender/smtp"
)

// TestDelay compares the time from the client's SYN until its FIN is at the server with the model. The machine has to be
// quiet, or the test's threads to go first: chrt -r 1 go test …
func TestDelay(t *testing.T) {
	for _, rtt := range []time.Duration{20, 100, 600} {
		rtt *= time.Millisecond
		t.Run(rtt.String(), func(t *testing.T) {
			t.Parallel()
			w := newWire(t, rtt)
			for _, security := range []traffic.Security{traffic.Clear, traffic.Implicit, traffic.StartTLS} {
				delays(t, w, rtt, security)
			}
		})
	}
}

func delays(t *testing.T, w *wire, rtt time.Duration, security traffic.Security) {
	name := names[security]
	s, err := sink.Start(sink.Options{Listener: w.listen(t, "127.0.0.1:0"), TLS: name})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	options := smtp.Options{Address: s.Addr(), Security: smtp.Security(name), TLS: trusting(s.RootCAs())}
	capture := w.capture(t)
	first, err := conversation{path: traffic.Pipelined, size: 1000, n: 1, options: options}.send(t.Context(), w.dial)
	if err != nil {
		t.Fatal(err)
	}
	first.replies.Together = true
	capture.end() // nothing of it is in the next capture
	for _, path := range paths {
		if security != traffic.Clear && path != traffic.LockStep && path != traffic.Ahead {
			continue
		}
		for _, size := range []int{1000, 10_000, 100_000, 1_000_000} {
			c := conversation{path: path, size: size, n: 10, options: options}
			if size > 100_000 || security == traffic.StartTLS {
				c.n = 1
			}
			t.Run(fmt.Sprintf("%s/%s/%d×%d", path, name, c.n, size), func(t *testing.T) {
				capture := w.capture(t)
				got, err := c.send(t.Context(), w.dial)
				if err != nil {
					t.Fatal(err)
				}
				frames := capture.end()
				measured := answered(frames)
				took := closed(frames) + measured/2
				d := c.cost(security, first.replies, got, traffic.Line{RTT: measured, Up: lineRate}).Delay(0)
				note("delay", t.Name(), took.Milliseconds(), d.Total.Milliseconds(), float64(measured.Microseconds())/1000)
				off := 100 * (d.Total.Seconds()/took.Seconds() - 1)
				t.Logf("%s: %s, the model says %s (%+.1f %%): %.2f round trips, %.2f; again %d; %+v", t.Name(),
					took.Round(time.Millisecond), d.Total.Round(time.Millisecond), off, float64(took)/float64(measured),
					float64(d.Total)/float64(measured), measure("", frames).again, d)
				if math.Abs(off) > 5 {
					t.Errorf("%s: the delay is %.1f %% off", t.Name(), off)
				}
			})
		}
	}
}

// answered is the time between SYN and SYN-ACK: the round trip as it is, with what the program on the line is late.
func answered(frames []frame) time.Duration {
	for _, f := range frames {
		if !f.up {
			return f.at
		}
	}
	return 0
}

// closed is when the client has sent its FIN.
func closed(frames []frame) time.Duration {
	for _, f := range frames {
		if f.up && f.flags&1 != 0 {
			return f.at
		}
	}
	return 0
}
