//go:build !unix

package made

import (
	"errors"
	"os/exec"
	"strconv"
)

// killable makes the end of cmd's context end the processes that cmd has started, too, as far as taskkill finds them.
func killable(cmd *exec.Cmd) {
	cmd.Cancel = func() error {
		tree := exec.Command("taskkill", "/T", "/F", "/PID", strconv.Itoa(cmd.Process.Pid)).Run()
		if err := cmd.Process.Kill(); tree != nil {
			return errors.Join(tree, err)
		}
		return nil
	}
}

// killGroup leaves alone what cmd has left running: its parent is gone, so nobody can tell which processes these are.
func killGroup(*exec.Cmd) {}
