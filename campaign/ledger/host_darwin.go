package ledger

import "syscall"

// machine is the system's number for this machine, "" when it has none.
func machine() string {
	id, err := syscall.Sysctl("kern.uuid")
	if err != nil {
		return ""
	}
	return id
}
