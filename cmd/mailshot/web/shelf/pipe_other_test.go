//go:build !unix

package shelf

import "errors"

func pipe(string) error { return errors.ErrUnsupported }
