//go:build !unix

package files

import (
	"context"
	"os"
)

// lock does nothing: the mail programs of this system do not agree on a lock of mboxes.
func lock(context.Context, *os.File) (unlock func(), err error) { return func() {}, nil }
