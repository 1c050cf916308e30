package examples

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailshot/internal/parsers"
)

// agree compares what go-message read with what enmime, Python and ruby read: every field's name, every part, name and
// octet; and the files with those that munpack writes.
func agree(t *testing.T, all []arrived) {
	t.Helper()
	if len(all) != 226 {
		t.Errorf("%d messages, want 226", len(all))
	}
	var messages [][]byte
	differ := func(parser string, a arrived, got parsers.Message) {
		if !reflect.DeepEqual(a.read, got) { // which compares octets at once, cmp one by one
			t.Errorf("%s reads another message to %s than go-message (-go-message +%[1]s)\n%s", parser, a.To[0],
				cmp.Diff(a.read, got))
		}
	}
	for _, a := range all {
		messages = append(messages, a.raw)
		got, err := parsers.Enmime(a.raw)
		if err != nil {
			t.Errorf("enmime, %s: %v", a.To[0], err)
		}
		differ("enmime", a, got)
	}
	read, err := parsers.Python(t.Context(), messages)
	if errors.Is(err, parsers.ErrNoPython) {
		t.Skip(err)
	}
	if err != nil {
		t.Error(err)
	}
	for i, got := range read {
		differ("Python's email", all[i], got)
	}
	t.Run("ruby", func(t *testing.T) {
		read, err := parsers.Ruby(t.Context(), messages)
		if errors.Is(err, parsers.ErrNoRuby) {
			t.Skip(err)
		}
		if err != nil {
			t.Error(err)
		}
		for i, got := range read {
			differ("ruby's mail", all[i], got)
		}
	})
	t.Run("munpack", func(t *testing.T) { unpacked(t, all) })
}

// unpacked has munpack write the files of each message, which are the octets that go-message read. It takes a message
// as it lies in a mailbox, with LF line ends.
func unpacked(t *testing.T, all []arrived) {
	program, err := exec.LookPath("munpack")
	if err != nil {
		t.Skip("no munpack on this machine (Debian: mpack)")
	}
	files := 0
	for _, a := range all {
		dir := t.TempDir()
		message := filepath.Join(t.TempDir(), "message")
		if err := os.WriteFile(message, bytes.ReplaceAll(a.raw, []byte("\r\n"), []byte("\n")), 0o600); err != nil {
			t.Fatal(err)
		}
		// -t has it write texts, too.
		if out, err := exec.CommandContext(t.Context(), program, "-q", "-t", "-C", dir,
			message).CombinedOutput(); err != nil {
			t.Fatalf("munpack: %v\n%s", err, out)
		}
		wrote := map[string]bool{}
		err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() || strings.HasSuffix(path, ".desc") {
				return err
			}
			b, err := os.ReadFile(path)
			wrote[string(b)] = true
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if len(a.read.Parts) == 1 { // munpack writes no message of one text
			continue
		}
		for _, p := range a.read.Parts {
			want := string(p.Content)
			if strings.HasPrefix(p.Type, "text/") {
				// Base64 keeps CRLF, and a line end of quoted-printable is that of the mailbox.
				lf := strings.ReplaceAll(want, "\r\n", "\n")
				if !wrote[want] && !wrote[lf] && !wrote[strings.TrimSuffix(lf, "\n")] {
					t.Errorf("%s: munpack did not write the %s", a.To[0], p.Type)
				}
			} else if files++; !wrote[want] {
				t.Errorf("%s: munpack did not write %q as it is", a.To[0], p.Name)
			}
		}
	}
	if files != 33 { // 12 invoices, 9 of statements, 6 codes and 6 invitations
		t.Errorf("munpack saw %d files, want 33", files)
	}
}
