//go:build !linux && !darwin && !windows

package machine

import "time"

func boot() (name string, since time.Duration, ok bool) { return "", 0, false }
