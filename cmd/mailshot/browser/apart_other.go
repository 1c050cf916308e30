//go:build !unix

package browser

import "os/exec"

// apart does nothing where a browser has no part in the terminal.
func apart(*exec.Cmd) {}
