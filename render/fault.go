package render

// Fault is one reason why a message cannot be made: a row's (from Render) or
// the campaign's (from New). Code is stable and short; Place is where the
// campaign names the thing ("campaign.yaml:22:5"), empty where only the row is
// to blame; Hint says what to do about it, and may be empty.
type Fault struct {
	Code, Place, Text, Hint string
}

// Error is the place, the text and the hint in one line.
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

// Diagnostic gives the fault in parts, for findings. There is no excerpt: the
// offending text is a row's, not a line of a file.
func (f *Fault) Diagnostic() (code, place, text, excerpt string, column int, hint string) {
	return f.Code, f.Place, f.Text, "", 0, f.Hint
}
