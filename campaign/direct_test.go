package campaign_test

import (
	"context"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"

	"mailshot/campaign"
	"mailshot/campaign/ledger"
	"mailshot/campaign/transport"
	"mailshot/internal/sink"
	"mailshot/sender/mx/mxtest"
)

// internet is a DNS with servers on loopback behind its addresses. Where there is none, connections are refused.
type internet struct {
	*mxtest.Zone
	mu      sync.Mutex
	servers map[string]string // address and port, as dialled → on loopback
	dialed  []string
}

func newInternet(records map[string][]string) *internet {
	n := &internet{Zone: mxtest.New(records), servers: map[string]string{}}
	n.Set("A mail.sender.example", "203.0.113.1")
	return n
}

// at puts a server at an address; "" takes it away.
func (n *internet) at(address, server string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.servers[address] = server
}

func (n *internet) dial(ctx context.Context, network, address string) (net.Conn, error) {
	n.mu.Lock()
	n.dialed = append(n.dialed, address)
	to := n.servers[address]
	n.mu.Unlock()
	if to == "" {
		return nil, &net.OpError{Op: "dial", Net: network, Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	}
	var d net.Dialer
	return d.DialContext(ctx, network, to)
}

// tried is how often an address was dialled.
func (n *internet) tried(address string) (times int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, a := range n.dialed {
		if a == address {
			times++
		}
	}
	return times
}

func (n *internet) network() transport.Network { return transport.Network{Dial: n.dial, Resolver: n} }

// loopback is a sink's on loopback.
func loopback(s *sink.Server) string { return fmt.Sprintf("%s:%d", s.Host(), s.Port()) }

// TestDirect: a campaign to the mail servers of many domains: each row ends in the state that its domain's servers and
// records mean, nobody is handed over twice, and what was away is delivered by a later send once it is back.
//
// With a policy's servers spoken to like others, m0 and m1 at example.com were sent, in clear.
func TestDirect(t *testing.T) {
	t.Parallel()
	n := newInternet(map[string][]string{
		"A plain.example": {"192.0.2.1"}, // the implicit MX

		"MX two.example":     {"20 up.two.example", "10 down.two.example"},
		"A down.two.example": {"192.0.2.9"}, "A up.two.example": {"192.0.2.1"},

		"MX one.example": {"10 mx.host.example"}, "MX other.example": {"10 mx.host.example"},
		"A mx.host.example": {"192.0.2.2"},

		"MX null.example":  {"0 ."},
		"MX dead.example":  {"10 a.dead.example", "20 b.dead.example"},
		"A a.dead.example": {"192.0.2.3"}, "A b.dead.example": {"192.0.2.4"},
		"MX lost.example": {"10 nowhere.lost.example"}, "A lost.example": {"192.0.2.1"},

		"MX example.com": {"10 mx.example.com"}, "A mx.example.com": {"192.0.2.5"},
		"TXT _mta-sts.example.com": {"v=STSv1; id=1"},
		"A slow.example":           {"192.0.2.6"},
	})
	n.Break("MX broken.example", mxtest.SERVFAIL)
	rec := new(record)
	for i, rules := range [][]string{
		{"rcpt:nobody@*:550 5.1.1 no such person"}, nil, {"rcpt:*,once:451 4.7.1 come back later"},
	} {
		s, _ := startSink(t, sink.Options{Record: rec}, rules...)
		n.at([]string{"192.0.2.1:25", "192.0.2.2:25", "192.0.2.6:25"}[i], loopback(s))
	}
	clear, _ := startSink(t, sink.Options{Record: rec}) // offers no TLS, and its domain asks for it
	n.at("192.0.2.5:25", loopback(clear))
	policy := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		fmt.Fprint(w, "version: STSv1\nmode: enforce\nmx: mx.example.com\nmax_age: 86400\n")
	}))
	defer policy.Close()
	n.at("mta-sts.example.com:443", policy.Listener.Addr().String())
	roots := x509.NewCertPool()
	roots.AddCert(policy.Certificate())
	network := n.network()
	network.RootCAs = roots

	f := newFolder(t)
	f.write(t, "campaign.yaml", base+
		"server: { direct: true, helo: mail.sender.example }\nlimits: { connections: 6, retry: { first: 3h, max: 3h } }\n")
	f.write(t, "body.txt", "Dear {{.name}}\n")
	final := map[string]ledger.State{}
	list := "email,name\n"
	for domain, state := range map[string]ledger.State{
		"plain.example": ledger.Sent, "two.example": ledger.Sent, "one.example": ledger.Sent, "other.example": ledger.Sent,
		"null.example": ledger.Refused, "lost.example": ledger.Refused, "gone.example": ledger.Refused,
		"dead.example": ledger.Deferred, "broken.example": ledger.Deferred, "slow.example": ledger.Deferred,
		"example.com": ledger.Deferred,
	} {
		for i := range 2 {
			to := fmt.Sprintf("m%d@%s", i, domain)
			list += to + ",M\n"
			final[to] = state
		}
	}
	list += "nobody@plain.example,N\n"
	final["nobody@plain.example"] = ledger.Refused
	f.write(t, "people.csv", list)

	clock := &hand{t: at(t, "2026-11-23T09:00:00Z")}
	o := campaign.Options{Now: clock.now, Network: network}
	check := func(sum *campaign.Summary) {
		t.Helper()
		counts := map[ledger.State]int64{}
		for _, s := range final {
			counts[s]++
		}
		want(t, sum, counts)
		for to, state := range f.states(t) {
			if final[to] != state {
				t.Errorf("%s is %s, want %s", to, state, final[to])
			}
		}
		handed := map[string]int{}
		for _, r := range rec.accepted(t) {
			handed[strings.Join(r.To, " ")]++
		}
		for to, state := range final {
			if times := handed[to]; times > 1 || (times == 1) != (state == ledger.Sent) {
				t.Errorf("%s, %s, was handed over %d times", to, state, times)
			}
		}
	}
	sum := f.send(t, o, campaign.PlanOptions{})
	check(sum)
	if sum.ExitCode() != 75 {
		t.Errorf("exit %d, stopped %q", sum.ExitCode(), sum.Stopped)
	}
	if n.tried("192.0.2.9:25") == 0 || n.tried("192.0.2.3:25") == 0 || n.tried("192.0.2.4:25") == 0 {
		t.Error("a domain's other server was not tried")
	}
	// What was away is back; what a policy forbids stays forbidden.
	back, _ := startSink(t, sink.Options{Record: rec})
	n.at("192.0.2.4:25", loopback(back))
	n.Break("MX broken.example", nil)
	n.Set("A broken.example", "192.0.2.2")
	for to, state := range final {
		if state == ledger.Deferred && !strings.HasSuffix(to, "@example.com") {
			final[to] = ledger.Sent
		}
	}
	clock.to(at(t, "2026-11-23T14:00:00Z"))
	check(f.send(t, o, campaign.PlanOptions{}))
}

// states are the deliveries' by address.
func (f *folder) states(t testing.TB) map[string]ledger.State {
	t.Helper()
	l, err := ledger.Open(f.dir + "/.mailshot/state.db")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	all := map[string]ledger.State{}
	for rec, err := range l.Deliveries(t.Context(), "test", ledger.Filter{}) {
		if err != nil {
			t.Fatal(err)
		}
		all[rec.Address] = rec.State
	}
	return all
}
