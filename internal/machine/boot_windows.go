package machine

import (
	"time"

	"golang.org/x/sys/windows"
)

func boot() (name string, since time.Duration, ok bool) {
	name = Number()
	return name, windows.DurationSinceBoot(), name != ""
}
