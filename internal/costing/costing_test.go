package costing_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mailshot/campaign"
	"mailshot/campaign/caps"
	"mailshot/campaign/definition"
	"mailshot/campaign/ledger"
	"mailshot/campaign/meter"
	"mailshot/internal/costing"
	"mailshot/internal/sink"
)

// write makes a campaign of n people for a server.
func write(t *testing.T, n int, server string) string {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "campaign.yaml")
	var people strings.Builder
	people.WriteString("email,name\n")
	for i := range n {
		fmt.Fprintf(&people, "p%d@example.org,%s\n", i, strings.Repeat("Ann ", 1+i%7))
	}
	for name, text := range map[string]string{
		file: "id: c\nfrom: News <news@example.com>\nsubject: Hello {{.name}}\nrecipients: { file: people.csv }\n" +
			"body: { markdown: body.md, layout: plain }\nattachments:\n- { file: plan.pdf }\n" + server,
		filepath.Join(dir, "people.csv"): people.String(),
		filepath.Join(dir, "body.md"):    "Dear {{.name}}, Grüße\n\n" + strings.Repeat("This is a text, and it is long. ", 60) + "\n",
		filepath.Join(dir, "plan.pdf"):   "%PDF-1.7\n" + strings.Repeat("plan ", 700) + "\n%%EOF\n",
	} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return file
}

// open opens a campaign with a state of its own.
func open(t *testing.T, d *definition.Definition, state string) *campaign.Campaign {
	t.Helper()
	c, err := campaign.Open(t.Context(), campaign.Options{Definition: d, State: state, Accounts: state + ".accounts"})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// What an estimate says of a campaign is what the sessions of its run then count: every byte that goes up, every
// segment of a write and every round trip; and the record beside the ledger has all messages.
//
// Broken on purpose: with MAIL's SIZE left out of Add, each row was short by eleven bytes a message. Without
// what reports add, "reports" was short by 118 each. With a file's base64 taken for content, the shares did not add up.
func TestAsCounted(t *testing.T) {
	t.Parallel()
	const n = 20
	for name, c := range map[string]struct {
		hide  []string
		more  string // of the server
		also  string // of the campaign
		path  string
		exact bool // how the messages go does not hang on who waits when
		slack int64
	}{
		"lock-step":     {hide: []string{"PIPELINING", "CHUNKING"}, path: "lock-step", exact: true},
		"one at a time": {more: ", lock_step: true", path: "lock-step", exact: true},
		"reports": {
			hide: []string{"PIPELINING", "CHUNKING"}, also: "notify: [failure, delay]\n", path: "lock-step", exact: true,
		},
		"pipelined": {hide: []string{"CHUNKING"}, path: "ahead"},
		"no chunks": {more: ", chunking: off", path: "ahead"},
		"chunks":    {path: "BDAT", slack: n * 8}, // BDAT's line is longer than DATA's and the dot
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, err := sink.Start(sink.Options{Hide: c.hide})
			if err != nil {
				t.Fatal(err)
			}
			defer server.Close()
			file := write(t, n, fmt.Sprintf("server: { host: 127.0.0.1, port: %d, tls: none, helo: mail.example.com%s }\n"+
				"limits: { connections: 1 }\n%s", server.Port(), c.more, c.also))
			d, err := definition.Load(file)
			if err != nil {
				t.Fatal(err)
			}
			state := filepath.Join(filepath.Dir(file), "state", "state.db")
			part := run(t, d, state)
			if part.Taken() != n || part.Server != d.Servers[0].Name {
				t.Fatalf("counted %+v", part)
			}
			y := counter(d, &costing.Offers{Pipelining: part.Pipelining, Chunking: part.Chunking})
			e := open(t, d, state+".estimate")
			defer e.Close()
			if _, err := e.Estimate(t.Context(), campaign.EstimateOptions{Weighed: y.Add}); err != nil {
				t.Fatal(err)
			}
			got := y.Traffic(0)
			own := got.Paths[0]
			if own.Path != c.path || own.Security != "none" || own.Messages != n {
				t.Errorf("own path %s, %s, %d messages", own.Path, own.Security, own.Messages)
			}
			if own.PayloadUp < part.Sent-c.slack || own.PayloadUp > part.Sent+c.slack ||
				c.exact && own.DataUp.Upper != part.Segments {
				t.Errorf("estimated %d bytes in %d segments, sent %d in %d", own.PayloadUp, own.DataUp.Upper, part.Sent,
					part.Segments)
			}
			counted := costing.CountedOf(part)
			if part.Flights != counted.FlightsBound.Upper || c.exact && (counted.Path != c.path || own.Rounds != part.Flights+1) {
				t.Errorf("path %s, %d flights, %+v; the model waits for %d rounds, the greeting's too", counted.Path, part.Flights,
					counted.FlightsBound, own.Rounds)
			}
			if v := own.Volume.Expected; v < counted.Volume.Lower || v > counted.Volume.Upper ||
				counted.Volume.Expected < own.Volume.Lower || counted.Volume.Expected > own.Volume.Upper {
				t.Errorf("the estimate is %+v, what was counted makes %+v", own.Volume, counted.Volume)
			}
			of := got.Content
			if of.User+of.Base64+of.Quoted+of.Header != of.Size || of.Base64 < n*1000 || of.Quoted == 0 ||
				of.InBase64+of.InQuoted != of.User {
				t.Errorf("content %+v", of)
			}
		})
	}
}

// run sends a campaign, and returns what its sessions counted.
func run(t *testing.T, d *definition.Definition, state string) meter.Part {
	t.Helper()
	c := open(t, d, state)
	if _, err := c.Plan(t.Context(), campaign.PlanOptions{}); err != nil {
		t.Fatal(err)
	}
	sum, err := c.Run(t.Context(), nil, campaign.RunOptions{})
	if err != nil || sum.ExitCode() != 0 {
		t.Fatalf("%+v, %v", sum, err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	runs, err := meter.Read(ledger.Beside(state, c.ID(), meter.Ending))
	if err != nil || len(runs) != 1 || len(runs[0].Parts) != 1 {
		t.Fatalf("%+v, %v", runs, err)
	}
	return runs[0].Parts[0]
}

// counter counts for the definition's server.
func counter(d *definition.Definition, offers *costing.Offers) *costing.Counter {
	terms := caps.Terms{Limits: d.Limits, Servers: d.Servers}
	return costing.New(costing.Config{Server: d.Servers[0], Several: 1, Notify: d.Notify, Offers: offers,
		Allowance: terms.Allowance(d.Servers[0])})
}

// What a server offers is what it offered last: not what any run found.
//
// Broken on purpose: by the sum of all runs, the server that no longer offers CHUNKING still had it.
func TestOffersOf(t *testing.T) {
	t.Parallel()
	part := func(server string, sessions int64, pipelining, chunking bool) meter.Part {
		p := meter.Part{Kind: meter.Kind{Server: server, Pipelining: pipelining, Chunking: chunking}}
		p.Sessions = sessions
		return p
	}
	runs := []meter.Run{
		{Parts: []meter.Part{part("one", 9, true, true), part("gone", 1, true, true)}},
		{Parts: []meter.Part{part("one", 1, false, false), part("one", 2, true, false), part("two", 3, true, true)}},
		{Parts: []meter.Part{part("two", 1, false, false)}},
	}
	for server, want := range map[string]*costing.Offers{
		"one": {Pipelining: true}, "two": {}, "gone": {Pipelining: true, Chunking: true}, "new": nil,
	} {
		if got := costing.OffersOf(runs, server); (got == nil) != (want == nil) || got != nil && *got != *want {
			t.Errorf("%s: %+v, want %+v", server, got, want)
		}
	}
}
