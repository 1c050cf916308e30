//go:build !linux

package guard

// sameUser reports whether a connection is of this process's user. Where that cannot be asked, the ticket decides
// alone.
func sameUser(peer, host string) bool { return true }
