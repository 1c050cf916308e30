//go:build !unix

package scratch

import "io/fs"

// owned is not known here; the system's temporary folder is the user's own.
func owned(fs.FileInfo) bool { return true }
