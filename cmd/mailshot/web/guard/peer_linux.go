package guard

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
)

// sameUser reports whether the connection from peer to host, both on loopback, was made by this process's user, or by
// root. What cannot be known is taken for yes: the ticket is still a secret.
func sameUser(peer, host string) bool {
	me := os.Getuid()
	from, err := netip.ParseAddrPort(peer)
	to, err2 := netip.ParseAddrPort(host)
	if err != nil || err2 != nil || me == 0 {
		return true
	}
	for _, name := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		f, err := os.Open(name)
		if err != nil {
			continue
		}
		uid, found := owner(bufio.NewScanner(f), inTable(from), inTable(to))
		_ = f.Close() // it was read
		if found {
			return uid == me || uid == 0
		}
	}
	return true
}

// owner finds the user of the socket with these two ends, as the kernel's table of connections writes them (proc(5)).
func owner(table *bufio.Scanner, from, to string) (uid int, found bool) {
	for table.Scan() {
		f := strings.Fields(table.Text())
		if len(f) > 7 && f[1] == from && f[2] == to {
			uid, err := strconv.Atoi(f[7])
			return uid, err == nil
		}
	}
	return 0, false
}

// inTable is an address as the table has it: each four bytes in the order of the machine, which is little endian on all
// that mailshot is built for.
func inTable(a netip.AddrPort) string {
	b := a.Addr().AsSlice()
	for i := 0; i+4 <= len(b); i += 4 {
		slices.Reverse(b[i : i+4])
	}
	return fmt.Sprintf("%s:%04X", strings.ToUpper(hex.EncodeToString(b)), a.Port())
}
