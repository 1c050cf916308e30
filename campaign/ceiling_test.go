package campaign_test

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"

	"mailshot/campaign"
	"mailshot/campaign/transport"
	"mailshot/internal/sink"
	"mailshot/sender/mx/mxtest"
)

// rooted asks a zone by names as people write them.
type rooted struct{ *mxtest.Zone }

func (r rooted) LookupNetIP(ctx context.Context, kind, name string) ([]netip.Addr, error) {
	return r.Zone.LookupNetIP(ctx, kind, name+".")
}

// An operator's ceiling for a server holds however campaigns write its name, and also for a name that leads to it:
// three in three hours, counted at the server. With addresses left as they are written, 127.0.0.1 sent without a cap;
// without Reached, the other name did.
func TestCeilingByOtherNames(t *testing.T) {
	t.Parallel()
	s, rec := startSink(t, sink.Options{})
	zone := mxtest.New(map[string][]string{"A relay.acme.example": {"127.0.0.1"}})
	network := transport.Network{Resolver: rooted{zone}, Dial: func(ctx context.Context, kind, _ string) (net.Conn,
		error) {
		return new(net.Dialer).DialContext(ctx, kind, fmt.Sprintf("%s:%d", s.Host(), s.Port()))
	}}
	first := newFolder(t)
	first.write(t, "limits.yaml", "servers: { localhost: { caps: [3/3h] } }\n")
	for i, host := range []string{"localhost", "127.0.0.1", "LOCALHOST.", "relay.acme.example", "127.0.0.9"} {
		f := newFolder(t)
		f.accounts = first.accounts
		f.write(t, "campaign.yaml", fmt.Sprintf("%sserver: { host: %q, port: %d, tls: none }\n",
			strings.Replace(base, "id: test", fmt.Sprintf("id: test%d", i), 1), host, s.Port()))
		f.write(t, "body.txt", fmt.Sprintf("Dear {{.name}}, by %s\n", host))
		f.write(t, "people.csv", people(5))
		sum := f.send(t, campaign.Options{Limits: first.dir + "/limits.yaml", Network: network}, campaign.PlanOptions{})
		if n := len(rec.accepted(t)); n != 3 {
			t.Errorf("after %s: %d at the sink, want 3 (%v)", host, n, sum.Counts)
		}
	}
}
