//go:build unix

package browser

import (
	"os/exec"
	"syscall"
)

// apart begins a program in a process group of its own: the terminal sends an interrupt to every process of the
// foreground's group.
func apart(c *exec.Cmd) { c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }
