package files_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mailshot/internal/inbox"
	"mailshot/internal/inbox/files"
	"mailshot/internal/mailbox"
)

// read reads a box to its end: the messages by their IDs, and the IDs in their order.
func read(t *testing.T, b inbox.Box, skip ...string) (texts map[string]string, ids []string) {
	t.Helper()
	texts = map[string]string{}
	err := b.Each(t.Context(), func(id string) bool { return slices.Contains(skip, id) }, func(m inbox.Message) error {
		if strings.ContainsAny(m.ID, " \n\t") || m.ID == "" {
			t.Errorf("the ID %q", m.ID)
		}
		if _, twice := texts[m.ID]; twice {
			t.Errorf("%s came twice", m.ID)
		}
		text := textOf(t, m)
		if m.Size != int64(len(text)) {
			t.Errorf("%s: size %d of %d bytes", m.ID, m.Size, len(text))
		}
		texts[m.ID] = text
		ids = append(ids, m.ID)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return texts, ids
}

func textOf(t *testing.T, m inbox.Message) string {
	t.Helper()
	r, err := m.Open(t.Context())
	if err != nil {
		t.Fatalf("%s: %v", m.ID, err)
	}
	text, err := io.ReadAll(r)
	if err = errors.Join(err, r.Close()); err != nil {
		t.Fatalf("%s: %v", m.ID, err)
	}
	return string(text)
}

// inOrder is what a box has, in its order.
func inOrder(t *testing.T, b inbox.Box) (list []string) {
	t.Helper()
	texts, ids := read(t, b)
	for _, id := range ids {
		list = append(list, texts[id])
	}
	return list
}

func write(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// state is all that can be seen of a folder: names, contents, modes and times.
func state(t *testing.T, root string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		text := []byte{}
		if e.Type().IsRegular() {
			if text, err = os.ReadFile(path); err != nil {
				return err
			}
		}
		fmt.Fprintf(&b, "%s %v %v %q\n", path, info.Mode(), info.ModTime(), text)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func mail(n int, body string) string {
	return fmt.Sprintf("From: a%d@example.com\nMessage-ID: <%d@example.com>\nSubject: x\n\n%s\n", n, n, body)
}

// What internal/mailbox writes is read back byte for byte, and nothing is changed in it.
func TestWhatIsWritten(t *testing.T) {
	t.Parallel()
	for _, format := range mailbox.Formats() {
		path := filepath.Join(t.TempDir(), "box")
		w, err := mailbox.Open(format, path, mailbox.Options{})
		if err != nil {
			t.Fatal(err)
		}
		var want []string
		for i := range 50 {
			text := mail(i, strings.Repeat("From me\n>From you\n>>From all\n\nFrom a@b Mon Nov  2 02:04:05 2026\n\n", i%4)+"end")
			_, err := w.Add(mailbox.Item{
				From: "b@example.com", Name: fmt.Sprintf("%03d", i), Body: strings.NewReader(text),
				Date: time.Date(2026, 11, 2, 3, 4, i, 0, time.UTC),
			})
			if err != nil {
				t.Fatal(err)
			}
			want = append(want, text)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		before := state(t, path)
		box, err := files.Open(path, files.Options{})
		if err != nil {
			t.Fatal(err)
		}
		got, ids := read(t, box)
		var texts []string
		for _, id := range ids {
			texts = append(texts, got[id])
		}
		if format == "eml" {
			slices.Sort(texts) // written within a tick of the clock, so their order is not told
			slices.Sort(want)
		}
		if !slices.Equal(texts, want) {
			t.Errorf("%s: %d messages of %d, or other ones", format, len(texts), len(want))
		}
		if after := state(t, path); after != before {
			t.Errorf("%s: the box has changed", format)
		}
		if rest, _ := read(t, box, ids[:30]...); len(rest) != 20 {
			t.Errorf("%s: %d messages are left after 30 of 50", format, len(rest))
		}
		kind := map[string]string{"eml": "folder"}[format]
		if kind == "" {
			kind = format
		}
		if real, _ := filepath.EvalSymlinks(path); box.Name() != kind+":"+real {
			t.Errorf("the name %q", box.Name())
		}
		if err := box.Close(); err != nil {
			t.Error(err)
		}
	}
}

// An error of the callback ends Each, and so does the end of the context; the rest comes the next time.
func TestEnds(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for i := range 10 {
		write(t, filepath.Join(dir, fmt.Sprintf("%d.eml", i)), mail(i, "x"))
	}
	box := files.Folder(dir)
	stop := errors.New("enough")
	n := 0
	err := box.Each(t.Context(), func(string) bool { return false }, func(inbox.Message) error {
		if n++; n == 4 {
			return stop
		}
		return nil
	})
	if err != stop || n != 4 {
		t.Errorf("%v after %d", err, n)
	}
	ctx, cancel := context.WithCancel(t.Context())
	n = 0
	err = box.Each(ctx, func(string) bool { return false }, func(inbox.Message) error {
		if n++; n == 4 {
			cancel()
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) || n != 4 {
		t.Errorf("%v after %d", err, n)
	}
}

// Standard input is one message or an mbox, and has the same IDs as a file of the same content.
func TestStdin(t *testing.T) {
	t.Parallel()
	one := mail(1, "one\nFrom here on")
	for _, tt := range []struct {
		text string
		want []string
	}{
		{one, []string{one}},
		{"From b@example.com  Mon Nov  2 02:04:05 2026\n" + one, []string{one}},
		{"From b Mon Nov  2 02:04:05 2026\n" + one + "\nFrom - Mon Nov  2 02:04:06 2026\n" + mail(2, "") + "\n",
			[]string{one, mail(2, "")}},
	} {
		box, err := files.Stdin(strings.NewReader(tt.text), t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		texts, ids := read(t, box)
		for i, id := range ids {
			if i >= len(tt.want) || texts[id] != tt.want[i] {
				t.Errorf("%q: message %d is %q", tt.text, i, texts[id])
			}
		}
		if len(ids) != len(tt.want) {
			t.Errorf("%q: %d messages", tt.text, len(ids))
		}
		if err := box.Close(); err != nil {
			t.Error(err)
		}
		file := files.File(write(t, filepath.Join(t.TempDir(), "x.eml"), strings.ReplaceAll(one, "\n", "\r\n")))
		if _, same := read(t, file); same[0] != ids[0] {
			t.Errorf("the same message has the IDs %s and %s", same[0], ids[0])
		}
	}
	if _, err := files.Stdin(strings.NewReader(""), t.TempDir()); err == nil {
		t.Error("nothing at all was a box")
	}
}

// A folder has what looks like a message, and nothing else.
func TestFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "README.md"), "Note: this is a text\n\nFrom: me\n")
	write(t, filepath.Join(dir, "list.csv"), "email,name\na@example.com,A\n")
	write(t, filepath.Join(dir, ".hidden.eml"), mail(1, "hidden"))
	write(t, filepath.Join(dir, ".git", "x.eml"), mail(1, "hidden"))
	write(t, filepath.Join(dir, "data.json"), `{"from": 1}`)
	write(t, filepath.Join(dir, "empty"), "")
	want := []string{
		mail(1, "eml"), mail(2, "txt"), mail(3, "number"), mail(4, "deep"), mail(5, "mbox"), mail(6, "mbox"),
		"no header\n", mail(7, "marked"),
	}
	write(t, filepath.Join(dir, "a.EML"), want[0])
	write(t, filepath.Join(dir, "b.txt"), want[1])
	write(t, filepath.Join(dir, "17"), want[2])
	write(t, filepath.Join(dir, "sub", "deeper", "c.eml"), want[3])
	write(t, filepath.Join(dir, "some.mbox"), "From - Mon Nov  2 02:04:06 2026\n"+want[4]+
		"\nFrom - Mon Nov  2 02:04:06 2026\n"+want[5]+"\n")
	write(t, filepath.Join(dir, "broken.eml"), want[6])
	write(t, filepath.Join(dir, "marked.eml"), "From MAILER-DAEMON Mon Nov  2 02:04:06 2026\n"+want[7])
	write(t, filepath.Join(dir, "twice.eml"), want[0])
	got := inOrder(t, files.Folder(dir))
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	if _, err := files.Open(filepath.Join(dir, "list.csv"), files.Options{}); err == nil {
		t.Error("a list is a mailbox")
	}
	if err := files.Folder(filepath.Join(dir, "none")).Each(t.Context(), nil, nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a folder that is not there: %v", err)
	}
}

// The corpora are read as they lie there.
func TestCorpora(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]int{"sisimai": 234, "flufl": 42, "own": 10} {
		path := filepath.Join("../../../../shared/corpora/bounces", name)
		if _, err := os.Stat(path); err != nil {
			t.Skip("the corpora are not here")
		}
		box, err := files.Open(path, files.Options{Copies: true})
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		err = box.Each(t.Context(), func(string) bool { return false }, func(m inbox.Message) error {
			textOf(t, m)
			n++
			return nil
		})
		if err != nil || n != want {
			t.Errorf("%s: %d messages of %d, %v", name, n, want, err)
		}
	}
}
