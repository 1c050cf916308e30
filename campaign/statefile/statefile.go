// Package statefile has the types of errors about a state.db or accounts.db that cannot be used.
//
// Ask for an [Error] with errors.As to learn why a file cannot be used. A [Fault] is one thing that is wrong in a file.
// The texts are written where the files are opened, in internal/sqlite.
package statefile

// Error says why a database file may not or cannot be used, and what to do about it.
type Error struct {
	Path string // the file
	Text string // what is wrong
	Hint string // what to do about it; may be empty
	Err  error  // the cause; may be nil

	// Option is the option of the command line that names another file, where nothing else helps; else "".
	Option string
	Newer  bool // a newer program wrote it: nothing is wrong with it
}

func (e *Error) Error() string {
	s := e.Path + ": " + e.Text
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	if e.Hint != "" {
		s += " (" + e.Hint + ")"
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Diagnostic gives the parts of the error for a report of findings.
func (e *Error) Diagnostic() (code, place, text, excerpt string, column int, hint string) {
	text = e.Text
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return "state-file", e.Path, text, "", 0, e.Hint
}

// Fault is one thing that is wrong with a database file.
type Fault struct {
	Place string // a campaign and the place of a row, or a place in the file; may be empty
	Text  string
}

func (f Fault) String() string {
	if f.Place == "" {
		return f.Text
	}
	return f.Place + ": " + f.Text
}
