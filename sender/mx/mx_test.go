package mx_test

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"mailshot/sender/mx"
	"mailshot/sender/mx/mxtest"
)

// TestHosts: which hosts take a domain's mail, by RFC 5321 5.1 and RFC 7505.
//
// With a failed lookup of MX falling through to the implicit MX, "servfail" went to the domain's
// own address (and in the pool's TestNowhere a message was sent there). Without the row of the null
// MX, "null" was another kind of error.
func TestHosts(t *testing.T) {
	t.Parallel()
	zone := mxtest.New(map[string][]string{
		"MX two.example":     {"20 b.two.example", "10 A.two.example"},
		"MX null.example":    {"0 ."},
		"MX mixed.example":   {"0 .", "10 mx.mixed.example"},
		"MX number.example":  {"10 192.0.2.1"},
		"MX twice.example":   {"20 mx.twice.example", "10 mx.twice.example"},
		"MX partly.example":  {"10 mx.partly.example"},
		"MX partly2.example": {"10 192.0.2.1", "20 mx.partly2.example"},
	})
	zone.Break("MX servfail.example", mxtest.SERVFAIL)
	zone.Break("MX timeout.example", &net.DNSError{Err: "i/o timeout", IsTimeout: true, IsTemporary: true})
	zone.Break("MX odd.example", errors.New("odd"))
	zone.Break("MX partly.example", &net.DNSError{Err: "DNS response contained records which contain invalid names"})
	for domain, want := range map[string]struct {
		hosts     string
		implicit  bool
		temporary bool
		enhanced  string
	}{
		"two.example":      {hosts: "[{a.two.example 10} {b.two.example 20}]"},
		"null.example":     {enhanced: "5.1.10"},
		"mixed.example":    {hosts: "[{mx.mixed.example 10}]"},
		"number.example":   {enhanced: "5.4.4"},
		"twice.example":    {hosts: "[{mx.twice.example 20}]"},
		"partly.example":   {hosts: "[{mx.partly.example 10}]"},
		"partly2.example":  {hosts: "[{mx.partly2.example 20}]"},
		"none.example":     {hosts: "[{none.example 0}]", implicit: true},
		"servfail.example": {temporary: true, enhanced: "4.4.3"},
		"timeout.example":  {temporary: true, enhanced: "4.4.3"},
		"odd.example":      {temporary: true, enhanced: "4.4.3"},
	} {
		hosts, implicit, err := mx.Hosts(t.Context(), zone, domain)
		got := ""
		if err == nil {
			got = fmt.Sprint(hosts)
		}
		var e *mx.Error
		errors.As(err, &e)
		if e == nil {
			e = &mx.Error{}
		}
		if got != want.hosts || implicit != want.implicit || e.Temporary != want.temporary ||
			e.Enhanced != want.enhanced {
			t.Errorf("%s: %s, implicit %v, %v", domain, got, implicit, err)
		}
		if (e.Code/100 == 4) != e.Temporary && err != nil || err != nil && !strings.HasPrefix(e.Text, domain) {
			t.Errorf("%s: %d %s", domain, e.Code, e.Text)
		}
	}
}

// TestShuffled: hosts of one preference share the mail, and never come before a better one.
func TestShuffled(t *testing.T) {
	t.Parallel()
	zone := mxtest.New(map[string][]string{"MX example.com": {"5 best.example.com", "10 a.example.com",
		"10 b.example.com", "10 c.example.com"}})
	second := map[string]int{}
	for range 300 {
		hosts, _, err := mx.Hosts(t.Context(), zone, "example.com")
		if err != nil || len(hosts) != 4 || hosts[0].Name != "best.example.com" {
			t.Fatalf("%v, %v", hosts, err)
		}
		second[hosts[1].Name]++
	}
	if len(second) != 3 {
		t.Errorf("second came %v", second)
	}
}

// TestAddresses: where hosts can be reached, and what it means when there is no such place.
func TestAddresses(t *testing.T) {
	t.Parallel()
	zone := mxtest.New(map[string][]string{
		"A one.example": {"192.0.2.1"},
		"A two.example": {"192.0.2.2", "2001:db8::2"},
		"A many.example": {"192.0.2.11", "192.0.2.12", "192.0.2.13", "192.0.2.14", "192.0.2.15", "192.0.2.16",
			"2001:db8::11"},
		"A self.example":   {"127.0.0.1", "::1", "0.0.0.0", "169.254.1.1", "::ffff:127.0.0.1", "255.255.255.255"},
		"A mapped.example": {"::ffff:192.0.2.9"},
	})
	zone.Break("A down.example", mxtest.SERVFAIL)
	for _, c := range []struct {
		hosts     []string
		implicit  bool
		want      string // sorted within a host
		temporary bool
		enhanced  string
	}{
		{hosts: []string{"one.example", "two.example"}, want: "192.0.2.1 192.0.2.2 2001:db8::2"},
		{hosts: []string{"down.example", "one.example"}, want: "192.0.2.1"},
		{hosts: []string{"gone.example", "one.example"}, want: "192.0.2.1"},
		{hosts: []string{"mapped.example"}, want: "192.0.2.9"},
		{hosts: []string{"down.example"}, temporary: true, enhanced: "4.4.3"},
		{hosts: []string{"gone.example", "down.example"}, temporary: true, enhanced: "4.4.3"},
		{hosts: []string{"gone.example"}, enhanced: "5.4.4"},
		{hosts: []string{"gone.example"}, implicit: true, enhanced: "5.1.2"},
		{hosts: []string{"down.example"}, implicit: true, temporary: true, enhanced: "4.4.3"},
		{hosts: []string{"self.example"}, enhanced: "5.4.4"},
		{hosts: []string{"self.example"}, implicit: true, enhanced: "5.4.4"},
	} {
		var hosts []mx.Host
		for _, h := range c.hosts {
			hosts = append(hosts, mx.Host{Name: h})
		}
		targets, err := mx.Addresses(t.Context(), zone, "example.com", hosts, c.implicit, 5, nil)
		var got []string
		for _, x := range targets {
			got = append(got, x.Addr.String())
		}
		slices.Sort(got)
		var e *mx.Error
		errors.As(err, &e)
		if e == nil {
			e = &mx.Error{}
		}
		if strings.Join(got, " ") != c.want || e.Temporary != c.temporary || e.Enhanced != c.enhanced {
			t.Errorf("%v, implicit %v: %v, %v", c.hosts, c.implicit, got, err)
		}
	}
	// Never more than were asked for, and both families among them.
	for range 20 {
		targets, err := mx.Addresses(t.Context(), zone, "many.example",
			[]mx.Host{{Name: "many.example"}, {Name: "one.example"}}, false, 5, nil)
		six := slices.ContainsFunc(targets, func(x mx.Target) bool { return x.Addr.Is6() })
		if err != nil || len(targets) != 5 || !six {
			t.Fatalf("%v, %v", targets, err)
		}
	}
	// The caller can say what is usable.
	all := func(netip.Addr) bool { return true }
	targets, err := mx.Addresses(t.Context(), zone, "self.example", []mx.Host{{Name: "self.example"}}, true, 5, all)
	if err != nil || len(targets) != 5 {
		t.Errorf("%v, %v", targets, err)
	}
}
