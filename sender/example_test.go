package sender_test

import (
	"context"
	"fmt"
	"log"
	"strings"
	"sync"
	"time"

	"mailshot/internal/sink"
	"mailshot/sender"
	"mailshot/sender/limits"
	"mailshot/sender/reply"
)

// Ready messages go through a pool of two connections. Here the server is a catch-all on loopback; Config for a
// real one has its host, its port, Username and Password, and leaves TLS as it is by default.
func Example() {
	server, err := sink.Start(sink.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()

	pool, err := sender.New(sender.Config{Host: server.Host(), Port: server.Port(), TLS: "none", Connections: 2})
	if err != nil {
		log.Fatal(err)
	}
	defer pool.Close()
	ctx := context.Background()
	if err := pool.Check(ctx); err != nil {
		log.Fatal(err)
	}

	people := []string{"ann@example.org", "bob@example.org", "cyd@example.org"}
	outcomes := make([]sender.Outcome, len(people))
	var wg sync.WaitGroup
	for i, to := range people {
		wg.Go(func() {
			message := "From: news@example.com\r\nTo: " + to + "\r\nSubject: News\r\n\r\nHello.\r\n"
			mail := sender.Mail{From: "news@example.com", To: to,
				Size: int64(len(message)), Body: strings.NewReader(message)}
			outcomes[i] = pool.Send(ctx, mail, func(context.Context) error {
				return nil // make durable here that the message to this person has begun
			})
		})
	}
	wg.Wait()
	for i, out := range outcomes {
		fmt.Println(people[i], out.Class, out.Code)
	}
	fmt.Println(server.Accepted(), "messages accepted")
	// Output:
	// ann@example.org ok 250
	// bob@example.org ok 250
	// cyd@example.org ok 250
	// 3 messages accepted
}

// The class of an Outcome says what may be done with the message next.
func ExampleOutcome() {
	var rules []sink.Rule
	for _, s := range []string{
		"rcpt:gone@example.org:550 5.1.1 no such user",
		"rcpt:grey@example.org:451 4.7.1 come back later",
		"dot:lost@example.org:store-drop",
	} {
		rule, err := sink.ParseRule(s)
		if err != nil {
			log.Fatal(err)
		}
		rules = append(rules, rule)
	}
	server, err := sink.Start(sink.Options{Rules: rules})
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	pool, err := sender.New(sender.Config{Host: server.Host(), Port: server.Port(), TLS: "none"})
	if err != nil {
		log.Fatal(err)
	}
	defer pool.Close()

	begin := func(context.Context) error { return nil }
	for _, to := range []string{"ann@example.org", "gone@example.org", "grey@example.org", "lost@example.org"} {
		message := strings.NewReader("Subject: News\r\n\r\nHello.\r\n")
		mail := sender.Mail{From: "news@example.com", To: to, Body: message}
		switch out := pool.Send(context.Background(), mail, begin); out.Class {
		case reply.OK:
			fmt.Println(to, "is sent")
		case reply.Refuse, reply.Message:
			fmt.Println(to, "is refused at", out.Stage, "and goes on the suppression list:", out.Suppress)
		case reply.Retry, reply.Hold:
			fmt.Println(to, "is tried again; the answer is about the", out.About)
		case reply.Stop:
			fmt.Println("no message of this run will pass:", out.Err)
		case reply.Unknown:
			fmt.Println(to, "may have it or not, and a person decides; begun:", out.Begun)
		default:
			fmt.Println(to, "is as it was:", out.Err)
		}
	}
	// Output:
	// ann@example.org is sent
	// gone@example.org is refused at rcpt and goes on the suppression list: true
	// grey@example.org is tried again; the answer is about the recipient
	// lost@example.org may have it or not, and a person decides; begun: true
}

// A probe shows what a server offers before anything is sent to it.
func ExampleProbe() {
	server, err := sink.Start(sink.Options{Hide: []string{"CHUNKING"}})
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	cfg := sender.Config{Host: server.Host(), Port: server.Port(), TLS: "none"}
	probed, err := sender.Probe(context.Background(), cfg, sender.ProbeOptions{Until: "ehlo"})
	if err != nil {
		log.Fatal(err) // the configuration is wrong
	}
	if probed.Err != nil {
		log.Fatal(probed.Err) // the server is
	}
	_, pipelining := probed.Extensions["PIPELINING"]
	_, chunking := probed.Extensions["CHUNKING"]
	fmt.Println("reached", probed.Reached, "- pipelining:", pipelining, "- chunking:", chunking)
	// Output:
	// reached ehlo - pipelining: true - chunking: false
}

// A gate admits two messages an hour, and says when the third may go.
func ExampleGate() {
	hourly := limits.Cap{N: 2, Window: time.Hour}
	account := sender.Limit{Key: "mail.example/ann", Caps: []limits.Cap{hourly}}
	g := sender.NewGate(sender.NewMemoryBudget(), account, nil)
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	pick := func([]string) (lane string, ok bool) { return "example.org", true }
	for range 3 {
		r, wait, err := g.Admit(context.Background(), now, pick, func() {})
		switch {
		case err != nil:
			fmt.Println(err)
		case r == nil:
			fmt.Println("wait until", wait.UTC().Format("15:04"))
		default:
			r.Stamp(now)
			fmt.Println("sent")
		}
	}
	// Output:
	// sent
	// sent
	// wait until 10:00
}
