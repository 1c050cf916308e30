package faults

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"mailshot/campaign/ledger"
	"mailshot/internal/sink"
)

// What a server may do to one recipient's message, and what is right then: the state, and how many messages the server
// has. The names are the addresses' local parts.
type doubt struct {
	name, reply string // a rule's action
	state       ledger.State
	has         int
}

// atTheDot is what may come in place of the reply to the end of the message. All but a complete reply leaves it in
// doubt.
var atTheDot = []doubt{
	{"stored-then-dropped", "store-drop", ledger.Unknown, 1},
	{"dropped-not-stored", "drop", ledger.Unknown, 0},
	{"stored-then-reset", "store-reset", ledger.Unknown, 1},
	{"reset-not-stored", "reset", ledger.Unknown, 0},
	{"two-digits", `raw "25" drop`, ledger.Unknown, 0},
	{"two-digits-stored", `store-raw "25" drop`, ledger.Unknown, 1},
	{"first-of-two-lines", `raw "250-x\r\n" drop`, ledger.Unknown, 1},
	{"line-without-an-end", `raw "250 ok" drop`, ledger.Unknown, 0},
	{"half-a-line", "half", ledger.Unknown, 0},
	{"half-a-line-stored", "store-half", ledger.Unknown, 1},
	{"garbage", "garbage", ledger.Unknown, 0},
	{"garbage-stored", "store-garbage", ledger.Unknown, 1},
	{"binary", `raw "\x00\x01\xfe\xff\r\n"`, ledger.Unknown, 0},
	{"an-empty-line", `raw "\r\n"`, ledger.Unknown, 0},
	{"354", "354 go on", ledger.Unknown, 0},
	{"600", "600 what", ledger.Unknown, 0},
	{"600-stored", "store-600 what", ledger.Unknown, 1},
	{"199", "199 what", ledger.Unknown, 0},
	{"two-codes", `raw "250-yes\r\n550 no\r\n"`, ledger.Unknown, 1},
	{"250-without-text", `raw "250\r\n"`, ledger.Sent, 1},
	{"250-of-two-lines", `raw "250-a\r\n250 b\r\n"`, ledger.Sent, 1},
	{"4xx", "451 4.3.0 try again", ledger.Sent, 1},
	{"5xx", "554 5.6.0 not this", ledger.Refused, 0},
}

// ordinary are the people between two of the others, so that a connection has taken a message before: BDAT needs that.
const ordinary = 6

// among is a list in which the people of doubts stand among ordinary ones, and the rules for them. Each rule holds for
// the first time only, so that a message that is sent again would be taken.
func among(doubts []doubt) (people, rules []string) {
	for i, d := range doubts {
		people = append(people, d.name+"@example.com")
		rules = append(rules, fmt.Sprintf("dot:%s@example.com,once:%s", d.name, d.reply))
		for j := range ordinary {
			people = append(people, fmt.Sprintf("p%d-%d@example.com", i, j))
		}
	}
	return people, rules
}

// settled compares what became of each with what is right.
func settled(t *testing.T, s *stage, doubts []doubt) {
	t.Helper()
	v := s.verdict()
	records, err := s.Records()
	if err != nil {
		t.Fatal(err)
	}
	has := map[string]int{}
	for _, r := range records {
		has[r.To[0]]++
	}
	want := map[string]doubt{}
	for _, d := range doubts {
		want[d.name+"@example.com"] = d
	}
	offered := s.Offered()
	for to, state := range v.States {
		d, odd := want[to]
		if !odd {
			d = doubt{state: ledger.Sent, has: 1}
		}
		if state == ledger.Unknown && offered[to] > 1 {
			t.Errorf("%s (%s) is unknown and was sent whole %d times", to, d.reply, offered[to])
		}
		if state != d.state || has[to] != d.has {
			t.Errorf("%s (%s) is %s and the server has %d, want %s and %d", to, d.reply, state, has[to], d.state, d.has)
		}
	}
}

// Whatever a server says or does not say to the end of a message: in doubt are exactly those to whom it gave no
// complete reply, whether it kept their messages or not, and they are not sent again; a complete temporary refusal is
// tried again.
//
// Proven by deferring what is in doubt, as if it had been refused: "8 duplicated: stored-then-dropped@example.com, …",
// and none unknown.
func TestAmbiguity(t *testing.T) {
	t.Parallel()
	for _, p := range paths {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			people, rules := among(atTheDot)
			var mu sync.Mutex
			data := map[string]bool{} // who was not sent to by BDAT
			s := newStage(t, SinkOptions{Hide: p.hide, Rules: rules, Observe: func(e sink.Event) {
				if e.Kind == string(Data) {
					mu.Lock()
					defer mu.Unlock()
					data[e.To[0]] = true
				}
			}}, Campaign{Addresses: people, Connections: 2})
			s.finish(5)
			settled(t, s, atTheDot)
			s.finish(5) // a further send sends nothing
			settled(t, s, atTheDot)
			lumped := slices.DeleteFunc(slices.Clone(atTheDot),
				func(d doubt) bool { return data[d.name+"@example.com"] })
			if chunked := p.hide == nil; chunked != (len(lumped) > len(atTheDot)/2) {
				t.Errorf("%d of %d were sent to by BDAT", len(lumped), len(atTheDot))
			}
		})
	}
}

// Where the path decides. Under DATA all that fails before the message is begun is tried again, and a reply that is
// read counts though something came behind it. A message that goes in one write with its envelope is in doubt from MAIL
// on. A body that leaves in one write, as small ones do, was sent whole whenever the connection breaks.
func TestAmbiguityByPath(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, rule string
		unknown    []string // the paths on which it is in doubt; on the others it is sent
		kept       int      // how many messages the server has where it is in doubt
		offered    int      // how often it was sent whole
		not        string   // a path on which it hangs on what else was on the wire
	}{
		{"dropped at RCPT", "rcpt:odd@*,once:drop", []string{"BDAT"}, 0, 1, ""},
		{"dropped at DATA", "data:odd@*,once:drop", nil, 0, 1, ""},
		{"dropped in the body", "body:odd@*,once:drop", []string{"lock-step", "pipelined", "BDAT"}, 0, 0, ""},
		{"a reply too many", `dot:odd@*:raw "250 ok\r\n250 more\r\n"`, []string{"BDAT"}, 1, 1, "pipelined"},
		{"421 to the dot", "dot:odd@*,once:421 4.3.2 going down", nil, 0, 2, ""},
	} {
		for _, p := range paths {
			if p.name == c.not || c.offered > 1 && !*long { // half a minute, for a server that asked for less is spared
				continue
			}
			t.Run(c.name+"/"+p.name, func(t *testing.T) {
				t.Parallel()
				people := append(People(5), "odd@example.com")
				if c.offered < 2 {
					people = append(people, "after@example.com")
				}
				s := newStage(t, SinkOptions{Hide: p.hide, Rules: []string{c.rule}},
					Campaign{Addresses: people, Connections: 1})
				want, code := doubt{"odd", c.rule, ledger.Sent, 1}, 0
				if slices.Contains(c.unknown, p.name) {
					want.state, want.has, code = ledger.Unknown, c.kept, 5
				}
				s.finish(code)
				settled(t, s, []doubt{want})
				if n := s.Offered()["odd@example.com"]; want.has > 0 && n != c.offered {
					t.Errorf("it was sent whole %d times, want %d", n, c.offered)
				}
			})
		}
	}
}

// A reset right behind the 250 may overtake it: the message is sent or in doubt, and the server has it once. It may
// also meet the next message on that connection: one that goes by BDAT is in doubt then, for it was begun, and the
// server has nothing of it.
func TestResetBehindTheReply(t *testing.T) {
	t.Parallel()
	for _, p := range paths {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, SinkOptions{Hide: p.hide, Rules: []string{`dot:10+:raw "250 ok\r\n" reset`}},
				Campaign{Addresses: People(30), Connections: 4})
			v := s.sendAll()
			for range 9 {
				if v.Counts[ledger.Pending] == 0 {
					break
				}
				v = s.sendAll()
			}
			n, has := v.Acknowledged+len(v.Unknown), v.Acknowledged+len(v.Recovered)
			if n != 30 || s.Accepted() != int64(has) || has != 30 && p.name != "BDAT" {
				t.Errorf("the server has %d: %s", s.Accepted(), v)
			}
			for to, n := range s.Offered() {
				if n > 1 {
					t.Errorf("%s was sent whole %d times", to, n)
				}
			}
		})
	}
}

// What is in doubt is sent again when a person asks for it, and then once.
func TestResendByAPerson(t *testing.T) {
	t.Parallel()
	s := newStage(t, SinkOptions{Rules: []string{"dot:p7@*,once:drop", "dot:p9@*,once:store-drop"}},
		Campaign{Addresses: People(20)})
	s.finish(5)
	for _, args := range [][]string{{"resend", "p7@example.com"}, {"sent", "p9@example.com"}} {
		p, err := Start(s.Command("resolve", "--as", args[0], "campaign.yaml", args[1]))
		if err != nil {
			t.Fatal(err)
		}
		if code, err := p.Wait(); code != 0 || err != nil {
			_, talk := p.Output()
			t.Errorf("resolve %v: exit code %d, %v\n%s", args, code, err, talk)
		}
	}
	s.finish(0)
	if v := s.verdict(); v.Acknowledged != 20 || s.Accepted() != 20 {
		t.Errorf("the server has %d: %s", s.Accepted(), v)
	}
}
