package visitors_test

import (
	"fmt"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"mailshot/campaign/leaving/visitors"
)

// A client is the last hop that is not a proxy of ours; what stands before it was made up by the client.
//
// Seen to fail: with the first hop, and with a field from anybody.
func TestClient(t *testing.T) {
	t.Parallel()
	p, err := visitors.ParseProxies([]string{"127.0.0.1,::1", "10.0.0.0/8"})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		from, fields, want string
		ignored            bool
	}{
		{"127.0.0.1:99", "", "127.0.0.1", false},
		{"127.0.0.1:99", "198.51.100.7", "198.51.100.7", false},
		{"[::1]:99", "2001:db8::7", "2001:db8::7", false},
		{"[::ffff:127.0.0.1]:99", "198.51.100.7", "198.51.100.7", false},
		{"127.0.0.1:99", "1.1.1.1, 198.51.100.7", "198.51.100.7", false},
		{"127.0.0.1:99", "1.1.1.1|198.51.100.7, 10.1.2.3", "198.51.100.7", false},
		{"127.0.0.1:99", "198.51.100.7:4711", "198.51.100.7", false},
		{"127.0.0.1:99", "[2001:db8::7]:4711", "2001:db8::7", false},
		{"127.0.0.1:99", "10.0.0.1,10.0.0.2", "10.0.0.1", false},
		{"127.0.0.1:99", "1.1.1.1, unknown", "127.0.0.1", false},
		{"127.0.0.1:99", "1.1.1.1, unknown, 10.0.0.2", "10.0.0.2", false},
		{"127.0.0.1:99", "1.1.1.1,", "127.0.0.1", false},
		{"198.51.100.9:99", "1.1.1.1", "198.51.100.9", true},
		{"127.0.0.2:99", "127.0.0.1", "127.0.0.2", true},
		{"[fe80::1%25eth0]:99", "1.1.1.1", "fe80::1", true},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = strings.ReplaceAll(c.from, "%25", "%")
		for f := range strings.SplitSeq(c.fields, "|") {
			if f != "" {
				r.Header.Add("X-Forwarded-For", f)
			}
		}
		if got, ignored := p.Client(r); got.String() != c.want || ignored != c.ignored {
			t.Errorf("%+v: %s %v", c, got, ignored)
		}
	}
	for _, bad := range []string{"", "localhost", "10.0.0.0/33", "::ffff:1.2.3.4/100", "1.2.3.4:80", "10.0.0.1,,"} {
		if _, err := visitors.ParseProxies([]string{bad}); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

// Each client has a burst and then what comes back with time; a network of IPv6 is one client; and all together have a
// limit of their own. However many clients there are, they take little room.
func TestAllow(t *testing.T) {
	t.Parallel()
	now := time.Unix(1e9, 0)
	l := &visitors.Limits{Each: visitors.Rate{PerSecond: 2, Burst: 4}, Now: func() time.Time { return now }}
	count := func(from string, times int) (n int) {
		for range times {
			if l.Allow(netip.MustParseAddr(from)) {
				n++
			}
		}
		return n
	}
	for _, c := range []struct {
		from  string
		after time.Duration
		want  int
	}{
		{"198.51.100.1", 0, 4}, {"198.51.100.2", 0, 4}, {"198.51.100.1", time.Second, 2}, {"198.51.100.1", 0, 0},
		{"198.51.100.1", time.Hour, 4}, {"2001:db8::1", 0, 4}, {"2001:db8::ffff:1", 0, 0}, {"2001:db8:0:1::1", 0, 4},
		{"198.51.100.1", -time.Hour, 0},
	} {
		now = now.Add(c.after)
		if got := count(c.from, 10); got != c.want {
			t.Errorf("%+v: %d", c, got)
		}
	}
	now = now.Add(2 * time.Hour)
	for i := range 60_000 {
		l.Allow(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}))
	}
	if got := count("203.0.113.9", 10); got > 4 {
		t.Errorf("a client for whom there is no room was served %d times", got)
	}
	now = now.Add(time.Minute)
	if got := count("203.0.113.10", 10); got != 4 {
		t.Errorf("after a minute there is room again: %d", got)
	}

	all := &visitors.Limits{All: visitors.Rate{PerSecond: 1, Burst: 5}, Now: func() time.Time { return now }}
	served := 0
	for i := range 50 {
		if all.Allow(netip.MustParseAddr(fmt.Sprintf("198.51.100.%d", i))) {
			served++
		}
	}
	if served != 5 || !(&visitors.Limits{}).Allow(netip.Addr{}) {
		t.Error(served)
	}
}
