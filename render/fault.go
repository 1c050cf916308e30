package render

import "mailshot/render/naming"

// Fault is one reason why a message cannot be made. It is a row's (from Render) or the campaign's (from New). Code is
// stable and short. Place is where the campaign names the thing ("campaign.yaml:22:5"), or empty if only the row is to
// blame. Hint says what to do about it, and may be empty.
type Fault struct {
	Code, Place, Text, Hint string
}

// Error returns the place, the text and the hint in one line.
func (f *Fault) Error() string {
	s := f.Text
	if f.Place != "" {
		s = f.Place + ": " + s
	}
	if f.Hint != "" {
		s += " (" + f.Hint + ")"
	}
	return s
}

// Diagnostic returns the parts of the fault, for findings. There is no excerpt: the offending text is in a row, not in
// a line of a file.
func (f *Fault) Diagnostic() (code, place, text, excerpt string, column int, hint string) {
	return f.Code, f.Place, f.Text, "", 0, f.Hint
}

// show quotes a text for a message to people, and cuts it if it is long.
func show(s string) string { return naming.Show(s) }
