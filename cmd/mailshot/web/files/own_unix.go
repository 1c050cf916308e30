//go:build unix

package files

import (
	"io/fs"
	"os"
	"syscall"
)

// own gives a file the owner and the group of another one, as far as this user may. It reports whether the file has the
// group.
func own(root *os.Root, made string, like fs.FileInfo) bool {
	want, ok := like.Sys().(*syscall.Stat_t)
	if !ok {
		return true
	}
	info, err := root.Lstat(made)
	if err != nil {
		return false
	}
	if is, ok := info.Sys().(*syscall.Stat_t); ok && is.Uid == want.Uid && is.Gid == want.Gid {
		return true
	}
	return root.Chown(made, int(want.Uid), int(want.Gid)) == nil || root.Chown(made, -1, int(want.Gid)) == nil
}
