//go:build unix

package sender

import (
	"bufio"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"mailshot/sender/reply"
)

// TestSendmailAbort: a program that hangs is killed by Abort, and may have taken
// the message; who waits for its place has nothing begun.
func TestSendmailAbort(t *testing.T) {
	s, dir := newSendmail(t, SendmailConfig{Processes: 1})
	fifo := filepath.Join(dir, "started")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Skip(err)
	}
	first, second := make(chan Outcome), make(chan Outcome)
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
	if out := <-second; out.Class != "" || out.Begun || !errors.Is(out.Err, ErrAborted) {
		t.Errorf("%+v", out)
	}
}
