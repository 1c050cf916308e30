//go:build !linux

package marks

import (
	"errors"
	"os"
)

// place is "": the system does not name its mounts so that no other ever has the name.
func place(*os.File) string { return "" }

// There are no marks without a place.
func mapped(*os.File, int64, int) ([]byte, error) { return nil, errors.ErrUnsupported }
func unmap([]byte) error                          { return nil }
func store([]byte, uint64)                        {}
