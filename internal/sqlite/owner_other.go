//go:build !unix

package sqlite

import "io/fs"

// owned is not known here.
func owned(fs.FileInfo) bool { return true }

// lockedOut reports whether err may come from a lock that keeps its own holder from writing through another handle, as
// on Windows.
func lockedOut(error) bool { return true }
