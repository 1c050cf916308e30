package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"strings"

	"mailshot/cmd/mailshot/textwidth"
)

// writeJSON writes a value for scripts: indented, one final line end, no HTML escapes.
func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// writeLine writes a value as one line of JSON.
func writeLine(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// table lays out cells in columns, two blanks apart. The caller cleans the cells.
type table struct {
	rows  [][]string
	wraps bool // what is too wide in the last column is wrapped, and not cut
}

func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

// write writes the table. limit is the greatest width of a line (0 = no limit): the last column is cut or wrapped to
// fit, and the others stay.
func (t *table) write(w io.Writer, indent string, limit int) error {
	var widths []int
	for _, row := range t.rows {
		for i, c := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], textwidth.Of(c))
		}
	}
	var out strings.Builder
	for _, row := range t.rows {
		line := indent
		for i, c := range row {
			if i < len(row)-1 {
				line += c + strings.Repeat(" ", widths[i]-textwidth.Of(c)+2)
				continue
			}
			switch used := textwidth.Of(line); {
			case t.wraps:
				line = textwidth.Beside(line, c, limit)
			case limit > 0 && limit-used >= 10:
				line += textwidth.Fit(c, limit-used)
			default:
				line += c
			}
		}
		out.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// buffered writes through a buffer, because rows come in small pieces.
func buffered(w io.Writer, write func(io.Writer) error) error {
	b := bufio.NewWriterSize(w, 1<<16)
	return errors.Join(write(b), b.Flush())
}
