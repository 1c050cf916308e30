package guard

import (
	"bufio"
	"net"
	"net/netip"
	"os"
	"testing"
)

// The kernel's table has the user of a real connection, over IPv4 and IPv6.
func TestOwner(t *testing.T) {
	t.Parallel()
	for address, table := range map[string]string{"127.0.0.1:0": "/proc/net/tcp", "[::1]:0": "/proc/net/tcp6"} {
		l, err := net.Listen("tcp", address)
		if err != nil {
			t.Skip(err) // a machine without IPv6
		}
		t.Cleanup(func() { _ = l.Close() })
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		f, err := os.Open(table)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = f.Close() })
		from, to := netip.MustParseAddrPort(c.LocalAddr().String()), netip.MustParseAddrPort(l.Addr().String())
		if uid, found := owner(bufio.NewScanner(f), inTable(from), inTable(to)); !found || uid != os.Getuid() {
			t.Errorf("%s: user %d (found: %v), not %d", address, uid, found, os.Getuid())
		}
		if !sameUser(c.LocalAddr().String(), l.Addr().String()) {
			t.Errorf("%s: a connection of one's own is another user's", address)
		}
	}
}
