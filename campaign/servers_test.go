package campaign_test

import (
	"fmt"
	"strings"
	"testing"

	"mailshot/campaign"
	"mailshot/campaign/ledger"
	"mailshot/internal/sink"
)

// item is one of servers: name and more are its keys.
func item(s *sink.Server, name, more string) string {
	return fmt.Sprintf("  - { name: %s, host: %s, port: %d, tls: none%s }\n", name, s.Host(), s.Port(), more)
}

// several is a campaign that sends by servers a and b, to n domains with each people.
func several(t *testing.T, servers, limits string, domains, each int) *folder {
	t.Helper()
	f := newFolder(t)
	f.write(t, "campaign.yaml", base+"servers:\n"+servers+"limits:\n  retry: { first: 1s, max: 1s, give_up: 48h }\n"+limits)
	f.write(t, "body.txt", "Dear {{.name}}\n")
	var list strings.Builder
	list.WriteString("email,name,token\n")
	for d := range domains {
		for i := range each {
			fmt.Fprintf(&list, "p%d@d%d.example,Person %d,tok%d-%dtok\n", i, d, i, d, i)
		}
	}
	f.write(t, "people.csv", list.String())
	return f
}

// by counts a sink's messages by recipient.
func by(t *testing.T, rec *record) map[string]int {
	t.Helper()
	got := map[string]int{}
	for _, r := range rec.accepted(t) {
		got[r.To[0]]++
	}
	return got
}

// once checks that n people got one message each, from whichever server.
func once(t *testing.T, n int, recs ...*record) {
	t.Helper()
	all := map[string]int{}
	for _, rec := range recs {
		for to, times := range by(t, rec) {
			all[to] += times
		}
	}
	if len(all) != n {
		t.Errorf("%d people got a message, want %d", len(all), n)
	}
	for to, times := range all {
		if times != 1 {
			t.Errorf("%s got %d messages", to, times)
		}
	}
}

func domainOf(to string) string { return to[strings.LastIndexByte(to, '@')+1:] }

// Each server gets a part of the domains, and a domain all of its messages from one server.
func TestServers(t *testing.T) {
	t.Parallel()
	a, recA := startSink(t, sink.Options{})
	b, recB := startSink(t, sink.Options{})
	f := several(t, item(a, "a", "")+item(b, "b", ""), "", 60, 5)
	sum := f.send(t, campaign.Options{}, campaign.PlanOptions{})
	want(t, sum, map[ledger.State]int64{ledger.Sent: 300})
	once(t, 300, recA, recB)
	home := map[string]string{}
	for name, rec := range map[string]*record{"a": recA, "b": recB} {
		for to := range by(t, rec) {
			if other := home[domainOf(to)]; other != "" && other != name {
				t.Errorf("%s was sent to by %s and by %s", domainOf(to), other, name)
			}
			home[domainOf(to)] = name
		}
	}
	if len(by(t, recA)) == 0 || len(by(t, recB)) == 0 {
		t.Error("one of the servers had nothing to do")
	}
}
