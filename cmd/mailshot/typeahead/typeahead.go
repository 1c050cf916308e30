// Package typeahead throws away what was typed at a terminal and not yet read. Call [Drop] after a question: the rest
// of what was pasted there was meant for the program, and the shell would run it as commands.
package typeahead

import (
	"io"
	"os"
)

// Drop throws away the input that waits at a terminal. It does nothing if from is not a terminal, if the process is in
// the background there, or where the system has no call for it.
func Drop(from io.Reader) {
	if f, ok := from.(*os.File); ok && f != nil {
		drop(f.Fd())
	}
}
