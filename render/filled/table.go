package filled

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"mailshot/render"
	"mailshot/templates/source"
)

// between are the characters that end a cell of a table, whichever of them the file uses.
const between = ",;\t\n"

// number is a cell that begins with a sign and is not a formula.
var number = regexp.MustCompile(`^[-+][0-9][0-9.,'\x{00a0}\x{202f} ]*%?$`)

// table lays out a table (RFC 4180). A cell of the list in quotes has its quotes doubled. One without quotes gets them
// where it needs them, if it is the whole cell.
func table(pieces []source.Piece) ([]byte, error) {
	var b strings.Builder
	quoted, begins := false, true // where the text stands: in quotes, at the beginning of a cell
	for i, p := range pieces {
		if !p.Cell {
			for _, r := range p.Text {
				switch {
				case r == '"':
					quoted = !quoted
				case !quoted && strings.ContainsRune(between, r):
					begins = true
				default:
					begins = false
				}
				if r == '\n' {
					b.WriteByte('\r')
				}
				b.WriteRune(r)
			}
			continue
		}
		cell := p.Text
		if begins {
			cell = guarded(cell)
		}
		switch {
		case quoted:
			cell = strings.ReplaceAll(cell, `"`, `""`)
		case !strings.ContainsAny(cell, between+"\"\r") && strings.TrimSpace(cell) == cell:
		case begins && ends(pieces[i+1:]):
			cell = `"` + strings.ReplaceAll(cell, `"`, `""`) + `"`
		case !strings.ContainsAny(cell, between+"\"\r"):
		default:
			return nil, &render.Fault{Code: "unsafe-cell", Text: fmt.Sprintf("attachment: %q is more than a part of one cell", cell),
				Hint: "put the whole cell of the table in quotes"}
		}
		begins = begins && cell == ""
		b.WriteString(cell)
	}
	return []byte(b.String()), nil
}

// ends says whether a cell of the table ends before the pieces.
func ends(pieces []source.Piece) bool {
	for _, p := range pieces {
		if p.Text == "" {
			continue
		}
		return !p.Cell && strings.IndexByte(between, p.Text[0]) >= 0
	}
	return true
}

// guarded puts an apostrophe before what a program would take for a formula.
func guarded(cell string) string {
	r, _ := utf8.DecodeRuneInString(cell)
	if strings.ContainsRune("=+-@\t\r\n＝＋－＠", r) && cell != "" && !number.MatchString(cell) {
		return "'" + cell
	}
	return cell
}
