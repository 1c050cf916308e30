package guard

import (
	"net"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"
)

// ends are the two ends of a connection, the asking one first.
func ends(c net.Conn, l net.Listener) (from, to netip.AddrPort) {
	return netip.MustParseAddrPort(c.LocalAddr().String()), netip.MustParseAddrPort(l.Addr().String())
}

// The kernel's table has the user of a real connection, over IPv4 and IPv6.
func TestOwner(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"127.0.0.1:0", "[::1]:0"} {
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
		if uid, found, _ := whose(ends(c, l)); !found || uid != os.Getuid() {
			t.Errorf("%s: user %d (found: %v), not %d", address, uid, found, os.Getuid())
		}
		if !sameUser(c.LocalAddr().String(), l.Addr().String()) {
			t.Errorf("%s: a connection of one's own is another user's", address)
		}
	}
}

// A socket of IPv6 that speaks to an address of IPv4 stands in the other table, and has a user all the same. Seen to
// fail where an address was looked for as it was written: another user of the machine was taken for unknown, and let
// in.
func TestOwnerMapped(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	fd, err := syscall.Socket(syscall.AF_INET6, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Skip(err) // a machine without IPv6
	}
	defer syscall.Close(fd)
	to := &syscall.SockaddrInet6{Port: l.Addr().(*net.TCPAddr).Port}
	copy(to.Addr[10:], []byte{0xff, 0xff, 127, 0, 0, 1})
	if err := syscall.Connect(fd, to); err != nil {
		t.Fatal(err)
	}
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	peer := netip.MustParseAddrPort(c.RemoteAddr().String())
	uid, found, seen := whose(peer, netip.MustParseAddrPort(l.Addr().String()))
	if !found || !seen || uid != os.Getuid() {
		t.Errorf("user %d (found: %v, seen: %v), not %d", uid, found, seen, os.Getuid())
	}
}

// What the table says of a connection: whose it is, that it is nobody's any more, or that only this end of it is there.
func TestOwnerInTable(t *testing.T) {
	t.Parallel()
	from, to := inTable(netip.MustParseAddrPort("127.0.0.1:43690")), inTable(netip.MustParseAddrPort("127.0.0.1:4711"))
	const ours = "1: 0100007F:1267 0100007F:AAAA 01 0:0 0:0 0 0 0 77 1\n"
	for table, want := range map[string]struct {
		uid         int
		found, seen bool
	}{
		"":                                {},
		"  sl  local_address rem_address": {},
		ours:                              {seen: true},
		ours + "2: 0100007F:AAAA 0100007F:1267 01 0:0 0:0 0 1001 0 78 1\n": {1001, true, true},
		"2: 0100007F:AAAA 0100007F:1267 01 0:0 0:0 0 1001 0 78 1\n" + ours: {1001, true, true},
		ours + "2: 0100007F:AAAA 0100007F:1267 04 0:0 0:0 0 0 0 0 1\n":     {nobody, true, true},
		"2: 0100007F:AAAA 0100007F:1268 01 0:0 0:0 0 1001 0 78 1\n":        {},
		"2: 0000000000000000FFFF00000100007F:AAAA 0000000000000000FFFF00000100007F:1267 01 0:0 0:0 0 1002 0 79 1\n": {
			1002, true, false},
	} {
		if uid, found, seen := owner(strings.NewReader(table), from, to); uid != want.uid || found != want.found ||
			seen != want.seen {
			t.Errorf("%q: %d %v %v, not %v", table, uid, found, seen, want)
		}
	}
}
