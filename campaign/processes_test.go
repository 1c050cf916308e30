package campaign_test

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"mailshot/campaign"
	"mailshot/campaign/ledger"
	"mailshot/internal/sink"
)

// watch notes when a sink is told of recipients, by its own clock.
type watch struct {
	mu    sync.Mutex
	times []time.Time
	after int    // recipients until then is called; 0: never
	then  func() // once
}

func (w *watch) observe(e sink.Event) {
	if e.Kind != "rcpt" {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.times = append(w.times, time.Now())
	if w.after--; w.after == 0 {
		w.then()
	}
}

// Three processes, each with a campaign and four connections of its own, send on one account through a server that
// takes its time and puts people off; one is killed in the middle and goes on in another process. Counted at the
// server, by its own clock, no window of any cap holds more recipients than the cap.
//
// It guards "never past the cap". With windows of less than a minute paced only, 21 recipients lay within 2 s under
// 20/2s.
func TestThreeProcesses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		caps string
		n    int // rows of each campaign
		want []limit
	}{
		{"[20/2s]", 45, []limit{{20, 2 * time.Second}}},
		{"[5/s, 9/2s]", 18, []limit{{5, time.Second}, {9, 2 * time.Second}}},
	} {
		t.Run(strings.ReplaceAll(c.caps, "/", " in "), func(t *testing.T) {
			t.Parallel()
			w := &watch{}
			s, rec := startSink(t, sink.Options{Observe: w.observe}, "mail:20%:delay 400ms", "rcpt:10%:451 4.7.1 not now",
				"dot:30%:delay 250ms")
			folders := make([]*folder, 3)
			for i := range folders {
				f := newFolder(t)
				folders[i] = f
				f.accounts = folders[0].accounts
				f.write(t, "campaign.yaml", strings.Replace(base, "id: test", fmt.Sprint("id: test", i), 1)+
					server(s, "  caps: "+c.caps+"\n"))
				f.write(t, "body.txt", "Dear {{.name}}, {{.token}}\n")
				f.write(t, "people.csv", strings.ReplaceAll(people(c.n), "@example.com", fmt.Sprintf("@c%d.example", i)))
			}
			type process struct {
				*exec.Cmd
				out, errs fmt.Stringer
			}
			processes := make([]process, len(folders))
			w.mu.Lock() // nobody gets past RCPT before the one to be killed is known
			for i, f := range folders {
				cmd, out, errs := startChild(t, f)
				processes[i] = process{cmd, out, errs}
			}
			first := processes[0]
			w.after, w.then = c.n, func() { _ = first.Process.Kill() }
			w.mu.Unlock()
			_ = first.Wait() // killed
			cmd, out, errs := startChild(t, folders[0])
			processes[0] = process{cmd, out, errs}
			for i, p := range processes {
				if err := p.Wait(); err != nil {
					t.Fatalf("campaign %d: %v\n%s", i, err, p.errs)
				}
				sum := new(campaign.Summary)
				if err := json.Unmarshal([]byte(p.out.String()), sum); err != nil {
					t.Fatalf("%v in %q", err, p.out)
				}
				identity(t, sum)
				sent, unknown := sum.Counts[string(ledger.Sent)], sum.Counts[string(ledger.Unknown)]
				if sent+unknown != int64(c.n) || unknown > 4 || i > 0 && unknown > 0 {
					t.Errorf("campaign %d: %v of %d, stopped %q", i, sum.Counts, c.n, sum.Stopped)
				}
			}
			got := map[string]int{}
			for _, r := range rec.accepted(t) {
				if got[r.To[0]]++; got[r.To[0]] > 1 {
					t.Errorf("%s got two", r.To[0])
				}
			}
			w.mu.Lock()
			defer w.mu.Unlock()
			for _, l := range c.want {
				l.check(t, w.times)
			}
			took := w.times[len(w.times)-1].Sub(w.times[0])
			t.Logf("%d recipients in %v, %d of them taken", len(w.times), took, len(got))
		})
	}
}

// limit is a cap as a server would count it.
type limit struct {
	n      int
	window time.Duration
}

// check looks at every window that begins with one of the times, which are in order.
func (l limit) check(t *testing.T, times []time.Time) {
	t.Helper()
	full := 0
	for i := range times {
		n := 1
		for i+n < len(times) && times[i+n].Sub(times[i]) < l.window {
			n++
		}
		if n > l.n {
			t.Errorf("%d recipients within %v, the cap is %d", n, l.window, l.n)
			return
		}
		if n == l.n {
			full++
		}
	}
	t.Logf("%d in %v: %d windows full to the brim", l.n, l.window, full)
}
