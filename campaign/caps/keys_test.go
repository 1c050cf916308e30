package caps

import (
	"context"
	"errors"
	"net/netip"
	"reflect"
	"testing"

	"mailshot/campaign/definition"
)

// One account has one key, however its host and its login are written, and what an earlier version counted under
// another key is counted under this one. Keys of this version stay. With the login's case kept, Ann@Acme.example was
// another account.
func TestKeys(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		s    definition.Server
		old  string // the key of an earlier version
		want string
	}{
		{definition.Server{Host: "SMTP.Acme.example.", Username: "Ann@Acme.example"}, "smtp.acme.example. Ann@Acme.example",
			"smtp.acme.example ann@acme.example"},
		{definition.Server{Host: "smtp.acme.example", Username: "Ann.Smith"}, "smtp.acme.example Ann.Smith",
			"smtp.acme.example ann.smith"},
		{definition.Server{Host: "127.0.0.1"}, "127.0.0.1", "localhost"},
		{definition.Server{Host: "::1", Username: "a"}, "::1 a", "localhost a"},
		{definition.Server{Host: "smtp.gmail.com", Username: "a.c.me@googlemail.com"}, "smtp.gmail.com a.c.me@googlemail.com",
			"smtp.gmail.com acme@gmail.com"},
		{definition.Server{Host: "smtp.googlemail.com", Username: "Acme+news@gmail.com"},
			"smtp.googlemail.com Acme+news@gmail.com",
			"smtp.gmail.com acme@gmail.com"},
		{definition.Server{Host: "smtp.gmail.com", Username: "a.cme"}, "smtp.gmail.com a.cme",
			"smtp.gmail.com acme@gmail.com"},
		{definition.Server{Host: "smtp.gmail.com", Username: "A.cme@acme.example"}, "smtp.gmail.com A.cme@acme.example",
			"smtp.gmail.com a.cme@acme.example"},
		{definition.Server{Host: "outlook.office365.com", Username: "a@b.example"}, "outlook.office365.com a@b.example",
			"smtp.office365.com a@b.example"},
		{definition.Server{Socket: "/run/LMTP", Username: "Ann"}, "socket /run/LMTP Ann", "socket /run/LMTP ann"},
		{definition.Server{Direct: true, Helo: "Mail.acme.example"}, "direct mail.acme.example", "direct mail.acme.example"},
		{definition.Server{Sendmail: "/usr/sbin/Sendmail"}, "sendmail /usr/sbin/Sendmail", "sendmail /usr/sbin/Sendmail"},
	} {
		if got := account(&c.s); got != c.want {
			t.Errorf("%+v: %q, want %q", c.s, got, c.want)
		}
		for _, key := range []string{c.old, c.want} {
			if got := Canonical(key); got != c.want {
				t.Errorf("%q becomes %q, want %q", key, got, c.want)
			}
		}
	}
	for old, want := range map[string]string{
		"group Acme Tenant":                   "group Acme Tenant",
		"group Acme gmail.com":                "group Acme gmail.com",
		"ceiling":                             "ceiling",
		"ceiling 127.0.0.1":                   "ceiling localhost",
		"warm-up 127.0.0.1 Ann 2026-11-28":    "warm-up localhost ann 2026-11-28",
		"127.0.0.1 @acme.example":             "localhost @acme.example",
		"127.0.0.1 gmail.com":                 "localhost gmail.com",
		"127.0.0.1 Ann gmail.com":             "localhost ann gmail.com",
		"::1 Ann, 127.0.0.1 ann":              "localhost ann",
		"b.example x, 127.0.0.1 Ann":          "b.example x, localhost ann",
		"z.example x, A.example Y, localhost": "a.example y, localhost, z.example x",
	} {
		for _, key := range []string{old, want} {
			if got := Canonical(key); got != want {
				t.Errorf("%q becomes %q, want %q", key, got, want)
			}
		}
	}
}

// A ceiling holds for what a connection reaches: another name of its host, and this machine by a name of its own.
func TestReached(t *testing.T) {
	t.Parallel()
	zone := map[string][]netip.Addr{
		"smtp.acme.example":  {netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")},
		"relay.acme.example": {netip.MustParseAddr("192.0.2.2")},
		"other.example":      {netip.MustParseAddr("192.0.2.9")},
		"mybox":              {netip.MustParseAddr("127.0.1.1")},
	}
	asked := 0
	lookup := func(_ context.Context, _, host string) ([]netip.Addr, error) {
		asked++
		if ips, ok := zone[host]; ok {
			return ips, nil
		}
		return nil, errors.New("no such host")
	}
	ceiling := definition.Ceiling{Servers: map[string]definition.Ceiling{"smtp.acme.example": {}, "localhost": {},
		"gone.example": {}}}
	servers := []*definition.Server{
		{Host: "relay.acme.example"}, {Host: "mybox"}, {Host: "192.0.2.1"}, {Host: "SMTP.acme.example"},
		{Host: "other.example"},
		{Host: "missing.example"}, {Socket: "/run/lmtp"},
	}
	got := Reached(t.Context(), lookup, servers, ceiling)
	want := map[string][]string{"relay.acme.example": {"smtp.acme.example"}, "mybox": {"localhost"},
		"192.0.2.1": {"smtp.acme.example"}}
	for host, hosts := range got {
		if len(hosts) == 0 {
			delete(got, host)
		}
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	asked = 0
	if Reached(t.Context(), lookup, servers, definition.Ceiling{}); asked != 0 {
		t.Errorf("the DNS was asked %d times without a host in the operator's file", asked)
	}
}

// A ceiling for one name of a provider's server holds for its other names, whichever the operator's file has.
func TestCeilingOfTwins(t *testing.T) {
	t.Parallel()
	for _, names := range [][2]string{
		{"smtp.gmail.com", "smtp.googlemail.com"}, {"smtp.googlemail.com", "smtp.gmail.com"},
		{"smtp.googlemail.com", "smtp.googlemail.com"}, {"localhost", "127.0.0.1"},
	} {
		c := definition.Ceiling{Servers: map[string]definition.Ceiling{names[0]: {Caps: capList(t, "3/h")}}}
		s := &definition.Server{Host: names[1]}
		got := Terms{Servers: servers(s), Ceiling: c}.Allowance(s).Limits
		if last := got[len(got)-1]; len(last.Caps) != 1 || last.Key != "ceiling "+names[0] {
			t.Errorf("%v: %+v", names, got)
		}
	}
}
