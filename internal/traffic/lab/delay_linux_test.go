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

// TestDelay compares the time from the client's SYN until its FIN is at the server with the model.
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
	first, err := conversation{path: traffic.Pipelined, size: 1000, n: 1, options: options}.send(t.Context(), w.dial)
	if err != nil {
		t.Fatal(err)
	}
	first.replies.Together = true
	for _, path := range paths {
		if security != traffic.Clear && path != traffic.LockStep && path != traffic.Ahead {
			continue
		}
		for _, size := range []int{1000, 10_000, 100_000, 1_000_000} {
			c := conversation{path: path, size: size, n: 10, options: options}
			if size > 100_000 || security == traffic.StartTLS {
				c.n = 1
			}
			t.Run(fmt.Sprintf("%s/%s/%d×%d", name, path, c.n, size), func(t *testing.T) {
				capture := w.capture(t)
				got, err := c.send(t.Context(), w.dial)
				if err != nil {
					t.Fatal(err)
				}
				frames := capture.end()
				took := closed(frames) + rtt/2
				d := c.cost(security, first.replies, got, traffic.Line{RTT: rtt}).Delay(0)
				note("delay", t.Name(), took.Milliseconds(), d.Total.Milliseconds(), rtt.Milliseconds())
				off := 100 * (d.Total.Seconds()/took.Seconds() - 1)
				t.Logf("%s: %s, the model says %s (%+.1f %%): %.2f round trips, %.2f; again %d; %+v", t.Name(),
					took.Round(time.Millisecond), d.Total.Round(time.Millisecond), off, float64(took)/float64(rtt),
					float64(d.Total)/float64(rtt), measure("", frames).again, d)
				if math.Abs(off) > 5 {
					t.Errorf("%s: the delay is %.1f %% off", t.Name(), off)
				}
			})
		}
	}
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
