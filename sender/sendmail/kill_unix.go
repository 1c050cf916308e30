//go:build unix

package sendmail

import (
	"os/exec"
	"syscall"
)

// killable makes the end of cmd's context end the processes that cmd has started too.
func killable(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
