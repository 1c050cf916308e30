package files_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mailshot/internal/inbox"
	"mailshot/internal/inbox/files"
)

const mark = "From a@example.com Mon Nov  2 02:04:05 2026\n"

// The forms of mboxes, and what programs make of them.
func TestMboxForms(t *testing.T) {
	t.Parallel()
	sized := func(text string) string {
		header, body, _ := strings.Cut(text, "\n\n")
		return fmt.Sprintf("%s\nContent-Length: %d\n\n%s", header, len(body), body)
	}
	lured := fmt.Sprintf("From: a@example.com\nContent-Length: %d\n\nx\n", len("x\n\n"+mark+mail(2, "two")))
	for name, tt := range map[string]struct {
		text string
		want []string
	}{
		"one":        {mark + mail(1, "x") + "\n", []string{mail(1, "x")}},
		"no end":     {mark + mail(1, "x"), []string{mail(1, "x")}},
		"no newline": {mark + strings.TrimSuffix(mail(1, "x"), "\n"), []string{strings.TrimSuffix(mail(1, "x"), "\n")}},
		"two":        {mark + mail(1, "x") + "\n" + mark + mail(2, "y") + "\n", []string{mail(1, "x"), mail(2, "y")}},
		"no blank":   {mark + mail(1, "x") + mark + mail(2, "y"), []string{mail(1, "x"), mail(2, "y")}},
		"quoted":     {mark + mail(1, ">From x\n>>From y\n> From z") + "\n", []string{mail(1, "From x\n>From y\n> From z")}},
		"not quoted": {mark + mail(1, "a\n\nFrom here on:\nWell: no\n\nFrom him.\n") + "\n",
			[]string{mail(1, "a\n\nFrom here on:\nWell: no\n\nFrom him.\n")}},
		"no date":  {"From -\n" + mail(1, "x") + "\nFrom MAILER-DAEMON\n" + mail(2, "y"), []string{mail(1, "x"), mail(2, "y")}},
		"a zone":   {"From 17@x Mon Nov 02 03:04:05 +0000 2026\n" + mail(1, "x"), []string{mail(1, "x")}},
		"day last": {"From a@b  Mon, 2 Nov 2026 03:04:05 +0100\n" + mail(1, "x"), []string{mail(1, "x")}},
		"uucp": {"From uucp Mon Nov  2 03:04 2026 remote from mars\n>From ann Mon Nov 2 03:04 2026\n" + mail(1, "x"),
			[]string{"From ann Mon Nov 2 03:04 2026\n" + mail(1, "x")}},
		"crlf": {strings.ReplaceAll(mark+mail(1, "x")+"\n"+mark+mail(2, ">From y")+"\n", "\n", "\r\n"),
			[]string{strings.ReplaceAll(mail(1, "x"), "\n", "\r\n"), strings.ReplaceAll(mail(2, "From y"), "\n", "\r\n")}},
		"cl2": {mark + sized(mail(1, "From me\n\n"+mark+"A: b\n>From you")) + "\n" + mark + sized(mail(2, "y")) + "\n",
			[]string{sized(mail(1, "From me\n\n"+mark+"A: b\n>From you")), sized(mail(2, "y"))}},
		"cl2 without blanks": {mark + sized(mail(1, "x")) + mark + sized(mail(2, "y")), []string{sized(mail(1, "x")), sized(mail(2, "y"))}},
		"a lure": {mark + lured + "\n" + mark + mail(2, "two") + "\n" + mark + mail(3, "three"),
			[]string{lured, mail(2, "two"), mail(3, "three")}},
		"empty":        {"", nil},
		"rubbish":      {"rubbish\n\n" + mark + mail(1, "x"), []string{mail(1, "x")}},
		"blank at end": {mark + mail(1, "x\n\n\n") + "\n\n" + mark + mail(2, "y"), []string{mail(1, "x\n\n\n") + "\n", mail(2, "y")}},
		"long lines": {mark + mail(1, strings.Repeat("x", 1<<20)+"\n>From "+strings.Repeat("y", 1<<20)+"\n"+strings.Repeat(">", 1<<20)),
			[]string{mail(1, strings.Repeat("x", 1<<20)+"\nFrom "+strings.Repeat("y", 1<<20)+"\n"+strings.Repeat(">", 1<<20))}},
	} {
		path := write(t, filepath.Join(t.TempDir(), "m"), tt.text)
		got := inOrder(t, files.Mbox(path))
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: %d messages\n got %.300q\nwant %.300q", name, len(got), got, tt.want)
		}
		if after, _ := os.ReadFile(path); string(after) != tt.text {
			t.Errorf("%s: the file has changed", name)
		}
	}
}

// A message that a program marks in an mbox stays the same one; one that grows there is read; what is rewritten while it
// is read is told, and read the next time.
func TestMboxChanges(t *testing.T) {
	t.Parallel()
	path := write(t, filepath.Join(t.TempDir(), "m"), mark+mail(1, "x")+"\n"+mark+mail(2, "y")+"\n")
	box := files.Mbox(path)
	_, ids := read(t, box)
	marked := strings.ReplaceAll(mark+mail(1, "x")+"\n"+mark+mail(2, "y")+"\n"+mark+mail(3, "z")+"\n",
		"Subject: x\n", "Status: RO\nX-Keywords: a\n b\nSubject: x\nX-UID: 7\n")
	write(t, path, marked)
	if _, again := read(t, box, ids...); len(again) != 1 {
		t.Errorf("%d messages are new after one came", len(again))
	}
	n := 0
	err := box.Each(t.Context(), func(string) bool { return false }, func(m inbox.Message) error {
		n++
		if n == 1 {
			write(t, path, mark+mail(9, "another one, and longer than the one before it")+"\n"+marked)
		}
		r, err := m.Open(t.Context())
		if err != nil {
			return nil
		}
		b := make([]byte, 1000)
		for err == nil {
			_, err = r.Read(b)
		}
		return r.Close()
	})
	if err == nil || n != 1 || !strings.Contains(err.Error(), "changed the file") {
		t.Errorf("after %d messages: %v", n, err)
	}
	if texts, _ := read(t, box, ids...); len(texts) != 2 {
		t.Errorf("%d messages are new", len(texts))
	}
}

// What another program does to a Maildir while it is read: each message is read once, wherever it is by then. Broken on
// purpose: without the look for a moved file, its message was an error; without more than one listing, the one that came
// meanwhile was missed.
func TestMaildirMoves(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	at := func(names ...string) string { return filepath.Join(append([]string{dir}, names...)...) }
	for i := range 20 {
		sub, flags := "new", ""
		if i%2 == 0 {
			sub, flags = "cur", ":2,S"
		}
		write(t, at(sub, fmt.Sprintf("17900000%02d.M1P2.host%s", i, flags)), mail(i, "x"))
	}
	write(t, at("new", ".hidden"), "no message")
	write(t, at("tmp", "1790000001.half"), "half a mess")
	write(t, at("cur", "folder", "x"), "no message")
	box, err := files.Maildir(dir, "")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	n := 0
	err = box.Each(t.Context(), func(string) bool { return false }, func(m inbox.Message) error {
		if n == 0 { // all are seen by a mail program, and one more comes
			for i := range 20 {
				base := fmt.Sprintf("17900000%02d.M1P2.host", i)
				if i%2 == 0 {
					err = errors.Join(err, os.Rename(at("cur", base+":2,S"), at("cur", base+":2,RS")))
				} else {
					err = errors.Join(err, os.Rename(at("new", base), at("cur", base+":2,")))
				}
			}
			write(t, at("new", "1790000030.M1P2.host,S=5"), mail(30, "late"))
			if err := errors.Join(err, os.Remove(at("cur", "1790000019.M1P2.host:2,"))); err != nil {
				t.Fatal(err)
			}
		}
		n++
		if m.ID == "1790000019.M1P2.host" {
			if _, err := m.Open(t.Context()); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("a message that is gone: %v", err)
			}
			return nil
		}
		got = append(got, m.ID+" "+textOf(t, m)[:10])
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 20 || got[3] != "1790000003.M1P2.host From: a3@e" || got[19] != "1790000030.M1P2.host,S=5 From: a30@" {
		t.Errorf("%d messages: %q", len(got), got)
	}
}

// The folders of a Maildir, by either layout and in names of any script.
func TestMaildirFolders(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"", ".Returns.2026", ".Zur&APw-ck", "Other/Deep", ".A&-B"} {
		for _, sub := range []string{"new", "cur"} {
			if err := os.MkdirAll(filepath.Join(dir, filepath.FromSlash(name), sub), 0o700); err != nil {
				t.Fatal(err)
			}
		}
		write(t, filepath.Join(dir, filepath.FromSlash(name), "new", "1.x"), mail(1, name))
	}
	for folder, name := range map[string]string{"": "", "INBOX": "", "inbox": "", "Returns/2026": ".Returns.2026",
		"Zurück": ".Zur&APw-ck", "Other/Deep": "Other/Deep", "INBOX/Returns/2026": ".Returns.2026", "A&B": ".A&-B"} {
		box, err := files.Maildir(dir, folder)
		if err != nil {
			t.Errorf("%s: %v", folder, err)
			continue
		}
		if got := inOrder(t, box); len(got) != 1 || got[0] != mail(1, name) {
			t.Errorf("%s: %q", folder, got)
		}
	}
	for _, folder := range []string{"none", "..", "../x", "Returns"} {
		if _, err := files.Maildir(dir, folder); err == nil {
			t.Errorf("%s is a folder", folder)
		}
	}
}
