package campaign_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"

	"mailshot/campaign"
	"mailshot/campaign/transport"
	"mailshot/sender/mx"
	"mailshot/sender/mx/mxtest"
)

// checkDNS checks a list of these addresses against a zone that a server on loopback answers from.
func checkDNS(
	t *testing.T, ctx context.Context, zone *mxtest.Zone, addresses []string, wrap func(mx.Resolver) mx.Resolver,
) ([]string, error) {
	t.Helper()
	zone.Set("MX example.org", "10 mx.example.org") // the sender's
	zone.Set("TXT example.org", "v=spf1 mx -all")
	zone.Set("TXT _dmarc.example.org", "v=DMARC1; p=none; rua=mailto:d@example.org")
	server, err := zone.Serve()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	dial := func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, server.Addr)
	}
	var resolver mx.Resolver = &net.Resolver{PreferGo: true, Dial: dial}
	if wrap != nil {
		resolver = wrap(resolver)
	}
	f := newFolder(t)
	f.write(t, "campaign.yaml", base)
	f.write(t, "body.txt", "Hello")
	list := "email,name\n"
	for i, a := range addresses {
		list += fmt.Sprintf("%s,name %d\n", a, i)
	}
	f.write(t, "people.csv", list)
	c := f.open(t, campaign.Options{DNS: true, Network: transport.Network{Resolver: resolver}})
	defer c.Close()
	report, err := c.Check(ctx)
	if err != nil {
		return nil, err
	}
	var lines []string
	for _, f := range report.Findings {
		lines = append(lines, string(f.Severity)+" "+f.Place+" "+f.Code+": "+f.Text)
	}
	return lines, nil
}

// Each domain is asked about once, however many rows go to it, and the findings are in the order of the list. Broken
// once by asking for each row: 30 questions about each domain.
func TestDomainsAskedOnce(t *testing.T) {
	t.Parallel()
	zone := mxtest.New(map[string][]string{"A d7.example": {"192.0.2.7"}})
	var addresses, want []string
	for i := range 1500 {
		n := i % 50
		addresses = append(addresses, fmt.Sprintf("p%d@d%d.example", i, n))
		if i < 50 && n != 7 {
			zone.Set(fmt.Sprintf("MX d%d.example", n), "0 .")
			want = append(want, fmt.Sprintf("warning people.csv:%d no-mail-domain: d%d.example: "+
				"the domain takes no mail (null MX) (30 rows, the first here)", i+2, n))
		} else if i < 50 {
			want = append(want, fmt.Sprintf("warning people.csv:%d implicit-mx: d7.example: it names no mail server (MX), "+
				"only an address of its own, and few such domains take mail (30 rows, the first here)", i+2))
		}
	}
	got, err := checkDNS(t, t.Context(), zone, addresses, nil)
	if err != nil || strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%v\n%s", err, strings.Join(got, "\n"))
	}
	for n := range 50 {
		if asked := zone.Asked(fmt.Sprintf("MX d%d.example", n)); asked != 1 {
			t.Errorf("d%d.example was asked about %d times", n, asked)
		}
	}
}

// Where nothing is answered the DNS is said to be silent, once, and is not asked about every domain of a long list.
// Broken once by taking a failure for an answer: it asked about all 1000.
func TestDomainsWithoutDNS(t *testing.T) {
	t.Parallel()
	zone := mxtest.New(nil)
	var addresses []string
	for i := range 1000 {
		addresses = append(addresses, fmt.Sprintf("p@d%d.example", i))
	}
	asking := &countingResolver{}
	got, err := checkDNS(t, t.Context(), zone, addresses, func(mx.Resolver) mx.Resolver { return asking })
	const want = "dns-failed: the DNS said nothing about 1000 of 1000 domains: "
	if err != nil || len(got) != 1 || !strings.Contains(got[0], want) {
		t.Errorf("%v\n%s", err, strings.Join(got, "\n"))
	}
	if n := len(asking.asked); n < 100 || n > 200 {
		t.Errorf("asked %d times", n)
	}
}

// The end of the context ends the check, and is not a finding.
func TestDomainsInterrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	two := []string{"a@one.example", "b@two.example"}
	_, err := checkDNS(t, ctx, mxtest.New(nil), two, func(r mx.Resolver) mx.Resolver {
		return &countingResolver{first: cancel}
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// countingResolver never answers. It calls first when it is asked for the first time.
type countingResolver struct {
	mx.Resolver
	mu    sync.Mutex
	asked []string
	first func()
}

func (r *countingResolver) LookupMX(ctx context.Context, name string) ([]*net.MX, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.asked = append(r.asked, name); len(r.asked) == 1 && r.first != nil {
		r.first()
	}
	return nil, mxtest.SERVFAIL
}

// A DNS that knows no domain of the list at all is one without a way to the Internet, and says nothing about them; of a
// single domain it may be right. Broken once by leaving the domains' findings in: three domains were not there.
func TestDomainsOfClosedNetwork(t *testing.T) {
	t.Parallel()
	three := []string{"a@one.example", "b@two.example", "c@three.example"}
	got, err := checkDNS(t, t.Context(), mxtest.New(nil), three, nil)
	const want = "warning people.csv dns-failed: the DNS said nothing about 3 of 3 domains: it knows none of them " +
		"(one.example, two.example, three.example), like a DNS without a way to the Internet"
	if err != nil || len(got) != 1 || got[0] != want {
		t.Errorf("%v\n%s", err, strings.Join(got, "\n"))
	}
	got, err = checkDNS(t, t.Context(), mxtest.New(nil), []string{"a@one.example"}, nil)
	if err != nil || len(got) != 1 || !strings.Contains(got[0], "unknown-domain: one.example: ") {
		t.Errorf("%v\n%s", err, strings.Join(got, "\n"))
	}
}
