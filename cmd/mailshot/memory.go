package main

import (
	"os"
	"runtime/debug"
)

// sparing has garbage collected when the memory in use has grown by half, and not by as much again, until end. The plan
// of a million rows then peaks at 79 MB in place of 91, for 2 % more processor time. A send would gain less than it
// costs. GOGC in the environment decides in place of this.
func sparing() (end func()) {
	if os.Getenv("GOGC") != "" {
		return func() {}
	}
	was := debug.SetGCPercent(50)
	return func() { debug.SetGCPercent(was) }
}
