package campaign_test

import (
	"bytes"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mailshot/campaign"
	"mailshot/campaign/ledger"
	"mailshot/internal/mailbox"
	"mailshot/internal/sink"
)

// A greylisted recipient is tried once more, later, by the same sender, and that is all (D 8).
func TestGreylisted(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	tries := map[string]int{}
	s, rec := startSink(t, sink.Options{Observe: func(e sink.Event) {
		if e.Kind == "rcpt" {
			mu.Lock()
			defer mu.Unlock()
			tries[e.From+" "+e.To[0]]++
		}
	}}, "rcpt:once:451 4.7.1 greylisted, try again in a minute")
	f := newFolder(t)
	f.write(t, "campaign.yaml", base+server(s, ""))
	f.write(t, "body.txt", "Dear {{.name}}, {{.token}}\n")
	f.write(t, "people.csv", people(50))
	want(t, f.send(t, campaign.Options{}, campaign.PlanOptions{}), map[ledger.State]int64{ledger.Sent: 50})
	if n := len(rec.accepted(t)); n != 50 || len(tries) != 50 {
		t.Errorf("%d accepted, %d senders and recipients", n, len(tries))
	}
	for who, n := range tries {
		if n != 2 {
			t.Errorf("%s was tried %d times", who, n)
		}
	}
}

// Whoever is put off for ever is given up, by name, and nobody waits for them; the others go (D 9).
func TestGivenUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { // in a bubble no slow machine gives up the others
		b := startBasin(t, "rcpt:p7@example.com:450 4.2.1 not now", "rcpt:20%:450 4.1.1 not now")
		f := newFolder(t)
		f.write(t, "campaign.yaml", base+"server: { host: smtp.acme.example, tls: none }\n"+
			"limits: { connections: 4, retry: { first: 2s, max: 2s, give_up: 1m } }\n")
		f.write(t, "body.txt", "Dear {{.name}}, {{.token}}\n")
		f.write(t, "people.csv", people(40))
		want(t, f.send(t, campaign.Options{Now: time.Now, Network: b.network()}, campaign.PlanOptions{}),
			map[ledger.State]int64{ledger.Sent: 39, ledger.GaveUp: 1})
	})
}

// wire is a mailbox that looks for bytes beyond ASCII.
type wire struct {
	mu    sync.Mutex
	n     int
	eight []string
}

func (w *wire) Add(item mailbox.Item) (string, error) {
	var raw bytes.Buffer
	_, err := item.Body.WriteTo(&raw)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.n++
	if bytes.ContainsFunc(raw.Bytes(), func(r rune) bool { return r >= 0x80 }) {
		w.eight = append(w.eight, item.To)
	}
	return "", err
}

func (w *wire) Close() error { return nil }

// A server that does not take eight bits gets seven: in headers, bodies and names of files (D 27). One whose domain is
// beyond ASCII goes by its A-label; one whose local part is, is refused without a word to the server, and the others go
// (D 28).
func TestSevenBits(t *testing.T) {
	t.Parallel()
	box := new(wire)
	s, rec := startSink(t, sink.Options{Store: box, Hide: []string{"8BITMIME", "SMTPUTF8", "BINARYMIME"}})
	f := newFolder(t)
	f.write(t, "campaign.yaml", strings.NewReplacer(
		"Sender <", "Überbringer <", "Hello {{", "Grüße aus 東京, {{").Replace(base)+
		"attachments: [{ file: anlage.txt, name: \"Übersicht {{.name}}.txt\" }]\n"+server(s, ""))
	f.write(t, "body.txt", "Schöne Grüße, {{.name}} – {{.token}} 🎈\n"+strings.Repeat("ä", 900)+"\n")
	f.write(t, "anlage.txt", "größer\n")
	f.write(t, "people.csv",
		"email,name,token\nann@example.com,Änn,a\nbob@bücher.example,Bób,b\njörg@example.com,Jörg,c\n")
	want(t, f.send(t, campaign.Options{}, campaign.PlanOptions{}),
		map[ledger.State]int64{ledger.Sent: 2, ledger.Refused: 1})
	if box.n != 2 || len(box.eight) > 0 {
		t.Errorf("%d messages, beyond ASCII: %v", box.n, box.eight)
	}
	var to []string
	for _, r := range rec.accepted(t) {
		to = append(to, r.To...)
	}
	if got := strings.Join(to, " "); !strings.Contains(got, "bob@xn--bcher-kva.example") {
		t.Errorf("sent to %s", got)
	}
}
