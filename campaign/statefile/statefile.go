// Package statefile has the words in which mailshot's rooms with a database speak of its file: an [Error] says why the file may not or
// cannot be used, a [Fault] is one thing that is wrong in it.
package statefile

// Error says why a database file may not or cannot be used, and what to do about it.
type Error struct {
	Path, Text, Hint string
	Err              error // the cause, may be nil
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
	Place string // a campaign and the row's place, or where in the file; may be empty
	Text  string
}

func (f Fault) String() string {
	if f.Place == "" {
		return f.Text
	}
	return f.Place + ": " + f.Text
}
