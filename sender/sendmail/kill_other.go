//go:build !unix

package sendmail

import "os/exec"

// killable leaves the processes that cmd has started alone, where there are no process groups.
func killable(*exec.Cmd) {}
