package caps

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"mailshot/campaign/definition"
	"mailshot/sender"
	"mailshot/sender/limits"
	"mailshot/sender/reply"
)

// What holds for each server of a campaign, and what for all of them together.
//
// Broken on purpose: with the campaign's caps counted under the server's own account, "two servers" and "two in one
// group" give each server a cap of its own. Without the test of Sink, "sink" has the campaign's caps and the
// operator's. With MaxSize left out, "provider" has size 0.
func TestTerms(t *testing.T) {
	t.Parallel()
	caps := func(s string) []limits.Cap { return capList(t, s) }
	a := &definition.Server{Host: "A.example.com", Username: "ann"}
	b := &definition.Server{Host: "b.example.com", Limits: definition.Limits{Caps: caps("9/min"), Connections: 4}}
	gmail := &definition.Server{Provider: "gmail", Host: "smtp.gmail.com", Username: "ann@gmail.com"}
	gmx := []limits.Cap{{N: 3, Window: 60e9}}
	p, _ := reply.Preset("gmail")
	for name, c := range map[string]struct {
		terms   Terms
		want    []string // of each server: limits | connections messages size
		domains string
		shared  string // keys that every server's messages are counted under
	}{
		"one server": {
			terms: Terms{
				Limits:  definition.Limits{Caps: caps("5/h"), Domains: map[string][]limits.Cap{"gmx.de": gmx}},
				Servers: servers(a),
			},
			want:    []string{"a.example.com ann: 5/h | 2 0 0"},
			domains: "a.example.com ann gmx.de: 3/min",
			shared:  "a.example.com ann",
		},
		"two servers": {
			terms: Terms{Limits: definition.Limits{Caps: caps("5/h")}, Servers: servers(b, a)},
			want: []string{
				"b.example.com: 9/min; a.example.com ann, b.example.com: 5/h | 4 0 0",
				"a.example.com ann: ; a.example.com ann, b.example.com: 5/h | 2 0 0",
			},
			shared: "a.example.com ann, b.example.com",
		},
		"two in one group": {
			terms: Terms{
				Limits:  definition.Limits{Caps: caps("5/h"), CapGroup: "tenant", Domains: map[string][]limits.Cap{"gmx.de": gmx}},
				Servers: servers(a, b),
			},
			want: []string{
				"a.example.com ann: ; group tenant: 5/h | 2 0 0",
				"b.example.com: 9/min; group tenant: 5/h | 4 0 0",
			},
			domains: "group tenant gmx.de: 3/min",
			shared:  "group tenant",
		},
		"provider": {
			terms: Terms{Servers: servers(gmail)},
			want: []string{fmt.Sprintf("smtp.gmail.com ann@gmail.com: 400/24h 20/min | %d %d %d",
				p.Connections, p.MessagesPerConnection, p.MaxSize)},
			shared: "smtp.gmail.com ann@gmail.com",
		},
		"operator over two": {
			terms:  Terms{Ceiling: definition.Ceiling{Caps: caps("7/h"), Connections: 3}, Servers: servers(a, b)},
			want:   []string{"a.example.com ann: ; ceiling: 7/h | 2 0 0", "b.example.com: 9/min; ceiling: 7/h | 3 0 0"},
			shared: "ceiling",
		},
		"sink": {
			terms: Terms{
				Limits:  definition.Limits{Caps: caps("5/h"), Domains: map[string][]limits.Cap{"gmx.de": gmx}},
				Ceiling: definition.Ceiling{Caps: caps("7/h"), Connections: 3}, Sink: true,
				Servers: servers(&definition.Server{Limits: definition.Limits{Connections: 8}}),
			},
			want: []string{":  | 8 0 0"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got, shared []string
			for _, s := range c.terms.Servers {
				a := c.terms.Allowance(s)
				got = append(got, fmt.Sprintf("%s| %d %d %d", written(a.Limits)+" ", a.Connections, a.Messages, a.Size))
				for _, l := range a.Limits {
					if c.terms.Shared(l.Key) && !slices.Contains(shared, l.Key) {
						shared = append(shared, l.Key)
					}
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
			if s := strings.Join(shared, "; "); s != c.shared {
				t.Errorf("shared by all: %q, want %q", s, c.shared)
			}
			domains := slices.Collect(maps.Values(c.terms.Domains()))
			if got := written(domains); got != c.domains {
				t.Errorf("by domain: %q, want %q", got, c.domains)
			}
		})
	}
}

func servers(s ...*definition.Server) []*definition.Server { return s }

// Accounts are counted for a host with its login, for this machine, or for a program.
func TestAccount(t *testing.T) {
	t.Parallel()
	for want, s := range map[string]definition.Server{
		"smtp.example.com ann":  {Host: "SMTP.example.com", Username: "ann"},
		"smtp.example.com":      {Host: "smtp.example.com"},
		"direct mx.example.com": {Direct: true, Helo: "MX.example.com"},
		"sendmail /usr/bin/m":   {Sendmail: "/usr/bin/m"},
		"socket /run/lmtp":      {Socket: "/run/lmtp"},
	} {
		if got := account(&s); got != want {
			t.Errorf("account is %q, want %q", got, want)
		}
		s.Limits.CapGroup = "tenant"
		if got := countedFor(&s); got != "group tenant" {
			t.Errorf("%s with a group is counted for %q", want, got)
		}
	}
}

// Accounts add up window by window, and a cap of a shorter window counts in a longer one as often as it fits.
//
// Broken on purpose: with the first cap of each account taken instead of its lowest, "two windows" has 1260 an hour.
func TestSum(t *testing.T) {
	t.Parallel()
	of := func(lists ...string) (accounts []limits.Account) {
		for _, l := range lists {
			accounts = append(accounts, limits.Account{Caps: capList(t, l)})
		}
		return accounts
	}
	for name, c := range map[string]struct {
		apart []limits.Account
		want  string
	}{
		"one":          {of("5/min"), ": 5/min"},
		"two":          {of("5/min", "7/min"), ": 12/min"},
		"two windows":  {of("20/min 100/h", "1/min"), ": 21/min 160/h"},
		"one uncapped": {of("5/min", ""), ": "},
		"none":         {nil, ": "},
	} {
		all := sum(c.apart)
		if got := written([]sender.Limit{{Caps: all.Caps}}); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// What exceeds the figures of a provider that the campaign file does not name is said.
func TestAbove(t *testing.T) {
	t.Parallel()
	p := reply.Provider{Name: "Acme", Caps: capList(t, "20/min 400/24h"), Connections: 2}
	got := Above(capList(t, "30/min"), 3, p)
	want := []string{
		"the cap 30/min is above 20/min, which is known of Acme", "no cap for 24h, where Acme is known to keep to 400/24h",
		"3 connections are more than the 2 known of Acme",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if got := Above(capList(t, "20/min 100/24h"), 2, p); len(got) != 0 {
		t.Errorf("within the figures: %q", got)
	}
}
