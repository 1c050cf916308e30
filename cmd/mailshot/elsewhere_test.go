package main

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"mailshot/campaign/statefile"
)

// A ledger on a network file system ends every command with 1, and with the command that names another file. (Breakage:
// refuse took the error for a finding, and the exit code was 3.)
func TestElsewhere(t *testing.T) {
	t.Parallel()
	var stderr bytes.Buffer
	tool := &tool{stderr: &stderr, program: "mailshot"}
	cmd := tool.root()
	send, _, err := cmd.Find([]string{"send"})
	if err != nil {
		t.Fatal(err)
	}
	if err := send.ParseFlags([]string{"--yes", "my news.yaml"}); err != nil {
		t.Fatal(err)
	}
	bad := &statefile.Error{Path: "/mnt/x/.mailshot/state.db", Text: "on a network file system (nfs)", Option: "--state"}
	if code := tool.finish(send, tool.refuse(fmt.Errorf("open: %w", bad), "my news.yaml")); code != exitFailed {
		t.Errorf("exit code %d", code)
	}
	for _, want := range []string{
		"open: /mnt/x/.mailshot/state.db: on a network file system (nfs); nothing was sent\n",
		"next: mailshot send --state FILE 'my news.yaml'\n",
	} {
		if !strings.Contains(stderr.String(), want) {
			t.Errorf("%q is not in\n%s", want, &stderr)
		}
	}
}
