package faults

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mailshot/campaign/ledger"
	"mailshot/internal/sink"
)

// path is one of the ways a message goes out, forced by what the server offers.
type path struct {
	name string
	hide []string
}

var paths = []path{
	{"lock-step", []string{"PIPELINING", "CHUNKING"}},
	{"pipelined", []string{"CHUNKING"}},
	{"BDAT", nil},
}

// moment is when a program is killed.
type moment struct {
	kind  string  // "plan" or "time": since its start; "ledger": a write of that; "sink": a mark
	point Point   // of sink
	share float64 // of what a run is expected to do before it is killed, uniform in 0…1; at a body also of its bytes
}

func (m moment) String() string {
	if m.kind == "sink" {
		return "at " + string(m.point)
	}
	return m.kind
}

// draw draws a moment.
func draw(r *rand.Rand) moment {
	m := moment{share: r.Float64()}
	switch n := r.IntN(6); {
	case n == 0 || n == 1 && !watched:
		m.kind = "time"
	case n == 1:
		m.kind = "ledger"
	default:
		m.kind, m.point = "sink", Points()[r.IntN(len(Points()))]
	}
	return m
}

// pace is how far a run gets, learnt from the runs before: so that a share of it is a moment in it.
type pace struct{ start, each float64 }

func (p *pace) learn(start, end float64, messages int) {
	const weight = 0.2
	p.start += weight * (start - p.start)
	if messages > 0 {
		p.each += weight * ((end-start)/float64(messages) - p.each)
	}
}

// at is the share of a run that sends so many messages.
func (p *pace) at(share, messages float64) float64 { return share * (p.start + messages*p.each) }

// series sends a campaign, kills the program again and again on the way, and looks at the disk after each kill.
type series struct {
	*stage
	connections int
	body        int // bytes of a message, about
	chunking    bool
	planToo     bool // kill it while it plans, too
	random      *rand.Rand
	draw        func(*rand.Rand) moment

	clock, writes pace // of a run, in seconds and in writes of the ledger
	mail          struct {
		sync.Mutex
		n      int // how often MAIL has come
		most   int // at this one it is killed, if the moment has not come
		kill   func()
		first  time.Time // in this run
		writes int64     // of the ledger until then
	}
	seen  atomic.Int64 // writes of the ledger in this run
	lines atomic.Int64 // DATA, in all runs
}

// newSeries prepares a series; s.stage is of its own.
func newSeries(t testing.TB, p path, people, connections int, seed uint64, draw func(*rand.Rand) moment) *series {
	t.Helper()
	return newSeriesOf(t, p, Campaign{Addresses: People(people), Connections: connections}, seed, draw)
}

// newSeriesOf is newSeries of a campaign.
func newSeriesOf(t testing.TB, p path, c Campaign, seed uint64, draw func(*rand.Rand) moment) *series {
	t.Helper()
	s := &series{connections: c.Connections, body: 1500, chunking: p.hide == nil,
		random: rand.New(rand.NewPCG(seed, 0)), draw: draw, clock: pace{0.1, 0.001}, writes: pace{20, 3}}
	c.Body = s.body
	s.stage = newStage(t, SinkOptions{Hide: p.hide, Seed: seed, Rules: []string{"rcpt:1%:451 4.3.0 try again"},
		Observe: func(e sink.Event) {
			if e.Kind == string(Data) {
				s.lines.Add(1)
			}
			if e.Kind != string(Mail) {
				return
			}
			s.mail.Lock()
			defer s.mail.Unlock()
			if s.mail.n++; s.mail.first.IsZero() {
				s.mail.first, s.mail.writes = time.Now(), s.seen.Load()
			}
			if s.mail.n == s.mail.most {
				s.mail.kill()
			}
		}}, c)
	return s
}

// run kills the program that often, and then lets it finish. It fails at the first kill after which the promise is
// broken.
func (s *series) run(people, kills int) *Verdict {
	s.t.Helper()
	n, byKind := 0, map[string]int{}
	planning := 0.03 // how long, it is believed
	before := &Verdict{}
	for n < kills {
		left := people - before.Acknowledged - len(before.Unknown)
		// What is left must do for the kills that are left, each of which costs what is on the wire besides.
		messages := max(1, 1.6*(float64(left)/float64(kills-n)-float64(s.connections)))
		at := s.draw(s.random)
		if before.Rows == 0 && s.planToo && n < max(1, kills/4) {
			// Nothing is frozen, so that the kill can hit the plan too. The other kills are for the run.
			at = moment{kind: "plan", share: s.random.Float64() * planning}
			planning *= 1.4
		}
		how, killed := s.once(at, messages)
		v := s.verdict()
		if in := v.Counts[ledger.Begun]; in > int64(2*s.connections) { // one on the wire and one ahead of it
			s.t.Errorf("%d are begun with %d connections", in, s.connections)
		}
		if more := len(v.Unknown) - len(before.Unknown); more > s.connections {
			s.t.Errorf("the kill before left %d unknown with %d connections", more, s.connections)
		}
		if s.t.Failed() {
			s.t.Fatalf("kill %d was %s", n+1, how)
		}
		if n%2 == 0 { // else the next send is the first to look
			s.remembered(s.Sink, "after a kill "+how)
		}
		before = v
		if killed {
			byKind[at.String()]++
			n++
		} else if left == 0 {
			break // sooner than expected
		}
	}
	v := s.finishDoubtful()
	if done := int64(v.Acknowledged) + v.Counts[ledger.Unknown]; done != int64(people) {
		s.t.Errorf("%d are sent or unknown, want all %d", done, people)
	}
	for to, times := range s.Offered() {
		if times > 1 {
			s.t.Errorf("%s was sent whole %d times", to, times)
		}
	}
	s.t.Logf("%d kills (%s): %s", n, strings.TrimPrefix(fmt.Sprint(byKind), "map"), v)
	// How fast a run goes is learnt from the runs before: in the short form one wrong guess lets a third of the people
	// through.
	least := kills / 2
	if *long {
		least = kills * 3 / 4
	}
	if n < least {
		s.t.Errorf("everybody was sent to after %d kills, want %d", n, kills)
	}
	if lines := s.lines.Load(); s.chunking != (lines < int64(v.Attempted)/2) {
		s.t.Errorf("DATA was said %d times to %d people: not the path that was meant", lines, v.Attempted)
	}
	return v
}

// once runs the program and kills it at a moment of a run of so many messages. It reports whether the kill came before
// the program's own end, and what the moment was.
func (s *series) once(at moment, messages float64) (how string, killed bool) {
	s.t.Helper()
	limit := int64(math.MaxInt64)
	if at.kind == "ledger" {
		limit = 1 + int64(s.writes.at(at.share, messages))
		how = fmt.Sprintf("at write %d of the ledger", limit)
	}
	began := time.Now()
	p := s.send()
	s.mail.Lock()
	// A moment that was reckoned for a slower machine may never come, and then all would go in this one run.
	s.mail.first, s.mail.n, s.mail.most, s.mail.kill = time.Time{}, 0, int(2*messages)+s.connections, p.Kill
	s.mail.Unlock()
	stop := s.watchLedger(limit, p.Kill)
	switch at.kind {
	case "plan", "time":
		seconds := at.share
		if at.kind == "time" {
			seconds = s.clock.at(at.share, messages)
		}
		how = fmt.Sprintf("%.4f s after the start", seconds)
		defer time.AfterFunc(time.Duration(seconds*float64(time.Second)), p.Kill).Stop()
	case "sink":
		whole, part := math.Modf(at.share * messages)
		mark := Mark{Point: at.point, N: 1 + int(whole)}
		switch {
		case at.point == Connect, at.point == Data && s.chunking:
			mark.N = 1 + int(at.share*float64(s.connections)) // BDAT is for what follows a connection's first message
		case at.point == Body:
			mark.Byte = int64(part * float64(s.body))
		}
		how = "at " + mark.String()
		s.Strike(mark, p.Kill)
	}
	code, err := p.Wait()
	if err != nil {
		s.t.Fatal(err)
	}
	ended := time.Now()
	s.Strike(Mark{}, nil)
	stop()
	s.mail.Lock()
	defer s.mail.Unlock()
	if !s.mail.first.IsZero() {
		s.clock.learn(s.mail.first.Sub(began).Seconds(), ended.Sub(began).Seconds(), s.mail.n)
		s.writes.learn(float64(s.mail.writes), float64(s.seen.Load()), s.mail.n)
	}
	if killed = code == -1; !killed && code != 0 && code != 5 && code != 75 {
		_, talk := p.Output()
		s.t.Fatalf("it ended with exit code %d\n%s", code, talk)
	}
	return how, killed
}

// Killed at random moments, uniform in time, in the ledger's writes, and at every point of the conversation, and
// resumed until done: nobody lost, nobody twice, at most one in doubt for each connection and kill, and the states add
// up after each.
//
// Proven by breaking the code, one after the other. What a run finds begun made pending again: "7 duplicated" (2 and 4
// on the other paths) after a kill. Sent settled before the reply: "1 lost", "2 lost". Begin moved behind the last byte
// of the message: "3 unexpected: p69@example.com, p70@example.com, p74@example.com". Begin returning before its
// transaction is committed: "1 unexpected" with BDAT; on the other paths the run stopped itself, for it settled what
// was not begun. The transaction committed and not synced (synchronous OFF) was not seen here, and cannot be: what a
// program has written outlives it. The power cut is for that.
func TestKills(t *testing.T) {
	people, kills := 400, 12
	if *long {
		people, kills = 10_000, 200
	}
	for _, p := range paths {
		t.Run(p.name, func(t *testing.T) {
			t.Logf("-faults.seed %d", *seed)
			s := newSeries(t, p, people, 8, *seed, draw)
			s.planToo = true
			s.run(people, kills)
		})
	}
}

// Killed by the server on reading the end of a message, before it answers: those messages are not sent again.
//
// Proven by breaking the code. What a run finds begun made pending again: "6 duplicated", "7 duplicated". Sent settled
// before the reply: "3 lost", "1 lost". Begin moved behind the last byte: "1 unexpected" on each path.
func TestKillsAtTheDot(t *testing.T) {
	people, kills := 300, 12
	if *long {
		people, kills = 4_000, 100
	}
	for _, p := range paths {
		t.Run(p.name, func(t *testing.T) {
			t.Logf("-faults.seed %d", *seed)
			v := newSeries(t, p, people, 8, *seed, func(r *rand.Rand) moment {
				return moment{kind: "sink", point: Dot, share: r.Float64()}
			}).run(people, kills)
			if n := len(v.Recovered); n < 1 {
				t.Error("no kill left a message in doubt that the server has")
			}
		})
	}
}
