package main

import (
	"bytes"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"mailshot/internal/sink"
)

// A refusal names the place of the mistake, and its last line is a command that helps: not the help of the command,
// not a check of the campaign file where the mistake is elsewhere, and never a repair of a ledger that a newer
// version wrote. Without afterState and again, each of these ends with such a line.
func TestRefusalsNameWhatHelps(t *testing.T) {
	t.Parallel()
	s, err := sink.Start(sink.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	dir := campaignOf(t, s, 2)
	refused := func(args []string, want ...string) {
		t.Helper()
		cmd := mailshotOf(dir, args)
		out, err := cmd.CombinedOutput()
		text := strings.TrimSpace(string(out))
		if err == nil {
			t.Errorf("%q is not refused: %s", args, text)
		}
		for _, w := range want[1:] {
			if !strings.Contains(text, w) {
				t.Errorf("%q: %q is not in\n%s", args, w, text)
			}
		}
		if last := text[strings.LastIndexByte(text, '\n')+1:]; last != "mailshot: next: "+want[0] {
			t.Errorf("%q: the last line is %q, want next: %s", args, last, want[0])
		}
	}
	refused([]string{"send", "--yes", "--only", `mail == "x"`},
		`fix it, then mailshot send --yes --only 'mail == "x"'`, `--only: no column "mail"`, `did you mean "email"?`)
	if out, err := mailshotOf(dir, []string{"send", "--yes"}).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}

	state := filepath.Join(dir, ".mailshot", "state.db")
	whole, err := os.ReadFile(state)
	if err != nil {
		t.Fatal(err)
	}
	newer := bytes.Clone(whole)
	binary.BigEndian.PutUint32(newer[60:], 99) // user_version (the file format of SQLite, 1.3)
	if err := os.WriteFile(state, newer, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range []string{"status", "report", "send --yes", "state check", "why p0@example.com"} {
		refused(strings.Fields(args), "update mailshot, then mailshot "+args, "written by a newer mailshot")
	}
	if err := os.WriteFile(state, []byte(strings.Repeat("not a database ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	refused([]string{"status"}, "mailshot state check campaign.yaml", "damaged or not a mailshot database")
	refused([]string{"send", "--yes"}, "mailshot state check campaign.yaml", "Do not delete the file")
}

// mailshotOf is a call of the program in a folder, with a state folder of its own.
func mailshotOf(dir string, args []string) *exec.Cmd {
	cmd := exec.Command("mailshot", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "XDG_STATE_HOME="+filepath.Join(dir, "state"), "NO_COLOR=1")
	return cmd
}
