//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package smtp

import "net"

// pending cannot be told here without reading. A connection that the server has closed is found out
// by the next MAIL, and the transaction is then made again on a new connection.
func pending(net.Conn) bool { return false }
