package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"mailshot/campaign/ledger"
	"mailshot/internal/sink"
)

// A quiet send that finds another run of its campaign says nothing: that run does what this one was to do. The exit
// code is that of work left.
//
// Proven by leaving the lock's error as it is.
func TestQuietOverlap(t *testing.T) {
	t.Parallel()
	s, err := sink.Start(sink.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	dir := campaignOf(t, s, 1)
	state, log := filepath.Join(dir, ".mailshot", "state.db"), filepath.Join(dir, "run.log")
	l, err := ledger.Open(state)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	lock, err := l.Lock("slow")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { lock.Close() })
	for _, quiet := range []bool{true, false} {
		args := []string{"send", "--yes", "--state", state, "--accounts", filepath.Join(dir, "user", "accounts.db"),
			"--log", log}
		if quiet {
			args = append(args, "--quiet")
		}
		var out, talk bytes.Buffer
		code := run(t.Context(), "mailshot", append(args, dir), strings.NewReader(""), &out, &talk)
		if code != 75 || out.Len() > 0 || quiet != (talk.Len() == 0) {
			t.Errorf("quiet %v: code %d, %s%s", quiet, code, out.String(), talk.String())
		}
	}
}
