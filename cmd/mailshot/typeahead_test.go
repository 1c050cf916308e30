//go:build linux

package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"mailshot/internal/sink"
)

// A person pastes lines at the prompt. The first one answers, and the shell gets none of the others, however the
// program ends: it reads what is typed afterwards. Without the drop in answer, the shell reads the second line; with
// the drop after a right answer alone, it does so after a wrong one.
func TestNothingPastedReachesTheShell(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		pasted string
		sent   int
	}{
		"right answer": {"2\necho pasted\n", 2},
		"wrong answer": {"3\necho pasted\n", 0},
		"long line":    {"2 " + strings.Repeat("x", 3000) + "\necho pasted\n", 0},
		"interrupt":    {"\x03echo pasted\n", 0},
		"end of input": {"\x04echo pasted\n", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			interruptible(t, os.Interrupt) // a shell cannot trap it then
			var record bytes.Buffer
			s, err := sink.Start(sink.Options{Record: &record})
			if err != nil {
				t.Fatal(err)
			}
			dir := campaignOf(t, s, 2)
			master, terminal := openTerminal(t)
			cmd := exec.Command("sh", "-c",
				`trap : INT; mailshot send; echo "it ended"; read line; echo "the shell reads <$line>"`)
			cmd.Dir = dir
			cmd.Env = append(os.Environ(), "XDG_STATE_HOME="+filepath.Join(dir, "state"), "NO_COLOR=1")
			cmd.Stdin, cmd.Stdout, cmd.Stderr = terminal, terminal, terminal
			cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			terminal.Close()
			said := &untilReader{t: t, from: master}
			said.until("to send 2 messages: ")
			fmt.Fprint(master, c.pasted)
			said.until("it ended")
			fmt.Fprint(master, "typed later\n")
			said.until("the shell reads <typed later>")
			if err := cmd.Wait(); err != nil {
				t.Error(err)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			if got := bytes.Count(record.Bytes(), []byte("\n")); got != c.sent {
				t.Errorf("%d messages were sent, want %d", got, c.sent)
			}
		})
	}
}

// untilReader reads what appears on a terminal.
type untilReader struct {
	t    *testing.T
	from io.Reader
	all  []byte
	at   int // what was looked at
}

func (r *untilReader) until(text string) {
	r.t.Helper()
	for buf := make([]byte, 4096); ; {
		if i := bytes.Index(r.all[r.at:], []byte(text)); i >= 0 {
			r.at += i + len(text)
			return
		}
		n, err := r.from.Read(buf)
		if r.all = append(r.all, buf[:n]...); err != nil {
			r.t.Fatalf("%v; it never said %q, but\n%s", err, text, r.all)
		}
	}
}

// openTerminal makes a terminal: what is written to master is typed there, and what appears on it is read from master.
func openTerminal(t *testing.T) (master, terminal *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { master.Close() })
	if err := unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	terminal, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return master, terminal
}
