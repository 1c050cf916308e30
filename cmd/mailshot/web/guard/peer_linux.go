package guard

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"io"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
)

// sameUser reports whether the connection from peer to host, both on loopback, was made by this process's user, or by
// root. What cannot be known is taken for yes: whoever asks has a secret all the same. A connection that the kernel
// shows from this end alone is not one of those.
func sameUser(peer, host string) bool {
	me := os.Getuid()
	from, err := netip.ParseAddrPort(peer)
	to, err2 := netip.ParseAddrPort(host)
	if err != nil || err2 != nil || me == 0 {
		return true
	}
	var seen bool
	for range 2 { // a table is not that of one moment, so that a socket may be missed
		var uid int
		var found bool
		if uid, found, seen = whose(from, to); found {
			return uid == me || uid == 0
		}
	}
	return !seen
}

// nobody is the user of a socket that no process has any more. The kernel may show those as root's.
const nobody = -1

// whose finds the user of the socket that a connection begins at. seen reports whether the kernel's tables have its
// other end, so that they are to be believed.
func whose(from, to netip.AddrPort) (uid int, found, seen bool) {
	for _, name := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		f, err := os.Open(name)
		if err != nil {
			continue
		}
		is, has, sees := owner(f, inTable(from), inTable(to))
		_ = f.Close() // it was read
		if seen = seen || sees; has {
			return is, true, seen
		}
	}
	return 0, false, seen
}

// owner finds the user of the socket with these two ends in one of the kernel's tables of connections (proc(5)). Each
// end may be written in any of several ways.
func owner(table io.Reader, from, to []string) (uid int, found, seen bool) {
	for lines := bufio.NewScanner(table); lines.Scan(); {
		f := strings.Fields(lines.Text())
		switch {
		case len(f) < 10:
		case slices.Contains(from, f[1]) && slices.Contains(to, f[2]):
			if f[9] == "0" { // it has no inode
				return nobody, true, seen
			}
			if n, err := strconv.Atoi(f[7]); err == nil {
				uid, found = n, true
			}
		case slices.Contains(to, f[1]) && slices.Contains(from, f[2]):
			seen = true
		}
	}
	return uid, found, seen
}

// inTable is an address in the ways in which the tables may have it: a socket of IPv6 may speak to an address of IPv4
// (RFC 4291 2.5.5.2). Each four bytes are in the order of the machine, which is little endian on all that mailshot is
// built for.
func inTable(a netip.AddrPort) (all []string) {
	ways := [][]byte{a.Addr().AsSlice()}
	if a.Addr().Is4() {
		mapped := a.Addr().As16()
		ways = append(ways, mapped[:])
	}
	for _, b := range ways {
		for i := 0; i+4 <= len(b); i += 4 {
			slices.Reverse(b[i : i+4])
		}
		all = append(all, fmt.Sprintf("%s:%04X", strings.ToUpper(hex.EncodeToString(b)), a.Port()))
	}
	return all
}
