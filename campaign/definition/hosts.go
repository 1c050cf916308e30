package definition

import (
	"net/netip"
	"strings"
)

// Local is the form of every name and address of the machine itself.
const Local = "localhost"

// HostKey is the one form in which hosts are compared and counted: lower case, without a final dot, an IP address as it
// is written shortest, and every name of the machine itself as [Local].
func HostKey(host string) string {
	host = strings.Trim(strings.TrimSuffix(strings.ToLower(host), "."), "[]")
	if ip, err := netip.ParseAddr(host); err == nil {
		return AddressKey(ip)
	}
	switch {
	case host == "localhost.localdomain", host == "localhost6", host == "localhost6.localdomain6",
		host == "ip6-localhost", host == "ip6-loopback", strings.HasSuffix(host, ".localhost"):
		return Local
	}
	return host
}

// AddressKey is the HostKey of an address. The unspecified address leads to the machine itself.
func AddressKey(ip netip.Addr) string {
	ip = ip.Unmap()
	if ip.IsLoopback() || ip.IsUnspecified() {
		return Local
	}
	return ip.String()
}
