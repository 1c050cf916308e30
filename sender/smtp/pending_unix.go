//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package smtp

import (
	"net"
	"syscall"
)

// pending reports whether the kernel holds unread bytes or the end of the stream. On an idle
// session there may be neither. It does not wait.
func pending(conn net.Conn) bool {
	sc, ok := conn.(syscall.Conn)
	if !ok {
		return false
	}
	rc, err := sc.SyscallConn()
	if err != nil {
		return true
	}
	var b [1]byte
	quiet := false
	err = rc.Read(func(fd uintptr) bool {
		_, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		quiet = err == syscall.EAGAIN || err == syscall.EWOULDBLOCK
		return true // never wait for the descriptor
	})
	return err != nil || !quiet
}
