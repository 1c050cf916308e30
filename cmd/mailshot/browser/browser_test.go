//go:build unix

package browser

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// What opens the address is in a process group of its own, so that Ctrl-C at the terminal does not end the browser with
// all its tabs. It was in ui's.
func TestApart(t *testing.T) {
	t.Parallel()
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip(err)
	}
	out := filepath.Join(t.TempDir(), "out")
	if err := begin(sh, "-c", `echo $$ "$1" > "$0.new"; mv "$0.new" "$0"; exec sleep 600`, out,
		"http://127.0.0.1:1/?x"); err != nil {
		t.Fatal(err)
	}
	var words []string
	for end := time.Now().Add(5 * time.Minute); len(words) < 2; {
		b, _ := os.ReadFile(out) // it is not there yet
		if words = strings.Fields(string(b)); time.Now().After(end) {
			t.Fatal("nothing was begun")
		}
	}
	pid, err := strconv.Atoi(words[0])
	if err != nil {
		t.Fatal(err)
	}
	group, err := syscall.Getpgid(pid)
	if own := syscall.Getpgrp(); err != nil || group == own || words[1] != "http://127.0.0.1:1/?x" {
		t.Errorf("group %d, and the test's is %d (%v); %q", group, own, err, words)
	}
	if err := syscall.Kill(-pid, syscall.SIGKILL); err != nil {
		t.Error(err)
	}
	if err := begin(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a program that is not there was begun")
	}
}
