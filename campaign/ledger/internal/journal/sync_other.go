//go:build !linux

package journal

import "os"

// datasync makes what was written durable.
func datasync(f *os.File) error { return f.Sync() }
