//go:build !unix

package sendmail

import "os/exec"

// killable leaves what cmd has started alone where there are no groups of processes.
func killable(*exec.Cmd) {}
