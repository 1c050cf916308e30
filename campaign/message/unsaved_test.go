package message

import (
	"io/fs"
	"testing"
	"testing/fstest"
)

// A text that is not saved is read in place of its file, and no other file is.
func TestUnsaved(t *testing.T) {
	t.Parallel()
	u := unsaved{fstest.MapFS{"a.html": {Data: []byte("a")}, "b.html": {Data: []byte("b")}},
		map[string]string{"a.html": "new"}, map[string]bool{}}
	for name, want := range map[string]string{"a.html": "new", "b.html": "b"} {
		if got, err := fs.ReadFile(u, name); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
		if info, err := fs.Stat(u, name); err != nil || !info.Mode().IsRegular() {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := fs.ReadFile(u, "c.html"); err == nil {
		t.Error("a file that is not there is read")
	}
}
