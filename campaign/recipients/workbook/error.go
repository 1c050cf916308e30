package workbook

// Error is a mistake in a workbook, or in what was asked of it.
type Error struct {
	Code  string // kebab-case, fixed: broken-sheet, error-cell
	Place string // November, November!17, November!C17, November!C1:D1; "" for the whole workbook
	Text  string // what is wrong
	Hint  string // what to do, or ""
	Final bool   // nothing can be read after it
}

// BadRange is the code of the error for a Config.Range that cannot be read or does not exist.
const BadRange = "bad-range"

// Error returns the place, the text and the hint.
func (e *Error) Error() string {
	s := e.Text
	if e.Place != "" {
		s = e.Place + ": " + s
	}
	if e.Hint != "" {
		s += " (" + e.Hint + ")"
	}
	return s
}
