package textfile

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"mailshot/cmd/mailshot/web/files"
)

// textareas are what a browser makes of a text in a textarea: its value, as a script reads it, and as a form sends it.
func textareas(t testing.TB, text string) []string {
	t.Helper()
	doc, err := html.Parse(strings.NewReader("<textarea>\n" + html.EscapeString(text) + "</textarea>"))
	if err != nil {
		t.Fatal(err)
	}
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode || n.Data != "textarea" {
			continue
		}
		value := ""
		if n.FirstChild != nil {
			value = n.FirstChild.Data
		}
		value = strings.ReplaceAll(strings.ReplaceAll(value, "\r\n", "\n"), "\r", "\n")
		return []string{value, strings.ReplaceAll(value, "\n", "\r\n")}
	}
	t.Fatal("no textarea")
	return nil
}

// A file comes back byte for byte. Seen to fail with one kind of line end for the whole file.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"empty": "", "one end": "\n", "ends alone": "\n\n\n", "LF": "a\nb\n", "CRLF": "a\r\nb\r\n", "CR": "a\rb\r",
		"mixed": "a\r\nb\nc\rd\n\r\ne", "no final end": "a\nb", "no final end, CRLF": "a\r\nb", "first line empty": "\n\na",
		"BOM": bom + "a\r\nb\r\n", "BOM alone": bom, "two BOMs": bom + bom + "a\n", "BOM later": "a" + bom + "\n",
		"markup":     "</textarea><script>alert(1)</script>&amp;&#10;\n<!-- {{.name}} -->\n",
		"bidi":       "سلام {{.name}}،\r\n\u202bمتن\u202c\u200f\n",
		"separators": "a\u2028b\u2029c\u0085d\ve\ff\n", "tabs and blanks": "\ta  \r\n \n\t", "controls": "\x01\x1b[0m\x7f\n",
		"noncharacters": "\ufffe\uffff\U0010ffff\ufffd\n", "combining": "e\u0301 👩‍👩‍👧\n", "CR before the end": "a\r\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, err := parse("x", []byte(text))
			if err != nil {
				t.Fatal(err)
			}
			for _, back := range textareas(t, f.Text) {
				got, err := f.Restore(back)
				if err != nil || string(got) != text {
					t.Errorf("%q is %q, %v", text, got, err)
				}
			}
		})
	}
}

// What was not changed keeps its line ends, and a new line has those of most lines.
func TestEdited(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ was, edited, want string }{
		"a line more":               {"a\r\nb\r\n", "a\nnew\nb\n", "a\r\nnew\r\nb\r\n"},
		"two places of mixed ends":  {"a\nb\r\nc\rd\r\ne\r\nf", "a\nB\nc\nd\nE\nf", "a\nB\r\nc\rd\r\nE\r\nf"},
		"a line less":               {"a\nb\r\nc\r\n", "a\nc\n", "a\nc\r\n"},
		"the last line gets an end": {"a\r\nb", "a\nb\n", "a\r\nb\r\n"},
		"a line after the last":     {"a\r\nb", "a\nb\nc", "a\r\nb\r\nc"},
		"the last end goes":         {"a\r\nb\r\n", "a\nb", "a\r\nb"},
		"into an empty file":        {"", "a\nb\n", "a\nb\n"},
		"all goes":                  {bom + "a\r\n", "", bom},
		"a CR before an LF":         {"a\rb\nc\n", "a\n\nc\n", "a\r\rc\n"},
		"a BOM is typed":            {"a\n", bom + "a\n", bom + "a\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, err := parse("x", []byte(c.was))
			if err != nil {
				t.Fatal(err)
			}
			if got, err := f.Restore(c.edited); err != nil || string(got) != c.want {
				t.Errorf("%q, %v; not %q", got, err, c.want)
			}
		})
	}
}

// What a textarea would damage is refused.
func TestRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	if err := os.Mkdir(filepath.Join(dir, "folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	for code, data := range map[string]string{"nul": "a\x00b", "not-utf8": "a\xffb",
		"too-large": strings.Repeat("a", MaxSize+1)} {
		if err := os.WriteFile(filepath.Join(dir, code), []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, code := range map[string]string{"nul": "nul", "not-utf8": "not-utf8", "too-large": "too-large",
		"folder": "not-a-file"} {
		var e *Error
		if _, err := Read(root, name); !errors.As(err, &e) || e.Code != code {
			t.Errorf("%s: %v", name, err)
		}
	}
	f, err := parse("x", []byte("a\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, edited := range []string{"a\x00", "a\xff", strings.Repeat("a", MaxSize+1)} {
		if _, err := f.Restore(edited); err == nil {
			t.Errorf("%.20q is taken", edited)
		}
	}
	if _, err := Read(root, "../x"); err == nil {
		t.Error("a name outside of the folder is read")
	}
}

// A file is never written over a newer one. Seen to fail where files.Replace writes whatever is there.
func TestWrite(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	name := filepath.Join(dir, "a.md")
	put := func(text string) {
		if err := os.WriteFile(name, []byte(text), 0o640); err != nil {
			t.Fatal(err)
		}
	}
	put("one\r\n")
	f, err := Read(root, "a.md")
	if err != nil {
		t.Fatal(err)
	}
	if err := Write(root, "a.md", f.Version, []byte("two\r\n")); err != nil {
		t.Fatal(err)
	}
	var newer *NewerError
	err = Write(root, "a.md", f.Version, []byte("three\r\n"))
	if !errors.As(err, &newer) || newer.File == nil || newer.File.Text != "two\n" {
		t.Errorf("%v, %+v", err, newer)
	}
	info, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o640 && os.PathSeparator == '/' {
		t.Errorf("mode %v", info.Mode())
	}
	if b, _ := os.ReadFile(name); string(b) != "two\r\n" {
		t.Errorf("%q", b)
	}
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	if err := Write(root, "a.md", newer.File.Version, nil); !errors.As(err, &newer) || newer.File != nil {
		t.Errorf("a file that is gone: %v", err)
	}
	if err := Write(root, "../a.md", "", nil); err == nil {
		t.Error("a file outside of the folder is written")
	}
	put("x")
	if err := os.Symlink("a.md", filepath.Join(dir, "link.md")); err == nil {
		var link *LinkError
		if err := Write(root, "link.md", files.SumOf([]byte("x")), nil); !errors.As(err, &link) {
			t.Errorf("a link: %v", err)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".*.tmp")); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
}

// Whatever a file holds, it comes back from a textarea as it was, and an edit keeps what it does not touch.
func FuzzRoundTrip(f *testing.F) {
	for _, s := range []string{"", "a\r\nb\n", bom + "a\rb", "\n\n", "a\x00", "\xff", "</textarea>", "سلام\r\n{{.name}}"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := parse("x", data)
		if err != nil {
			return
		}
		for _, back := range textareas(t, file.Text) {
			got, err := file.Restore(back)
			if err != nil || !bytes.Equal(got, data) {
				t.Fatalf("%q is %q, %v", data, got, err)
			}
			got, err = file.Restore(back + "\nlast")
			if err != nil || !bytes.HasPrefix(got, data) || !bytes.HasSuffix(got, []byte("last")) {
				t.Fatalf("%q with a line more is %q, %v", data, got, err)
			}
		}
		// An edit in the middle is read again as the same lines.
		edited := strings.Replace(file.Text, "b", "", 1)
		got, err := file.Restore(edited)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := parse("x", got); err != nil || again.Text != edited {
			t.Fatalf("%q edited is %q, which is read as %q, not %q", data, got, again.Text, edited)
		}
	})
}
