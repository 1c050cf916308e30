//go:build unix

package sqlite

import (
	"io/fs"
	"os"
	"syscall"
)

// owned reports whether the file is this user's.
func owned(info fs.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	return !ok || int(st.Uid) == os.Geteuid()
}

// lockedOut reports whether err comes from a lock that keeps its holder from writing: locks only advise here.
func lockedOut(error) bool { return false }
