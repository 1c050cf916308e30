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
	for _, rtt := range []time.Duration{600, 100, 20} {
		rtt *= time.Millisecond
		t.Run(rtt.String(), func(t *testing.T) {
			w := newWire(t, rtt) // one after another: a second line in this process would make the first one late
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
	// Three sessions show the server's answers, the round trip, and what servers and clients need for each: the shortest.
	c := conversation{path: traffic.Pipelined, size: 1000, n: 1, options: options}
	w.rtt = time.Hour
	server := time.Hour
	var first said
	for range 3 {
		capture := w.capture(t)
		if first, err = c.send(t.Context(), w.dial); err != nil {
			t.Fatal(err)
		}
		frames := capture.end()
		w.rtt = min(w.rtt, answered(frames))
		first.replies.Together = true
		cost := c.cost(security, first.replies, first, traffic.Line{RTT: w.rtt, Up: lineRate})
		server = min(server, (closed(frames)+w.rtt/2-cost.Delay(0).Total)/time.Duration(cost.Rounds))
	}
	server = max(0, server)
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
				best := delayedBy(t, w, c, security, first.replies, server)
				for try := 1; try < 3 && math.Abs(best.off()) > 5; try++ { // what else the machine does makes it longer
					if again := delayedBy(t, w, c, security, first.replies, server); again.took < best.took {
						best = again
					}
				}
				note("delay", t.Name(), best.took.Milliseconds(), best.model.Milliseconds(),
					float64(w.rtt.Microseconds())/1000)
				if math.Abs(best.off()) > 5 {
					t.Errorf("%s: the delay is %.1f %% off", t.Name(), best.off())
				}
			})
		}
	}
}

// timing is a measured time and the model's.
type timing struct{ took, model time.Duration }

// off is by how many percent the model is off.
func (d timing) off() float64 { return 100 * (d.model.Seconds()/d.took.Seconds() - 1) }

// delayedBy measures a conversation. server is the time that both ends need for a round trip.
func delayedBy(t *testing.T, w *wire, c conversation, security traffic.Security, r traffic.Replies,
	server time.Duration) timing {
	capture := w.capture(t)
	got, err := c.send(t.Context(), w.dial)
	if err != nil {
		t.Fatal(err)
	}
	frames := capture.end()
	w.rtt = min(w.rtt, answered(frames))
	took := closed(frames) + w.rtt/2
	cost := c.cost(security, r, got, traffic.Line{RTT: w.rtt, Up: lineRate})
	d := cost.Delay(server * time.Duration(cost.Rounds) / time.Duration(cost.Messages))
	result := timing{took, d.Total}
	t.Logf("%s: %s, the model says %s (%+.1f %%): %.2f round trips, %.2f; again %d; %+v", t.Name(),
		took.Round(time.Millisecond), d.Total.Round(time.Millisecond), result.off(), float64(took)/float64(w.rtt),
		float64(d.Total)/float64(w.rtt), measure("", frames).again, d)
	return result
}

// answered is the time between SYN and SYN-ACK: the round trip as it is, with what the program on the line is late. The
// shortest one of all connections counts.
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
