package runs

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"mailshot/campaign"
	"mailshot/campaign/definition"
	"mailshot/campaign/dispatch"
	"mailshot/campaign/ledger"
	"mailshot/internal/sink"
	"mailshot/internal/sink/sinktest"
	"mailshot/render/address"
)

// shop is a campaign of n rows whose server is a sink with rules.
type shop struct {
	*testing.T
	dir  string
	o    campaign.Options
	runs *Runs
}

func open(t *testing.T, n int, rules ...string) *shop {
	t.Helper()
	s, release := held(t, n, 0, rules...)
	release()
	return s
}

// held is a shop whose server takes the first messages, and answers no further one before release is called.
func held(t *testing.T, n int, first int64, rules ...string) (s *shop, release func()) {
	t.Helper()
	var parsed []sink.Rule
	for _, text := range rules {
		r, err := sink.ParseRule(text)
		if err != nil {
			t.Fatal(err)
		}
		parsed = append(parsed, r)
	}
	server, release := sinktest.Held(t, sink.Options{Rules: parsed}, first)
	dir := t.TempDir()
	var list strings.Builder
	list.WriteString("email\n")
	for i := range n {
		fmt.Fprintf(&list, "p%d@example.com\n", i)
	}
	for name, text := range map[string]string{
		"people.csv": list.String(), "body.md": "Hello",
		"campaign.yaml": fmt.Sprintf("id: news\nfrom: Club <club@example.org>\nsubject: Hello\nrecipients: { file: people.csv }\n"+
			"body: { markdown: body.md }\nserver: { host: %s, port: %d, tls: none }\nlimits: { connections: 2 }\n",
			server.Host(), server.Port()),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	d, err := definition.LoadWith(filepath.Join(dir, "campaign.yaml"), definition.Flags{})
	if err != nil {
		t.Fatal(err)
	}
	s = &shop{T: t, dir: dir, runs: New(), o: campaign.Options{Definition: d, Stdin: strings.NewReader(""),
		Accounts: filepath.Join(t.TempDir(), "own", "accounts.db")}}
	t.Cleanup(s.runs.Drain)
	return s, release
}

// plan begins a run and waits for its plan.
func (s *shop) plan(ask Ask) *Run {
	s.Helper()
	r, err := s.runs.Plan(s.Context(), "campaign.yaml", filepath.Join(s.dir, ".mailshot"), s.o, ask)
	if err != nil {
		s.Fatal(err)
	}
	s.until(r, func(x Snapshot) bool { return x.Phase == Planned || x.Phase == Ended })
	return r
}

// until waits until a run is as it should be.
func (s *shop) until(r *Run, is func(Snapshot) bool) Snapshot {
	s.Helper()
	for {
		changed := r.Changed()
		x := r.Snapshot()
		if is(x) {
			return x
		}
		if x.Phase == Ended {
			s.Fatalf("it has ended: %+v", x.Err)
		}
		if x.Phase == Sending || x.Phase == Draining { // outcomes wake nobody
			runtime.Gosched()
			continue
		}
		<-changed
	}
}

func ended(x Snapshot) bool { return x.Phase == Ended }

// Nothing leaves without the number, and nothing but the number sends. With Send that takes any number, the first part
// fails.
func TestNumber(t *testing.T) {
	t.Parallel()
	s := open(t, 5)
	r := s.plan(Ask{ToSink: true})
	for _, n := range []int64{0, 4, 6, -5} {
		if err := r.Send(n); !errors.Is(err, ErrNumber) {
			t.Errorf("%d: %v", n, err)
		}
	}
	if _, err := s.runs.Plan(t.Context(), "campaign.yaml", s.dir, s.o, Ask{}); !errors.Is(err, ErrBusy) {
		t.Errorf("two at once: %v", err)
	}
	if err := r.Send(5); err != nil {
		t.Fatal(err)
	}
	if err := r.Send(5); err == nil {
		t.Error("it was said twice")
	}
	x := s.until(r, ended)
	if x.Err != nil || x.Summary == nil || x.Summary.Sent != 5 || x.Files == "" || x.Rows != 5 {
		t.Errorf("%+v", x)
	}
}

// A plan that nobody wants sends nothing and gives the campaign back.
func TestLeave(t *testing.T) {
	t.Parallel()
	s := open(t, 3)
	for range 2 {
		r := s.plan(Ask{})
		r.Leave()
		r.Leave()
		if x := s.until(r, ended); x.Err != nil || x.Summary != nil {
			t.Errorf("%+v", x)
		}
	}
	l, err := ledger.Open(filepath.Join(s.dir, ".mailshot", "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if n := l.Holder("news"); n != 0 {
		t.Errorf("%d holds it", n)
	}
}

// A run is paused and goes on: each message goes once, whatever many look on meanwhile. A pause loses nothing, and the
// plan after it has what is left.
func TestPauseAndGoOn(t *testing.T) {
	t.Parallel()
	s, release := held(t, 60, 5)
	r := s.plan(Ask{})
	for range 4 { // windows
		go func() {
			for r.Phase() != Ended {
				r.Snapshot()
			}
		}()
	}
	if err := r.Send(60); err != nil {
		t.Fatal(err)
	}
	s.until(r, func(x Snapshot) bool { return x.Done >= 5 })
	r.Pause()
	release()
	x := s.until(r, ended)
	first := x.Summary.Sent
	if x.Err != nil || first < 5 || first >= 60 || x.Summary.Counts["unknown"] != 0 {
		t.Fatalf("%+v %v", x.Summary, x.Err)
	}
	r = s.plan(Ask{})
	if p := r.Snapshot().Plan; p == nil || p.ToSend != 60-first || !p.Resumed {
		t.Fatalf("%+v", p)
	}
	if err := r.Send(60 - first); err != nil {
		t.Fatal(err)
	}
	if x := s.until(r, ended); x.Err != nil || x.Summary.Sent != 60-first || x.Summary.Counts["sent"] != 60 {
		t.Errorf("%+v", x.Summary)
	}
}

// A second interrupt closes the connections: what was on the wire is unknown, and nothing is lost.
func TestAbort(t *testing.T) {
	t.Parallel()
	s := open(t, 6, "dot:3+:stall")
	r := s.plan(Ask{})
	if err := r.Send(6); err != nil {
		t.Fatal(err)
	}
	s.until(r, func(x Snapshot) bool { return x.Done >= 2 })
	r.Pause()
	r.Abort()
	r.Abort()
	x := s.until(r, ended)
	n := x.Summary.Counts
	if n["sent"] != 2 || n["unknown"]+n["pending"] != 4 || x.Summary.Interrupted != 2 {
		t.Errorf("%v, interrupted %d", n, x.Summary.Interrupted)
	}
}

// What keeps a plan from being made ends the run with its error.
func TestRefused(t *testing.T) {
	t.Parallel()
	s := open(t, 1)
	if err := os.WriteFile(filepath.Join(s.dir, "body.md"), []byte("Hello {{.nobody}}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if x := s.plan(Ask{}).Snapshot(); x.Phase != Ended || x.Err == nil || x.Plan != nil || !x.Begun.IsZero() {
		t.Errorf("%+v", x)
	}
}

// A rehearsal to several addresses came to all of what its parts came to, and what it did not come to is left: it has
// not all been sent. With the sum of the last part alone, the refusals of the first are not seen.
func TestParts(t *testing.T) {
	t.Parallel()
	s := open(t, 3, "rcpt:eve@example.org:550 5.1.1 no such user")
	to := make([]address.Address, 2)
	for i, text := range []string{"eve@example.org", "fay@example.org"} {
		var err error
		if to[i], err = address.Parse(text); err != nil {
			t.Fatal(err)
		}
	}
	r := s.plan(Ask{To: to})
	if err := r.Send(6); err != nil {
		t.Fatal(err)
	}
	sum := s.until(r, ended).Summary
	if sum.Sent != 3 || sum.Rows != 6 || sum.Counts["refused"] != 3 || sum.Counts["sent"] != 3 || sum.ExitCode() != 4 {
		t.Errorf("exit %d: %+v", sum.ExitCode(), sum)
	}
	r = &Run{}
	r.sum(&campaign.Summary{Result: dispatch.Result{Sent: 2}, Counts: map[string]int64{"sent": 2}, Rows: 2})
	r.leaves([]part{{plan: &campaign.Plan{ToSend: 2, Rows: 3, Counts: map[string]int64{"pending": 2, "invalid": 1}}}})
	if sum = r.summary; sum.Sent != 2 || sum.Left != 2 || sum.Rows != 5 || sum.Counts["pending"] != 2 ||
		sum.ExitCode() != 75 {
		t.Errorf("exit %d: %+v", sum.ExitCode(), sum)
	}
}
