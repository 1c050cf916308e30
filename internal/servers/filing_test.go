package servers_test

import (
	"context"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailshot/internal/inbox/filing"
	"mailshot/internal/inbox/imap"
	"mailshot/internal/servers"
)

// Copies are filed at a Dovecot over connections that are lost after so many octets: within an answer that says that a
// copy is filed, within a search, anywhere. In the end each is in the folder once.
//
// Broken on purpose: with a copy appended again without a search, 25 of 150 were there twice.
func TestFilingLost(t *testing.T) {
	t.Parallel()
	const n, cuts = 150, 60
	certificate := servers.NewCertificate(t)
	s := servers.DovecotIMAP(t, certificate, "", nil)
	a := account{s, certificate, servers.Username}
	var dials atomic.Int64
	f, err := filing.New(filing.Config{Tries: 1000, Pause: time.Millisecond, IMAP: a.config(func(c *imap.Config) {
		c.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := new(net.Dialer).DialContext(ctx, network, address)
			if err == nil && dials.Add(1) <= cuts {
				conn = &cut{conn, 1800 + rand.IntN(1800)}
			}
			return conn, err
		}
	})})
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for i := range n {
		m, text := mail(i, "example.com")
		want = append(want, text)
		f.Keep(filing.Item{Key: m.To, Size: m.Size, Body: m.Body, Time: time.Now()})
	}
	r, err := f.Finish(t.Context())
	if err != nil || r.Filed != n || r.Failed != 0 {
		t.Errorf("%v %+v", err, r)
	}
	files := s.Files(a.name, ".Outgoing copies")
	slices.Sort(want)
	if diff := cmp.Diff(want, bodies(files)); diff != "" {
		t.Errorf("%d copies of %d messages: %s", len(files), n, diff)
	}
	for name := range files {
		if !strings.HasSuffix(name, ":2,S") {
			t.Errorf("%s is not seen", name)
		}
	}
	t.Logf("%d connections for %d copies", dials.Load(), n)
	// The folder is asked for what it has, and for what it has not.
	c := a.config(nil)
	c.Folder = imap.Sent
	appender, err := imap.NewAppender(c)
	if err != nil {
		t.Fatal(err)
	}
	defer appender.Close()
	for id, there := range map[string]bool{
		"<7.person7@example.com>": true, "<149.person149@example.com>": true, "<1149.person7@example.com>": false, `<"\x>`: false,
	} {
		if found, err := appender.Has(t.Context(), id); found != there || err != nil {
			t.Errorf("%s: %v %v", id, found, err)
		}
	}
}
