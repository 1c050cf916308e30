//go:build unix

package files_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"mailshot/cmd/mailshot/web/files"
)

// A file keeps its owner and its group where this user may give them. It had become this user's.
func TestOwnerStays(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("only root may give files away")
	}
	r, dir := root(t)
	name := filepath.Join(dir, "a")
	if err := os.WriteFile(name, []byte("one"), 0o640); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(name, 4711, 4712); err != nil {
		t.Skip(err)
	}
	if err := files.Replace(r, "a", files.SumOf([]byte("one")), strings.NewReader("two")); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	if is := info.Sys().(*syscall.Stat_t); is.Uid != 4711 || is.Gid != 4712 || info.Mode().Perm() != 0o640 {
		t.Errorf("%d:%d %v", is.Uid, is.Gid, info.Mode())
	}
}
