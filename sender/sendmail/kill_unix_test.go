//go:build unix

package sendmail

import (
	"bufio"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"mailshot/sender"
	"mailshot/sender/reply"
)

// TestAbort: Abort kills a program that hangs and that may have taken the message. A Send that
// waits for its place has not begun.
func TestAbort(t *testing.T) {
	s, dir := newProgram(t, Config{Processes: 1})
	fifo := filepath.Join(dir, "started")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Skip(err)
	}
	first, second := make(chan sender.Outcome), make(chan sender.Outcome)
	go func() { first <- s.Send(t.Context(), message("hangs@example.com"), always) }()
	pipe, err := os.Open(fifo)
	if err != nil {
		t.Fatal(err)
	}
	defer pipe.Close()
	if _, err := bufio.NewReader(pipe).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	go func() { second <- s.Send(t.Context(), message("ann@example.com"), always) }()
	s.Abort()
	if out := <-first; out.Class != reply.Unknown || !out.Begun {
		t.Errorf("%+v", out)
	}
	if out := <-second; out.Class != "" || out.Begun || !errors.Is(out.Err, sender.ErrAborted) {
		t.Errorf("%+v", out)
	}
}
