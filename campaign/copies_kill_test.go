package campaign_test

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"net"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"

	"mailshot/campaign"
	"mailshot/campaign/ledger"
	"mailshot/internal/sink"
)

// A program that is killed again and again, at any command of its transactions, sends each message once: to its
// recipient and to those who get copies of it. Whoever has it is sent or unknown, and nobody is lost. No copy gets an
// empty message. Proven by settling what is begun as pending in recovery: "was mailed twice".
func TestCopiesKilled(t *testing.T) {
	t.Parallel()
	const n = 60
	rng := rand.New(rand.NewPCG(7, 7))
	var mu sync.Mutex
	var cmd *exec.Cmd
	left := 0 // events until the kill
	s, rec := startSink(t, sink.Options{Observe: func(e sink.Event) {
		if !slices.Contains([]string{"mail", "rcpt", "data", "body", "dot", "stored", "replied"}, e.Kind) {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		if left--; left == 0 && cmd != nil {
			_ = cmd.Process.Kill()
		}
	}}, "rcpt:late@*:450 4.2.1 later")
	f := newFolder(t)
	f.write(t, "campaign.yaml",
		base+"cc: [\"{{.token}}@copies.example\"]\nbcc: [archive@copies.example, late@copies.example]\n"+
			fmt.Sprintf("server: { host: %s, port: %d, tls: none }\nlimits: { connections: 3 }\n", s.Host(), s.Port()))
	f.write(t, "body.txt", "Dear {{.name}}\n")
	f.write(t, "people.csv", people(n))
	kills := 0
	for round := range 12 {
		mu.Lock()
		left = 40 + rng.IntN(120)
		if round == 11 {
			left = -1
		}
		child, _, errs := startChild(t, f)
		cmd = child
		mu.Unlock()
		err := child.Wait()
		mu.Lock()
		cmd = nil
		mu.Unlock()
		if err != nil && !child.ProcessState.Exited() {
			kills++
			continue
		}
		if f.counts(t, "test")[ledger.Pending] == 0 {
			break
		}
		t.Fatalf("round %d: %v %s", round, err, errs)
	}
	if kills < 2 {
		t.Fatalf("%d kills: the test shows nothing", kills)
	}
	f.send(t, campaign.Options{}, campaign.PlanOptions{})
	got := envelopes(t, rec)
	for to, all := range got {
		who := strings.TrimSuffix(strings.TrimPrefix(to, "p"), "@example.com")
		if want := []string{to, "tok" + who + "tok@copies.example", "archive@copies.example"}; !slices.Equal(all, want) {
			t.Errorf("%v, want %v", all, want)
		}
	}
	for _, r := range rec.accepted(t) {
		if r.Size < 200 {
			t.Errorf("%v got a message of %d bytes", r.To, r.Size)
		}
	}
	counts := f.counts(t, "test")
	if counts[ledger.Sent]+counts[ledger.Unknown] != n || int64(len(got)) < counts[ledger.Sent] ||
		counts[ledger.Unknown] > int64(3*kills) {
		t.Errorf("%v after %d kills, %d messages at the server", counts, kills, len(got))
	}
}

// lmtp is a server of LMTP that answers the first message of each person with 451 for them, and takes it for the
// copies.
type lmtp struct {
	mu  sync.Mutex
	got map[string][]string // recipients of whom it took a message, by the message's first
}

func (l *lmtp) serve(conn net.Conn) {
	defer conn.Close()
	br := bufio.NewReader(conn)
	say := func(s string) { fmt.Fprintf(conn, "%s\r\n", s) }
	say("220 lmtp.example")
	var to []string
	for {
		line, err := br.ReadString('\n')
		if err != nil {
			return
		}
		switch verb, arg, _ := strings.Cut(strings.TrimSpace(line), " "); verb {
		case "LHLO":
			say("250-lmtp.example\r\n250 PIPELINING")
		case "RCPT":
			address, _, _ := strings.Cut(strings.TrimPrefix(arg, "TO:<"), ">")
			to = append(to, address)
			say("250 ok")
		case "DATA":
			say("354 go on")
			for line != ".\r\n" && err == nil {
				line, err = br.ReadString('\n')
			}
			l.mu.Lock()
			first := l.got[to[0]] == nil
			for i, one := range to {
				if i == 0 && first {
					say("451 4.2.1 the mailbox is busy")
					continue
				}
				l.got[to[0]] = append(l.got[to[0]], one)
				say("250 2.0.0 delivered")
			}
			l.mu.Unlock()
			to = nil
		case "QUIT":
			say("221 bye")
			return
		default:
			if verb == "MAIL" {
				to = nil
			}
			say("250 ok")
		}
	}
}

// A server of LMTP may take a message for the copies and defer it for its recipient. It is tried again without the
// copies that have it, so that nobody gets it twice. Proven with Copies.has that knows of nobody: each copy got it
// twice.
func TestCopiesByLMTP(t *testing.T) {
	t.Parallel()
	l := &lmtp{got: map[string][]string{}}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { l.serve(conn) })
		}
	})
	t.Cleanup(func() { ln.Close(); serving.Wait() })
	f := newFolder(t)
	f.write(t, "campaign.yaml", base+"cc: [\"{{.token}}@copies.example\"]\nbcc: [archive@copies.example]\n"+
		fmt.Sprintf("server: { host: 127.0.0.1, port: %d, protocol: lmtp, tls: none }\n", ln.Addr().(*net.TCPAddr).Port)+
		"limits: { retry: { first: 1s, max: 1s, give_up: 48h } }\n")
	f.write(t, "body.txt", "Dear {{.name}}\n")
	f.write(t, "people.csv", people(5))
	sum := f.send(t, campaign.Options{}, campaign.PlanOptions{})
	want(t, sum, map[ledger.State]int64{ledger.Sent: 5})
	l.mu.Lock()
	defer l.mu.Unlock()
	for to, all := range l.got {
		who := strings.TrimSuffix(strings.TrimPrefix(to, "p"), "@example.com")
		if want := []string{"tok" + who + "tok@copies.example", "archive@copies.example", to}; !slices.Equal(all, want) {
			t.Errorf("%s: %v, want %v", to, all, want)
		}
	}
	if said := copiesOf(t, f, "p1@example.com"); !strings.Contains(said, "has it already") {
		t.Error(said)
	}
}
