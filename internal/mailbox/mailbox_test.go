package mailbox

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"
)

var date = time.Date(2026, 11, 2, 3, 4, 5, 678000, time.FixedZone("", 3600))

// pieces writes a text in pieces of n bytes.
type pieces struct {
	text string
	n    int
}

func (p pieces) WriteTo(w io.Writer) (int64, error) {
	for i := 0; i < len(p.text); i += p.n {
		if _, err := io.WriteString(w, p.text[i:min(i+p.n, len(p.text))]); err != nil {
			return int64(i), err
		}
	}
	return int64(len(p.text)), nil
}

// failing writes half a message and then fails.
type failing struct{}

var errBody = errors.New("cannot be made")

func (failing) WriteTo(w io.Writer) (int64, error) {
	n, _ := io.WriteString(w, "Subject: half\r\n\r\nFrom h")
	return int64(n), errBody
}

// halfway tells when half a message is written, and waits.
type halfway struct{ reached, goOn chan struct{} }

func (h halfway) WriteTo(w io.Writer) (int64, error) {
	io.WriteString(w, "Subject: slow\r\n\r\n")
	close(h.reached)
	<-h.goOn
	io.WriteString(w, "done\r\n")
	return 0, nil
}

func open(t *testing.T, format, path string, o Options) Writer {
	t.Helper()
	w, err := Open(format, path, o)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// visible lists the files that a mail program would look at.
func visible(t *testing.T, root string) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if strings.HasPrefix(d.Name(), ".") || strings.HasPrefix(rel, "tmp") {
			return err
		}
		names = append(names, filepath.ToSlash(rel))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// all lists every file below root.
func all(t *testing.T, root string) (names []string) {
	t.Helper()
	filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			names = append(names, path)
		}
		return err
	})
	return names
}

// Nobody sees half a file: proven by writing to the final name at once, which
// gave "half a message is visible: [a.eml]" for eml; the other formats were not broken one by one.
func TestNothingHalf(t *testing.T) {
	t.Parallel()
	for _, format := range Formats() {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			path := root
			if format == "mbox" {
				path = filepath.Join(root, "x.mbox")
			}
			w := open(t, format, path, Options{})
			if _, err := w.Add(Item{Name: "a", Body: failing{}}); !errors.Is(err, errBody) {
				t.Fatalf("a body that fails: %v", err)
			}
			if names := visible(t, root); len(names) > 0 {
				t.Errorf("half a message is visible: %v", names)
			}
			h := halfway{make(chan struct{}), make(chan struct{})}
			done := make(chan error, 1)
			go func() {
				_, err := w.Add(Item{Name: "a", Body: h})
				done <- err
			}()
			<-h.reached
			if names := visible(t, root); len(names) > 0 {
				t.Errorf("half a message is visible: %v", names)
			}
			close(h.goOn)
			if err := <-done; err != nil {
				t.Fatal(err)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			files := all(t, root)
			if len(files) != 1 {
				t.Fatalf("files %v, want one and nothing left over", files)
			}
			got, err := os.ReadFile(files[0])
			if err != nil || strings.Contains(string(got), "half") || !strings.Contains(string(got), "done") {
				t.Errorf("%s holds %q, %v", files[0], got, err)
			}
			if info, err := os.Stat(files[0]); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("mode %v, %v, want 0600", info.Mode(), err)
			}
		})
	}
}

func TestEML(t *testing.T) {
	t.Parallel()
	for _, sync := range []bool{false, true} {
		dir := filepath.Join(t.TempDir(), "new", "folder")
		body := "Subject: x\r\n\r\nFrom here\r\n.\r\nno end"
		w := open(t, "eml", dir, Options{Sync: sync})
		var names []string
		for _, it := range []Item{{Name: "a"}, {Name: "a"}, {To: "b@example.com"}, {Name: "a"}, {Name: "a-2"}} {
			it.Body = pieces{body, 3}
			name, err := w.Add(it)
			if err != nil {
				t.Fatal(err)
			}
			names = append(names, name)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if want := []string{"a.eml", "a-2.eml", "b@example.com.eml", "a-3.eml", "a-2-2.eml"}; !slices.Equal(names, want) {
			t.Errorf("names %v, want %v", names, want)
		}
		// What another program put there stays.
		w = open(t, "eml", dir, Options{Sync: sync})
		name, err := w.Add(Item{Name: "a", Body: pieces{"new", 9}})
		if err != nil || name != "a-4.eml" {
			t.Errorf("in a used folder: %q, %v", name, err)
		}
		for _, name := range names {
			if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(got) != body {
				t.Errorf("%s holds %q, %v", name, got, err)
			}
		}
	}
}

func TestConcurrentAdds(t *testing.T) {
	t.Parallel()
	for _, format := range Formats() {
		root := t.TempDir()
		path := root
		if format == "mbox" {
			path = filepath.Join(root, "m")
		}
		w := open(t, format, path, Options{})
		const n = 100
		names := make([]string, n)
		var wg sync.WaitGroup
		for i := range n {
			wg.Go(func() {
				name, err := w.Add(Item{Name: "same", Date: date, Body: pieces{fmt.Sprintf("X: %d\r\n\r\nbody %d\r\n", i, i), 5}})
				if err != nil {
					t.Error(err)
				}
				names[i] = name
			})
		}
		wg.Wait()
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if format == "mbox" {
			if got := len(unbox(t, path)); got != n {
				t.Errorf("mbox: %d messages, want %d", got, n)
			}
			continue
		}
		for i, name := range names {
			got, err := os.ReadFile(filepath.Join(root, name))
			if want := fmt.Sprintf("X: %d\r\n\r\nbody %d\r\n", i, i); err != nil || string(got) != want {
				t.Fatalf("%s %s: %q, %v", format, name, got, err)
			}
		}
		if files := all(t, root); len(files) != n {
			t.Errorf("%s: %d files, want %d", format, len(files), n)
		}
	}
}

func TestFileName(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ن", 200)
	for in, want := range map[string]string{
		"ann@example.com":      "ann@example.com",
		"":                     "message",
		"...":                  "message",
		"../../etc/passwd":     "_.._etc_passwd",
		"/abs":                 "_abs",
		`C:\x`:                 "C_x",
		"a\x00b\nc":            "a_b_c",
		"-rf":                  "rf",
		".hidden":              "hidden",
		"trail. ":              "trail._",
		"trail.":               "trail",
		"con":                  "_con",
		"COM1.txt":             "_COM1.txt",
		"COMMA":                "COMMA",
		"سارا رضایی":           "سارا_رضایی",
		"e\u0301":              "e\u0301",
		"a\u202eb":             "a_b",
		"a\xffb":               "a_b",
		"a???b":                "a_b",
		"___":                  "message",
		"user+tag@example.com": "user+tag@example.com",
	} {
		if got := FileName(in); got != want {
			t.Errorf("FileName(%q) = %q, want %q", in, got, want)
		}
	}
	if got := FileName(long); len(got) > maxName || !utf8.ValidString(got) || got == "" {
		t.Errorf("a long name came out with %d bytes: %q", len(got), got)
	}
	dir := t.TempDir()
	w := open(t, "eml", dir, Options{})
	for _, weird := range []string{"../up", "..", "a/b", "a\\b", "\x00", long, "NUL", "x\n.eml",
		strings.Repeat("../", 50)} {
		name, err := w.Add(Item{Name: weird, Body: pieces{"x", 1}})
		if err != nil || filepath.Base(name) != name {
			t.Errorf("%q: %q, %v", weird, name, err)
		}
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
}

func FuzzFileName(f *testing.F) {
	f.Add("../a\x00")
	f.Add("con.txt")
	f.Fuzz(func(t *testing.T, s string) {
		name := FileName(s)
		if name == "" || len(name) > maxName+1 || filepath.Base(name) != name || !fs.ValidPath(name) ||
			!utf8.ValidString(name) ||
			strings.ContainsAny(name, "/\\:*?\"<>|\x00") || name[0] == '.' || name[0] == '-' {
			t.Errorf("FileName(%q) = %q", s, name)
		}
	})
}

func TestMaildir(t *testing.T) {
	t.Parallel()
	for _, sync := range []bool{false, true} {
		dir := filepath.Join(t.TempDir(), "md")
		w := open(t, "maildir", dir, Options{Sync: sync})
		body := "Subject: x\r\n\r\nhi\r\n"
		name, err := w.Add(Item{Name: "ignored", Date: date, Body: pieces{body, 4}})
		if err != nil {
			t.Fatal(err)
		}
		if !regexp.MustCompile(`^new/1793585045\.M678P\d+Q1\.[^/:]+$`).MatchString(filepath.ToSlash(name)) {
			t.Errorf("name %q", name)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		for _, sub := range []string{"tmp", "new", "cur"} {
			if info, err := os.Stat(filepath.Join(dir, sub)); err != nil || !info.IsDir() || info.Mode().Perm() != 0o700 {
				t.Errorf("%s: %v, %v", sub, info, err)
			}
		}
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(got) != body {
			t.Errorf("holds %q, %v", got, err)
		}
		// A second writer of the same process, at the same Date, counts from 1 again and must not write over the first.
		w = open(t, "maildir", dir, Options{Sync: sync})
		again, err := w.Add(Item{Date: date, Body: pieces{"second", 4}})
		if err != nil || again == name {
			t.Errorf("second delivery: %q, %v", again, err)
		}
	}
}

// unbox reads an mboxrd file back. It is written from the description of the format, not from the writer.
func unbox(t *testing.T, path string) (messages []string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	quoted := regexp.MustCompile(`(?m)^>(>*From )`)
	for _, part := range regexp.MustCompile(`(?m)^From .*\n`).Split(string(data), -1)[1:] {
		part, ended := strings.CutSuffix(part, "\n")
		if !ended {
			t.Errorf("no empty line after %q", part)
		}
		messages = append(messages, quoted.ReplaceAllString(part, "$1"))
	}
	return messages
}

func TestMbox(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sub", "out.mbox")
	w := open(t, "mbox", path, Options{})
	bodies := []string{
		"Subject: x\r\n\r\nFrom here\r\n>From there\r\n>>From\r\n>>From afar\r\nfrom small\r\n From in\r\nFrom",
		"From \r\nFro\r\nFrom\r\n\r\n\r\n",
		">", "", "\r\n", "\r", "a\rb\r\n", "F", ">>>", "x\r\n>", "From ", ">From ", "x\r\r\n",
	}
	var want []string
	for _, b := range bodies {
		for n := 1; n <= 7; n++ {
			if _, err := w.Add(Item{From: "a@example.com", Date: date, Body: pieces{b, n}}); err != nil {
				t.Fatal(err)
			}
			if _, err := w.Add(Item{Body: failing{}}); err == nil {
				t.Fatal("a body that fails was taken")
			}
			text := strings.ReplaceAll(b, "\r\n", "\n")
			if text != "" && !strings.HasSuffix(text, "\n") {
				text += "\n"
			}
			want = append(want, text)
		}
	}
	if _, err := w.Add(Item{From: "", Body: pieces{"x", 1}}); err != nil {
		t.Fatal(err)
	}
	want = append(want, "x\n")
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	got := unbox(t, path)
	if len(got) != len(want) {
		t.Fatalf("%d messages, want %d", len(got), len(want))
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("message %d (%q): read %q, want %q", i, bodies[min(i/7, len(bodies)-1)], got[i], want[i])
		}
	}
	data, _ := os.ReadFile(path)
	if !bytes.HasPrefix(data,
		[]byte("From a@example.com Mon Nov  2 02:04:05 2026\nSubject: x\n\n>From here\n>>From there\n>>From\n>>>From afar\n")) {
		t.Errorf("begins %q", data[:min(len(data), 100)])
	}
	if !bytes.Contains(data, []byte("\nFrom MAILER-DAEMON ")) {
		t.Error("the null sender has no name in its separator")
	}
	if _, err := Open("mbox", path, Options{}); err == nil || !strings.Contains(err.Error(), "exists already") {
		t.Errorf("an existing file: %v", err)
	}
}

// Another program takes the name while we write: neither file is lost.
func TestMboxNameTaken(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "out.mbox")
	w := open(t, "mbox", path, Options{})
	if err := os.WriteFile(path, []byte("theirs"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); !errors.Is(err, fs.ErrExist) {
		t.Errorf("Close: %v, want fs.ErrExist", err)
	}
	if got, _ := os.ReadFile(path); string(got) != "theirs" {
		t.Errorf("their file now holds %q", got)
	}
	if files := all(t, filepath.Dir(path)); len(files) != 1 {
		t.Errorf("left over: %v", files)
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		format, path string
		o            Options
		want         string
	}{
		{"zip", "x", Options{}, `unknown format "zip" (one of eml, mbox, maildir)`},
		{"eml", "", Options{}, "empty path"},
		{"eml", file, Options{}, "not a directory"},
		{"maildir", file, Options{}, "not a directory"},
		{"mbox", file + "x", Options{Sync: true}, "use eml or maildir"},
	} {
		if _, err := Open(tt.format, tt.path, tt.o); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("Open(%q, %q, %+v) = %v, want %q", tt.format, tt.path, tt.o, err, tt.want)
		}
	}
}

func FuzzMbox(f *testing.F) {
	f.Add("Subject: x\r\n\r\n>From a\r\nFrom b\r\n", 3)
	f.Add("From ", 1)
	f.Fuzz(func(t *testing.T, text string, n int) {
		if n < 1 {
			return
		}
		var whole, split bytes.Buffer
		for _, w := range []struct {
			b *bytes.Buffer
			n int
		}{{&whole, len(text) + 1}, {&split, n}} {
			q := &quoter{w: w.b, start: true}
			pieces{text, w.n}.WriteTo(q)
			q.finish()
		}
		if whole.String() != split.String() {
			t.Fatalf("%q: %q whole, %q in pieces of %d", text, &whole, &split, n)
		}
		want := strings.ReplaceAll(text, "\r\n", "\n")
		if want != "" && !strings.HasSuffix(want, "\n") {
			want += "\n"
		}
		got := regexp.MustCompile(`(?m)^>(>*From )`).ReplaceAllString(strings.TrimSuffix(whole.String(), "\n"), "$1")
		if got != want || regexp.MustCompile(`(?m)^From `).MatchString(whole.String()) {
			t.Fatalf("%q is kept as %q", text, &whole)
		}
	})
}
