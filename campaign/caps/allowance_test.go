package caps

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"mailshot/campaign/definition"
	"mailshot/sender"
	"mailshot/sender/limits"
	"mailshot/sender/reply"
)

func capList(t *testing.T, s string) []limits.Cap {
	t.Helper()
	var caps []limits.Cap
	for _, f := range strings.Fields(s) {
		c, err := limits.Parse(f)
		if err != nil {
			t.Fatal(err)
		}
		caps = append(caps, c)
	}
	return caps
}

// The lowest of the campaign's, the provider's and the operator's figures holds, whoever asks for more.
//
// Broken on purpose: without the loop over the operator's caps, the rows "operator…" have none of them. Without the
// test of Raise in preset, "above the provider" gives 30/min. With the preset's caps counted under the group's key,
// "group" leaves the account without a cap.
func TestAllow(t *testing.T) {
	t.Parallel()
	caps := func(s string) []limits.Cap { return capList(t, s) }
	login := &reply.Provider{
		Name: "Acme", Scope: "login", Caps: caps("20/min 400/24h"), Connections: 2, MessagesPerConnection: 50, MaxSize: 1000,
	}
	domain := &reply.Provider{Name: "Acme", Scope: "domain", Caps: caps("45/h")}
	ip := &reply.Provider{Name: "Acme", Scope: "ip", Caps: caps("45/h")}
	machine := definition.Ceiling{Path: "limits.yaml", Caps: caps("10/min 5_000/24h"), Connections: 1}
	server := definition.Ceiling{Path: "limits.yaml", Servers: map[string]definition.Ceiling{
		"smtp.example.com":  {Caps: caps("100/h"), MessagesPerConnection: 5},
		"other.example.com": {Connections: 1},
	}}
	type own = definition.Limits
	for name, c := range map[string]struct {
		own     own
		preset  *reply.Provider
		ceiling definition.Ceiling
		want    string // limits, connections, messages
		notes   []string
	}{
		"nothing": {want: "a:  | 2 0"},
		"own": {
			own:  own{Caps: caps("5/s 100/h"), Connections: 7, MessagesPerConnection: 8},
			want: "a: 5/s 100/h | 7 8",
		},
		"provider": {preset: login, want: "a: 20/min 400/24h | 2 50"},
		"below the provider": {
			own:    own{Caps: caps("10/min"), Connections: 1, MessagesPerConnection: 10},
			preset: login,
			want:   "a: 10/min 400/24h | 1 10",
		},
		"above the provider": {
			own:    own{Caps: caps("30/min"), Connections: 3, MessagesPerConnection: 51},
			preset: login,
			want:   "a: 20/min 400/24h | 2 50",
			notes: []string{
				"Acme: 20/min, not 30/min; limits.raise: true raises it", "Acme: 2 connections", "Acme: 50 messages",
			},
		},
		"raised": {
			own:    own{Caps: caps("30/min"), Connections: 3, MessagesPerConnection: 51, Raise: true},
			preset: login,
			want:   "a: 30/min 400/24h | 3 51",
		},
		"raised, but lower": {
			own:    own{Caps: caps("10/min"), Raise: true},
			preset: login,
			want:   "a: 10/min 400/24h | 2 50",
		},
		"other window": {
			own:    own{Caps: caps("9_999/h"), Raise: true},
			preset: login,
			want:   "a: 9999/h 20/min 400/24h | 2 50",
		},
		"one window twice": {own: own{Caps: caps("9/h 5/h 7/60min")}, want: "a: 5/h | 2 0"},
		"group": {
			own:    own{Caps: caps("30/min"), CapGroup: "tenant"},
			preset: login,
			want:   "a: 20/min 400/24h; group tenant: 30/min | 2 50",
			notes:  []string{"Acme: 20/min, not 30/min"},
		},
		"by domain": {
			own:    own{Caps: caps("5/min")},
			preset: domain,
			want:   "a: 5/min; smtp.example.com @example.com: 45/h | 2 0",
		},
		"by address": {preset: ip, want: "a: ; smtp.example.com: 45/h | 2 0"},
		"operator": {
			own:     own{Caps: caps("30/min"), Connections: 9},
			ceiling: machine,
			want:    "a: 30/min; ceiling: 10/min 5000/24h | 1 0",
			notes:   []string{"this machine's limits: 10/min, not 30/min", "this machine's limits: 1, not 9 connections"},
		},
		"operator above raise": {
			own:     own{Caps: caps("30/min"), Raise: true, CapGroup: "x"},
			preset:  login,
			ceiling: machine,
			want:    "a: 400/24h; group x: 30/min; ceiling: 10/min 5000/24h | 1 50",
			notes:   []string{"this machine's limits: 10/min, not 30/min", "1, not 2 connections"},
		},
		"operator for nothing": {ceiling: machine, want: "a: ; ceiling: 10/min 5000/24h | 1 0"},
		"operator of the server": {
			own:     own{MessagesPerConnection: 6},
			ceiling: server,
			want:    "a: ; ceiling smtp.example.com: 100/h | 2 5",
			notes:   []string{"5, not 6 messages a connection"},
		},
		"operator by default": {ceiling: server, want: "a: ; ceiling smtp.example.com: 100/h | 2 5"},
	} {
		a := allow(c.own, c.preset, c.ceiling, counted{account: "a", host: "smtp.example.com", domain: "example.com"})
		if got := fmt.Sprintf("%s | %d %d", written(a.Limits), a.Connections, a.Messages); got != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s", name, got, c.want)
		}
		if len(a.Notes) != len(c.notes) {
			t.Errorf("%s: notes %q", name, a.Notes)
		}
		for i := range min(len(a.Notes), len(c.notes)) {
			if !containsWords(a.Notes[i], c.notes[i]) {
				t.Errorf("%s: note %q, want %q", name, a.Notes[i], c.notes[i])
			}
		}
		if c.preset == login && (a.Size == 1000) == c.own.Raise {
			t.Errorf("%s: size %d", name, a.Size)
		}
	}
	known := allow(own{}, nil, definition.Ceiling{}, counted{account: "a", host: "smtp.office365.com"})
	if len(known.Notes) != 1 || !strings.Contains(known.Notes[0], "server.provider: m365") {
		t.Errorf("of a known server without its provider: %q", known.Notes)
	}
	if p, _ := reply.Preset("gmail"); !reflect.DeepEqual(p.Caps, caps("400/24h 20/min")) {
		t.Errorf("a preset was changed: %v", p.Caps)
	}
}

// written writes limits on one line: "key: cap cap; key: cap".
func written(ls []sender.Limit) string {
	var parts []string
	for _, l := range ls {
		var caps []string
		for _, c := range l.Caps {
			caps = append(caps, c.String())
		}
		parts = append(parts, l.Key+": "+strings.Join(caps, " "))
	}
	return strings.Join(parts, "; ")
}

// containsWords reports whether all words of want are in s.
func containsWords(s, want string) bool {
	for _, w := range strings.Fields(want) {
		if !strings.Contains(s, w) {
			return false
		}
	}
	return true
}
