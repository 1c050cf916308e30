package main

import (
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// screen is a stream as a person sees it: is it a terminal, how wide, in colour.
type screen struct {
	w        io.Writer
	file     *os.File // nil: no file, so no terminal
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

// columns is the width of the terminal; 80 where there is none to ask.
func (s screen) columns() int {
	if s.terminal {
		if w, _, err := term.GetSize(int(s.file.Fd())); err == nil && w > 0 {
			return w
		}
	}
	return 80
}

func (s screen) paint(code, text string) string {
	if !s.colour || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (s screen) bold(text string) string { return s.paint("1", text) }
func (s screen) dim(text string) string  { return s.paint("2", text) }

// state paints the name of a state by what it asks of the reader: green is done, yellow waits, red wants a person.
func (s screen) state(name, text string) string {
	switch name {
	case "sent":
		return s.paint("32", text)
	case "deferred", "pending", "begun", "suppressed", "cancelled":
		return s.paint("33", text)
	case "refused", "gave_up", "unknown", "held", "invalid":
		return s.paint("31", text)
	}
	return text
}

// isTerminal reports whether a person can type into r.
func isTerminal(r io.Reader) bool {
	f, ok := r.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// table lays out cells in columns, two blanks apart. Cells are to be clean.
type table struct{ rows [][]string }

func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

// write writes the table; limit is the widest a line may be (0 = no limit): the last column is cut to fit.
func (t *table) write(w io.Writer, indent string, limit int) error {
	var widths []int
	for _, row := range t.rows {
		for i, c := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], textWidth(c))
		}
	}
	var out strings.Builder
	for _, row := range t.rows {
		var b strings.Builder
		b.WriteString(indent)
		used := textWidth(indent)
		for i, c := range row {
			last := i == len(row)-1
			if last && limit > 0 && limit-used >= 10 {
				c = fit(c, limit-used)
			}
			b.WriteString(c)
			if !last {
				b.WriteString(strings.Repeat(" ", widths[i]-textWidth(c)+2))
			}
			used += widths[i] + 2
		}
		out.WriteString(strings.TrimRight(b.String(), " ") + "\n")
	}
	_, err := io.WriteString(w, out.String())
	return err
}
