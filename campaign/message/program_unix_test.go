//go:build unix

package message_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Whoever interrupts a preview does not wait for the program that makes a file. Seen to fail with a preview that is
// made without the caller's context: the program ended when its time was over.
func TestShownEnds(t *testing.T) {
	t.Parallel()
	dir := folder(t, "email,name,amount,file\nann@example.com,Ann,1,bill.txt\n")
	write(t, dir, "campaign.yaml", strings.Join([]string{"id: test", "from: Sender <sender@example.org>",
		"subject: Hello", "recipients: { file: people.csv }", "body: { text: body.txt }",
		`attachments: [ { make: [./make.sh, "{{.name}}"], name: a.txt, timeout: 10m } ]`}, "\n"))
	write(t, dir, "body.txt", "Hello\n")
	write(t, dir, "make.sh", "#!/bin/sh\nexec 3>pipe\nsleep 1000\n")
	if err := os.Chmod(filepath.Join(dir, "make.sh"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600); err != nil {
		t.Skip(err)
	}
	m, rows, err := open(t, dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	running := make(chan error, 1)
	go func() {
		pipe, err := os.Open(filepath.Join(dir, "pipe")) // when the program has opened it
		cancel()
		running <- errors.Join(err, pipe.Close())
	}()
	made := m.Shown(ctx, rows[0], date, false)
	if err := <-running; err != nil {
		t.Fatal(err)
	}
	if len(made) != 1 || !errors.Is(made[0].Err, context.Canceled) {
		t.Errorf("%v", made)
	}
}
