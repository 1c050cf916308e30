package earlier

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mailshot/cmd/mailshot/page"
	"mailshot/internal/mailbox"
)

// letter is a message of one part.
func letter(id, to, subject, text string) string {
	return strings.ReplaceAll(fmt.Sprintf("From: club@example.org\nTo: %s\nSubject: %s\nMessage-ID: <%s@example.org>\n"+
		"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 7bit\n\n%s\n", to, subject, id, text), "\n", "\r\n")
}

type octets string

func (o octets) WriteTo(w io.Writer) (int64, error) {
	n, err := w.Write([]byte(o))
	return int64(n), err
}

// Kept messages come back octet for octet in each form, also where their lines begin with From.
func TestKept(t *testing.T) {
	t.Parallel()
	all := map[string]string{
		"a": letter("a", "Ann <ann@example.com>", "One", "Hello\n\nFrom here on\n>From there\n"),
		"b": letter("b", "bob@example.com", "Two", "From the beginning\n\n"),
		"c": letter("c", "Cat <CAT@example.com>", "Three", strings.Repeat("x", 900)),
	}
	for _, format := range mailbox.Formats() {
		path := filepath.Join(t.TempDir(), "box."+format)
		w, err := mailbox.Open(format, path, mailbox.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range []string{"a", "b", "c"} {
			if _, err := w.Add(mailbox.Item{To: key, Name: key, Body: octets(all[key])}); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		k := newKept()
		if err := k.find(path); err != nil {
			t.Fatal(err)
		}
		for key, want := range all {
			got, err := k.message("<"+key+"@example.org>", "", "")
			if err != nil || string(got) != want {
				t.Errorf("%s, %s: %v\n%q\nwant\n%q", format, key, err, got, want)
			}
		}
		for to, key := range map[string]string{"cat@example.com": "c", "BOB@example.com": "b"} {
			if got, err := k.message("<other@example.org>", to, ""); err != nil || string(got) != all[key] {
				t.Errorf("%s, to %s: %v %.60q", format, to, err, got)
			}
		}
		if got, err := k.message("<other@example.org>", "dora@example.com", ""); err != nil || got != nil {
			t.Errorf("%s: a message of nobody: %v %q", format, err, got)
		}
	}
}

// Of several messages to one address it is that of the key, or none. What nobody asked for is gone.
func TestSeveralToOne(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, key := range []string{"A-1", "A-2", "A-3"} {
		if err := os.WriteFile(filepath.Join(dir, key+".eml"), []byte(letter(key, "ann@example.com", key, "Hello")),
			0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, err := Open(context.Background(), Config{Named: []string{dir}})
	if err != nil {
		t.Fatal(err)
	}
	compare := func(key, text string) *page.Change {
		t.Helper()
		c, err := s.Compare(nil, "<new-"+key+"@example.org>", [32]byte{}, page.Message{
			Key: key, Address: "ann@example.com", Octets: []byte(letter("new", "ann@example.com", key, text)),
		})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	if c := compare("A-2", "Hello"); c.Kind != page.IsSame {
		t.Errorf("A-2: %+v", c)
	}
	if c := compare("A-1", "Good day"); c.Kind != page.IsChanged ||
		!slices.Equal(c.Words, []string{"Of the message: the text."}) {
		t.Errorf("A-1: %+v", c)
	}
	if c := compare("A-9", "Hello"); c.Kind != page.IsNew {
		t.Errorf("A-9: %+v", c)
	}
	var gone []string
	for m, err := range s.Gone(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		gone = append(gone, m.Key+" "+m.Address+" "+m.Subject)
	}
	if !slices.Equal(gone, []string{"A-3 ann@example.com A-3"}) {
		t.Errorf("gone: %q", gone)
	}
}

func TestDiffering(t *testing.T) {
	t.Parallel()
	mail := func(files ...string) string {
		text := "To: ann@example.com\nSubject: x\nContent-Type: multipart/mixed; boundary=B\n\n" +
			"--B\nContent-Type: text/plain\n\nHello\n"
		for i := 0; i+1 < len(files); i += 2 {
			text += "--B\nContent-Type: application/pdf\nContent-Disposition: attachment; filename=\"" + files[i] + "\"\n\n" +
				files[i+1] + "\n"
		}
		return strings.ReplaceAll(text+"--B--\n", "\n", "\r\n")
	}
	got, err := differing([]byte(mail("a.pdf", "1", "b.pdf", "2")), []byte(mail("a.pdf", "other", "c.pdf", "2")))
	want := []string{`the file "a.pdf" is another`, `the file "b.pdf" is not there any more`, `the file "c.pdf" is new`}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%v %q", err, got)
	}
	if _, err := differing([]byte("no message"), []byte(mail())); err == nil ||
		!strings.Contains(err.Error(), "the earlier message") {
		t.Errorf("no message: %v", err)
	}
}

// What a person names and nobody finds is an error that says what there is.
func TestUnknown(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, want := range map[string]string{
		Plan: "no plan to compare with yet, and no ledger", "news": "no file, no folder, and no ledger",
		filepath.Join(dir, "x.mbox"): "no file, no folder",
	} {
		_, err := Open(context.Background(), Config{Named: []string{name}, Ledger: filepath.Join(dir, "state.db"),
			ID: "news"})
		if unknown := (*UnknownError)(nil); !errors.As(err, &unknown) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Open(context.Background(), Config{Named: []string{dir}}); err == nil ||
		!strings.Contains(err.Error(), "has no messages") {
		t.Errorf("an empty folder: %v", err)
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("%v was made", left)
	}
}
