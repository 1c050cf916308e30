package filled

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"mailshot/render"
	"mailshot/templates/source"
)

// addresses are the properties whose values are addresses of the web or of mail. They have no escapes.
var addresses = map[string]bool{
	"URL": true, "ATTACH": true, "ORGANIZER": true, "ATTENDEE": true, "SOURCE": true, "TZURL": true, "CONFERENCE": true,
	"IMAGE": true, "PHOTO": true, "LOGO": true, "SOUND": true, "KEY": true, "MEMBER": true, "CALURI": true, "FBURL": true,
}

// lines lays out the content lines of a calendar or a card.
func lines(pieces []source.Piece) ([]byte, error) {
	var made, line []byte
	for _, p := range pieces {
		if p.Cell {
			cell, err := within(string(line), p.Text)
			if err != nil {
				return nil, err
			}
			line = append(line, cell...)
			continue
		}
		for i, text := range strings.Split(p.Text, "\n") {
			if i == 0 {
				line = append(line, text...)
				continue
			}
			if text != "" && (text[0] == ' ' || text[0] == '\t') { // the author has folded the line
				line = append(line, text[1:]...)
				continue
			}
			made = Fold(made, line)
			line = append(line[:0], text...)
		}
	}
	return Fold(made, line), nil
}

// within makes of a cell what may stand behind the beginning of a line.
func within(line, cell string) (string, error) {
	cell = strings.ReplaceAll(strings.ReplaceAll(cell, "\r\n", "\n"), "\r", "\n")
	name, place := position(line)
	bad := ""
	switch place {
	case inName:
		bad = cell // none of it
	case inParameter:
		bad = "\"\n:;,"
	case inQuotes:
		bad = "\"\n"
	default:
		if !addresses[strings.ToUpper(name)] {
			return Escape(cell), nil
		}
		bad = "\n\t \"<>"
	}
	if strings.ContainsAny(cell, bad) {
		return "", &render.Fault{Code: "unsafe-cell", Text: fmt.Sprintf("attachment: %q cannot stand in %s", cell, place)}
	}
	return cell, nil
}

// The places where a cell may stand in a line.
const (
	inName      = "the name of a line"
	inParameter = "a parameter"
	inQuotes    = "a parameter in quotes"
	inValue     = "an address"
)

// position says in which property a line ends that goes on, and where in it.
func position(line string) (name, place string) {
	place = inName
	for i, r := range line {
		switch {
		case place == inQuotes:
			if r == '"' {
				place = inParameter
			}
		case r == '"' && place == inParameter:
			place = inQuotes
		case r == ':' || r == ';':
			if place == inName {
				name = line[strings.LastIndexByte(line[:i], '.')+1 : i] // of a card: item1.URL
			}
			if place = inParameter; r == ':' {
				return name, inValue
			}
		}
	}
	return name, place
}

// escapes are those of RFC 5545 section 3.3.11.
var escapes = strings.NewReplacer(`\`, `\\`, ";", `\;`, ",", `\,`, "\n", `\n`)

// Escape makes of a text the value of a property.
func Escape(text string) string { return escapes.Replace(text) }

// Fold appends a line in pieces of at most 75 octets, with CRLF at its end (RFC 5545 section 3.1). No character is cut.
// An empty line is left out.
func Fold(dst, line []byte) []byte {
	if line = bytes.TrimRight(line, "\r"); len(line) == 0 {
		return dst
	}
	for room := 75; len(line) > room; room = 74 {
		cut := room
		for !utf8.RuneStart(line[cut]) {
			cut--
		}
		dst = append(append(dst, line[:cut]...), "\r\n "...)
		line = line[cut:]
	}
	return append(append(dst, line...), "\r\n"...)
}
