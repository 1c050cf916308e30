package main

import (
	"io"
	"os"

	"golang.org/x/term"
)

// screen is a stream as a person sees it: whether it is a terminal, how wide it is, whether it has colour.
type screen struct {
	w        io.Writer
	file     *os.File // nil: not a file, so not a terminal
	terminal bool
	colour   bool
}

// newScreen looks at a stream. Colour needs a terminal, NO_COLOR unset or empty (no-color.org) and TERM not "dumb".
func newScreen(w io.Writer) screen {
	s := screen{w: w}
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		s.file, s.terminal = f, true
		s.colour = os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	}
	return s
}

// columns is the width of the terminal; 80 if it is not a terminal.
func (s screen) columns() int {
	if s.terminal {
		if w, _, err := term.GetSize(int(s.file.Fd())); err == nil && w > 0 {
			return w
		}
	}
	return 80
}

// width is the width in columns of the terminal that standard output is; 0 if it is not a terminal, where nothing is
// wrapped or cut.
func (t *tool) width() int {
	if s := newScreen(t.stdout); s.terminal {
		return s.columns()
	}
	return 0
}

func (s screen) paint(code, text string) string {
	if !s.colour || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (s screen) bold(text string) string { return s.paint("1", text) }
func (s screen) dim(text string) string  { return s.paint("2", text) }

// state paints the name of a state by what it asks of the reader: green is done, yellow waits, red needs a person.
func (s screen) state(name, text string) string {
	switch name {
	case "sent":
		return s.paint("32", text)
	case "deferred", "pending", "begun", "suppressed", "cancelled":
		return s.paint("33", text)
	case "refused", "gave_up", "bounced", "complained", "unknown", "held", "invalid":
		return s.paint("31", text)
	}
	return text
}

// isTerminal reports whether a person can type into r.
func isTerminal(r io.Reader) bool {
	f, ok := r.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
