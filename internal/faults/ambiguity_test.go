package faults

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"mailshot/campaign/ledger"
	"mailshot/internal/sink"
)

// What a server may do to one recipient's message, and what is right then: the state, and how many messages the server has. The names are
// the addresses' local parts.
type doubt struct {
	name, rule string
	state      ledger.State
	has        int
}

// atTheDot is what may come in place of the reply to the end of the message. All but a complete reply leaves it in doubt.
var atTheDot = []doubt{
	{"stored-then-dropped", "dot:store-drop", ledger.Unknown, 1},
	{"dropped-not-stored", "dot:drop", ledger.Unknown, 0},
	{"stored-then-reset", "dot:store-reset", ledger.Unknown, 1},
	{"reset-not-stored", "dot:reset", ledger.Unknown, 0},
	{"two-digits", `dot:raw "25" drop`, ledger.Unknown, 0},
	{"two-digits-stored", `dot:store-raw "25" drop`, ledger.Unknown, 1},
	{"first-of-two-lines", `dot:raw "250-x\r\n" drop`, ledger.Unknown, 1},
	{"line-without-an-end", `dot:raw "250 ok" drop`, ledger.Unknown, 0},
	{"half-a-line", "dot:half", ledger.Unknown, 0},
	{"half-a-line-stored", "dot:store-half", ledger.Unknown, 1},
	{"garbage", "dot:garbage", ledger.Unknown, 0},
	{"garbage-stored", "dot:store-garbage", ledger.Unknown, 1},
	{"binary", `dot:raw "\x00\x01\xfe\xff\r\n"`, ledger.Unknown, 0},
	{"an-empty-line", `dot:raw "\r\n"`, ledger.Unknown, 0},
	{"354", "dot:354 go on", ledger.Unknown, 0},
	{"600", "dot:600 what", ledger.Unknown, 0},
	{"600-stored", "dot:store-600 what", ledger.Unknown, 1},
	{"199", "dot:199 what", ledger.Unknown, 0},
	{"two-codes", `dot:raw "250-yes\r\n550 no\r\n"`, ledger.Unknown, 1},
	{"250-without-text", `dot:raw "250\r\n"`, ledger.Sent, 1},
	{"250-of-two-lines", `dot:raw "250-a\r\n250 b\r\n"`, ledger.Sent, 1},
	{"4xx-once", "dot:once:451 4.3.0 try again", ledger.Sent, 1},
	{"5xx", "dot:554 5.6.0 not this", ledger.Refused, 0},
}

// ordinary are the people between two of the others, so that a connection has taken a message before: BDAT needs that.
const ordinary = 6

// among is a list in which the people of doubts stand among ordinary ones, and the rules for them.
func among(doubts []doubt) (people, rules []string) {
	for i, d := range doubts {
		people = append(people, d.name+"@example.com")
		point, action, _ := strings.Cut(d.rule, ":")
		when, rest, conditional := strings.Cut(action, ":")
		if conditional && when == "once" {
			rules = append(rules, fmt.Sprintf("%s:%s@example.com,once:%s", point, d.name, rest))
		} else {
			rules = append(rules, fmt.Sprintf("%s:%s@example.com:%s", point, d.name, action))
		}
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
			t.Errorf("%s (%s) is unknown and was sent whole %d times", to, d.rule, offered[to])
		}
		if state != d.state || has[to] != d.has {
			t.Errorf("%s (%s) is %s and the server has %d, want %s and %d", to, d.rule, state, has[to], d.state, d.has)
		}
	}
}

// Whatever a server says or does not say to the end of a message: in doubt are exactly those to whom it gave no complete reply, whether it
// kept their messages or not, and they are not sent again; a complete temporary refusal is tried again.
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
			lumped := slices.DeleteFunc(slices.Clone(atTheDot), func(d doubt) bool { return data[d.name+"@example.com"] })
			if chunked := p.hide == nil; chunked != (len(lumped) > len(atTheDot)/2) {
				t.Errorf("%d of %d were sent to by BDAT", len(lumped), len(atTheDot))
			}
		})
	}
}

// Where the path decides. Under DATA all that fails before the message is begun is tried again, and a reply that is read counts though
// something came behind it. A message that goes in one write with its envelope is in doubt from MAIL on. A body that leaves in one write, as
// small ones do, was sent whole whenever the connection breaks.
func TestAmbiguityByPath(t *testing.T) {
	t.Parallel()
	const unknown, sent = ledger.Unknown, ledger.Sent
	for _, c := range []struct {
		name, rule string
		state      map[string]ledger.State // by path
		has        map[string]int
		offered    int
	}{
		{"dropped at RCPT", "rcpt:odd@*,once:drop", map[string]ledger.State{"lock-step": sent, "pipelined": sent, "BDAT": unknown}, map[string]int{"lock-step": 1, "pipelined": 1, "BDAT": 0}, 1},
		{"dropped at DATA", "data:odd@*,once:drop", map[string]ledger.State{"lock-step": sent, "pipelined": sent, "BDAT": sent}, map[string]int{"lock-step": 1, "pipelined": 1, "BDAT": 1}, 1},
		{"dropped in the body", "body:odd@*,once:drop", map[string]ledger.State{"lock-step": unknown, "pipelined": unknown, "BDAT": unknown}, nil, 0},
		{"a reply too many", `dot:odd@*:raw "250 ok\r\n250 more\r\n"`, map[string]ledger.State{"lock-step": sent, "BDAT": unknown}, map[string]int{"lock-step": 1, "BDAT": 1}, 1},
		{"421 to the dot", "dot:odd@*,once:421 4.3.2 going down", map[string]ledger.State{"lock-step": sent, "pipelined": sent, "BDAT": sent}, map[string]int{"lock-step": 1, "pipelined": 1, "BDAT": 1}, 2},
	} {
		for _, p := range paths {
			if c.state[p.name] == "" {
				continue // it hangs on whether an envelope went out behind the message
			}
			t.Run(c.name+"/"+p.name, func(t *testing.T) {
				t.Parallel()
				people := append(append(People(5), "odd@example.com"), People(10)[5:]...)
				s := newStage(t, SinkOptions{Hide: p.hide, Rules: []string{c.rule}}, Campaign{Addresses: people, Connections: 1})
				want := doubt{"odd", c.rule, c.state[p.name], c.has[p.name]}
				s.finish(map[ledger.State]int{sent: 0, unknown: 5}[want.state])
				settled(t, s, []doubt{want})
				if n := s.Offered()["odd@example.com"]; want.has > 0 && n != c.offered {
					t.Errorf("it was sent whole %d times, want %d", n, c.offered)
				}
			})
		}
	}
}

// A reset right behind the 250 may overtake it: the message is sent or in doubt, and the server has it once.
func TestResetBehindTheReply(t *testing.T) {
	t.Parallel()
	for _, p := range paths {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, SinkOptions{Hide: p.hide, Rules: []string{`dot:10+:raw "250 ok\r\n" reset`}}, Campaign{Addresses: People(30), Connections: 4})
			v := s.sendAll()
			for range 9 {
				if v.Counts[ledger.Pending] == 0 {
					break
				}
				v = s.sendAll()
			}
			if n := v.Acknowledged + len(v.Unknown); n != 30 || len(v.Recovered) != len(v.Unknown) || s.Accepted() != 30 {
				t.Errorf("the server has %d: %s", s.Accepted(), v)
			}
		})
	}
}

// What is in doubt is sent again when a person asks for it, and then once.
func TestResendByAPerson(t *testing.T) {
	t.Parallel()
	s := newStage(t, SinkOptions{Rules: []string{"dot:p7@*,once:drop", "dot:p9@*,once:store-drop"}}, Campaign{Addresses: People(20)})
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
