package rehearsal

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"mailshot/internal/mailbox"
)

// A rehearsal keeps up to ten thousand messages as files, and more than that in one mbox. Each has a folder of its own.
func TestRehearsal(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for i, c := range []struct {
		n    int64
		want string
	}{{manyMessages, "messages/ann@example.com.eml"}, {manyMessages + 1, "messages.mbox"}} {
		r, err := Start(filepath.Join(dir, ".mailshot"), nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Keep(c.n); err != nil {
			t.Fatal(err)
		}
		if _, err := r.store.Add(mailbox.Item{From: "a@example.org", To: "ann@example.com",
			Body: bytes.NewBufferString("Subject: x\r\n\r\nHello\r\n")}); err != nil {
			t.Fatal(err)
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		if err := r.Close(); err != nil {
			t.Errorf("the second close: %v", err)
		}
		folder := filepath.Join(dir, ".mailshot", "sink", string(rune('1'+i)))
		if _, err := os.Stat(filepath.Join(folder, filepath.FromSlash(c.want))); err != nil {
			t.Errorf("%d messages: %v", c.n, err)
		}
	}
	if ignore, err := os.ReadFile(filepath.Join(dir, ".mailshot", ".gitignore")); err != nil ||
		string(ignore) != "*\n" {
		t.Errorf(".gitignore is %q (%v)", ignore, err)
	}
}

// A rehearsal whose messages cannot be kept is closed like any other. With the folder that was not opened kept as a
// store, the close ends the program, and with it what a window sends elsewhere.
func TestKeepFails(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r, err := Start(dir, nil)
	if err == nil {
		err = os.WriteFile(filepath.Join(r.dir, "messages"), nil, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Keep(1); err == nil {
		t.Error("a file in the way is a folder")
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}
