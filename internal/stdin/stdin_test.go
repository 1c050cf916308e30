package stdin

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A pipe and a file are read more than once. A closed, an empty and a null input give nothing.
//
// Proven by returning an empty pipe's file.
func TestGiven(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "list")
	if err := os.WriteFile(name, []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	open := func(name string) *os.File {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		return f
	}
	closed := open(name)
	closed.Close()
	for what, tt := range map[string]struct {
		in   io.Reader
		want string
	}{
		"a pipe": {strings.NewReader("text"), "text"}, "a file": {open(name), "text"},
		"nothing": {strings.NewReader(""), ""}, "closed": {closed, ""}, "null": {open(os.DevNull), ""},
	} {
		f, done, err := Given(tt.in, t.TempDir())
		if err != nil {
			t.Fatal(what, err)
		}
		if tt.want == "" {
			if text, err := Text(tt.in, 4); text != "" || err != nil {
				t.Errorf("%s: the text %q, %v", what, text, err)
			}
		}
		if (f != nil) != (tt.want != "") {
			t.Errorf("%s: a file %v", what, f)
		}
		for range 2 {
			if f == nil {
				break
			}
			b, err := io.ReadAll(f)
			if err != nil || string(b) != tt.want {
				t.Errorf("%s: %q, %v", what, b, err)
			}
			if _, err := f.Seek(0, io.SeekStart); err != nil {
				t.Fatal(err)
			}
		}
		if err := done(); err != nil {
			t.Error(what, err)
		}
	}
}

// A text is read up to a bound, and one byte more is an error.
//
// Proven by reading most bytes and no more.
func TestText(t *testing.T) {
	t.Parallel()
	if text, err := Text(strings.NewReader("four"), 4); text != "four" || err != nil {
		t.Errorf("%q, %v", text, err)
	}
	if _, err := Text(strings.NewReader("fives"), 4); err == nil || err.Error() != "more than 4 bytes" {
		t.Error(err)
	}
}
