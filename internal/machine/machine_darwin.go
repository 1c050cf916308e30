package machine

import "syscall"

// Number is the system's number for this machine, "" when it has none.
func Number() string {
	id, err := syscall.Sysctl("kern.uuid")
	if err != nil {
		return ""
	}
	return id
}
