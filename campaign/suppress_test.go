package campaign_test

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"mailshot/campaign"
	"mailshot/campaign/dispatch"
	"mailshot/campaign/ledger"
	"mailshot/internal/sink"
)

// Whoever comes onto a file of suppress: while the run goes on is not mailed after that, by address, domain or
// wildcard, in any spelling; and who was taken out of it in the run is not mailed all the same. Proven by taking
// refresh out of check: the four were mailed.
func TestSuppressFileInTheRun(t *testing.T) {
	t.Parallel()
	s, rec := startSink(t, sink.Options{})
	f := newFolder(t)
	f.write(t, "campaign.yaml", strings.Replace(base+"suppress: [no.csv]\n"+server(s, ""), "connections: 4",
		"connections: 1", 1))
	f.write(t, "body.txt", "Dear {{.name}}\n")
	f.write(t, "no.csv", "p3@example.com\n")
	f.write(t, "people.csv", people(10)+
		"Jose\u0301@B\u00fccher.example,J,t\nsub@x.example.org,S,t\nany@example.net,A,t\ntop@example.org,T,t\n")
	var once sync.Once
	sum := func() *campaign.Summary {
		c := f.open(t, campaign.Options{Observe: func(e dispatch.Event) {
			if e.Kind == "sent" {
				once.Do(func() {
					f.write(t, "no.csv", "P9@EXAMPLE.com, asked\njos\u00e9@xn--bcher-kva.example\n*@*.example.org\n@Example.NET\n")
				})
			}
		}})
		defer c.Close()
		if _, err := c.Plan(t.Context(), campaign.PlanOptions{}); err != nil {
			t.Fatal(err)
		}
		sum, err := c.Run(t.Context(), nil, campaign.RunOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return sum
	}()
	want(t, sum, map[ledger.State]int64{ledger.Sent: 9, ledger.Suppressed: 5})
	for _, r := range rec.accepted(t) {
		switch to := strings.ToLower(r.To[0]); {
		case to == "p3@example.com", to == "p9@example.com", strings.HasSuffix(to, "xn--bcher-kva.example"),
			to == "sub@x.example.org", to == "any@example.net":
			t.Errorf("%s was mailed after it was suppressed", to)
		}
	}
}

// A suppression file that becomes unreadable during a run ends the run, because nobody knows who is on it.
func TestSuppressFileBrokenInTheRun(t *testing.T) {
	t.Parallel()
	s, rec := startSink(t, sink.Options{})
	f := newFolder(t)
	f.write(t, "campaign.yaml", strings.Replace(base+"suppress: [no.csv]\n"+server(s, ""), "connections: 4",
		"connections: 1", 1))
	f.write(t, "body.txt", "Dear {{.name}}\n")
	f.write(t, "no.csv", "p99@example.com\n")
	f.write(t, "people.csv", people(30))
	c := f.open(t, campaign.Options{Observe: func(e dispatch.Event) {
		if e.Kind == "sent" {
			f.write(t, "no.csv", "not an address at all\n")
		}
	}})
	defer c.Close()
	if _, err := c.Plan(t.Context(), campaign.PlanOptions{}); err != nil {
		t.Fatal(err)
	}
	_, err := c.Run(t.Context(), nil, campaign.RunOptions{})
	var place interface {
		Diagnostic() (string, string, string, string, int, string)
	}
	if err == nil || !errors.As(err, &place) || !strings.Contains(err.Error(), "no.csv:1") {
		t.Errorf("the run ended with %v", err)
	}
	if n := len(rec.accepted(t)); n == 0 || n > 10 {
		t.Errorf("%d messages left, want the first and what was in flight", n)
	}
}
