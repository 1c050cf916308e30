package trail

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// postfixLog has the lines of a Debian Postfix for these messages: one delivered, one bounced, one deferred; one whose
// client left before the end of the data; one rejected by a milter; one that a content filter took and handed back
// under another queue id, and that bounced then; two with a queue id that was used before, one of them somebody else's
// and one without a Message-ID; one that was rejected, and taken when it was offered again; and one that was made to
// expire.
//
//go:embed testdata/postfix.log
var postfixLog string

// eximLog has the lines of Exim's main log, of versions before and after 4.97, with and without a zone and a process
// number. Exim writes the arrival when it takes responsibility for the message, so not when the connection was lost
// after the final dot.
//
//go:embed testdata/exim.log
var eximLog string

// read reads files and returns the fates of all messages whose Message-ID is at example.org and not somebody else's.
func read(t *testing.T, paths ...string) *Finder {
	t.Helper()
	f := &Finder{Wanted: func(id string) bool {
		return strings.HasSuffix(id, "@example.org") && !strings.HasPrefix(id, "somebody")
	}}
	for _, p := range paths {
		if err := f.Read(p); err != nil {
			t.Fatal(err)
		}
	}
	return f
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// check compares what was found: "sent" or "refused" and a part of the words for each.
func check(t *testing.T, f *Finder, want map[string][2]string) {
	t.Helper()
	for id, fate := range f.Found {
		w, ok := want[id]
		if state := map[bool]string{true: "refused", false: "sent"}[fate.Refused]; !ok || w[0] != state ||
			!strings.Contains(fate.Words, w[1]) {
			t.Errorf("%s: %s, %q; want %v", id, state, fate.Words, w)
		}
	}
	for id := range want {
		if _, ok := f.Found[id]; !ok {
			t.Errorf("%s was not found", id)
		}
	}
}

func TestLogs(t *testing.T) {
	t.Parallel()
	postfix := map[string][2]string{
		"sent@example.org":     {"sent", "250 2.0.0 OK 1700000000"},
		"bounced@example.org":  {"refused", "550 5.1.1 <bob@example.com>"},
		"deferred@example.org": {"sent", "deferred in the relay's queue: connect to"},
		"spam@example.org":     {"refused", "5.7.1 Spam"},
		"filtered@example.org": {"refused", "552 5.2.2"},
		"queued@example.org":   {"sent", "in the relay's queue as 3F2A1B00CE"},
		"again@example.org":    {"sent", "in the relay's queue as 3F2A1B00D3"},
		"expired@example.org":  {"refused", "given up by the relay"},
	}
	check(t, read(t, write(t, "mail.log", postfixLog)), postfix)
	check(t, read(t, write(t, "mail.log", "Nov 22 06:25:01 mx systemd[1]: Starting logrotate\n"+
		strings.ReplaceAll(postfixLog, "\n", "\r\n"))), postfix)
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	if _, err := w.Write([]byte(postfixLog)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	f := read(t, write(t, "mail.log.2.gz", z.String()))
	check(t, f, postfix)
	if f.Kinds["postfix log"] != 1 {
		t.Error(f.Kinds)
	}
	check(t, read(t, write(t, "mainlog", eximLog)), map[string][2]string{
		"sent@example.org": {"sent", `C="250 2.0.0 OK"`}, "bounced@example.org": {"refused", "550 5.1.1 no such user"},
		"deferred@example.org": {"sent", "450 4.2.0 greylisted"},
		"queued@example.org":   {"sent", "in the relay's queue as 1uabCH-000127-Cc"},
	})
}

func TestMailboxes(t *testing.T) {
	t.Parallel()
	const one = "Received: by mx\r\nmessage-id:\r\n <One@example.org>\r\nSubject: x\r\n\r\nMessage-ID: <body@example.org>\r\n"
	const two = "From: a@b.example\nMessage-ID: <two@example.org> (made by us)\nMessage-ID: <second@example.org>\n\nhello\nFrom nobody <not@example.org>\n\n>From x\n"
	sent := func(ids ...string) map[string][2]string {
		want := map[string][2]string{}
		for _, id := range ids {
			want[id] = [2]string{"sent", "found in "}
		}
		return want
	}
	check(t, read(t, write(t, "sent.eml", one)), sent("one@example.org"))
	check(t, read(t, write(t, "Sent", "From club@example.org Sun Nov 22 10:00:00 2026\n"+strings.ReplaceAll(one, "\r", "")+
		"\nFrom - Sun Nov 22\n"+two)), sent("one@example.org", "two@example.org"))
	maildir := filepath.Dir(filepath.Dir(write(t, "Maildir/.Sent/cur/1.M2P3.mx:2,S", one)))
	if err := os.MkdirAll(filepath.Join(maildir, "new"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(maildir, "new", "2.M2P3.mx"), []byte(two), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(maildir, "dovecot.index"), []byte("<index@example.org>"), 0o600); err != nil {
		t.Fatal(err)
	}
	check(t, read(t, filepath.Dir(maildir)), sent("one@example.org", "two@example.org"))
	check(t, read(t, filepath.Dir(write(t, "folder/A.EML", two))), sent("two@example.org"))
	check(t, read(t, write(t, "ids.txt", "<One@example.org>\ntwo@example.org\n\nnot an id\n")), map[string][2]string{
		"one@example.org": {"sent", "listed in ids.txt"}, "two@example.org": {"sent", "listed"}})
}

// A file of no known kind is an error, so that nobody takes "nothing found" for an answer.
func TestNoEvidence(t *testing.T) {
	t.Parallel()
	f := &Finder{Wanted: func(string) bool { return true }}
	for _, path := range []string{
		write(t, "a.csv", "email,name\nann@example.com,Ann\n"), write(t, "empty", ""), write(t, "notes", "call Ann\n"),
		t.TempDir(), filepath.Join(t.TempDir(), "missing"),
	} {
		if err := f.Read(path); err == nil {
			t.Errorf("%s was read as %v", path, f.Kinds)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(postfixLog)
	f.Add(eximLog)
	f.Add("From x\nMessage-ID: <a@b>\n\n")
	f.Fuzz(func(t *testing.T, text string) {
		path := filepath.Join(t.TempDir(), "x")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		found := &Finder{Wanted: func(string) bool { return true }}
		_ = found.Read(path) // an error is an answer, too
		for id := range found.Found {
			if id == "" || strings.ToLower(id) != id {
				t.Errorf("Message-ID %q", id)
			}
		}
	})
}

// A message that is in no file is read as one that is.
func TestMessage(t *testing.T) {
	t.Parallel()
	f := &Finder{Wanted: func(string) bool { return true }}
	for _, text := range []string{"Subject: x\r\nMessage-ID:\r\n <A@example.org>\r\n\r\nMessage-ID: <b@example.org>\r\n", ""} {
		if err := f.Message(strings.NewReader(text), "there"); err != nil {
			t.Fatal(err)
		}
	}
	check(t, f, map[string][2]string{"a@example.org": {"sent", "found in there"}})
}
