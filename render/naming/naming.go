// Package naming says which texts may be in a header, which path may be attached, and which name a file may have:
// Check, Path and File. Each says what is wrong.
package naming

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"mailshot/internal/ellipsis"
)

// Check looks for what no header, address or file name may have, and says what it is and where: control characters
// of any kind (CR, LF and NUL first of all), the two Unicode line ends, and bytes that are not UTF-8 (such as half a
// surrogate pair). None of it is ever removed silently.
func Check(s string) string {
	if Printable(s) {
		return ""
	}
	n := 0
	for i, r := range s {
		n++
		if r == utf8.RuneError {
			if _, size := utf8.DecodeRuneInString(s[i:]); size == 1 {
				return fmt.Sprintf("text that is not UTF-8 at character %d", n)
			}
		}
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return fmt.Sprintf("%s at character %d", controlName(r), n)
		}
	}
	return ""
}

func controlName(r rune) string {
	name := map[rune]string{0: "NUL", '\t': "tab", '\n': "line feed", '\r': "carriage return",
		0x85: "next line", 0x2028: "line separator", 0x2029: "paragraph separator"}[r]
	if name == "" {
		name = "control character"
	}
	return fmt.Sprintf("%s (U+%04X)", name, r)
}

// Printable says that a text is printable ASCII, of which no reader makes anything else.
func Printable(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// Path says why a path may not be attached, or "". A path is relative, with slashes, and names one file. An
// element that is empty, begins with a dot or leads upward is more likely an empty or hostile cell than a wish.
func Path(p string) (code, reason, hint string) {
	if bad := Check(p); bad != "" {
		return "control-character", bad, ""
	}
	switch {
	case strings.TrimSpace(p) == "":
		return "empty-path", "the path is empty", ""
	case strings.HasPrefix(p, "/") || len(p) > 1 && p[1] == ':':
		return "path-escapes", "the path is absolute", "give a path below the campaign's folder"
	case strings.Contains(p, `\`):
		return "bad-path", "the path has a backslash", "separate folders by /"
	case len(p) > 1024:
		return "bad-path", fmt.Sprintf("the path has %d bytes; the limit is 1024", len(p)), ""
	}
	for _, element := range strings.Split(p, "/") {
		switch {
		case element == "..":
			return "path-escapes", "the path leads upward (..)", "give a path below the campaign's folder"
		case strings.TrimSpace(element) == "":
			return "empty-path", "a part of the path is empty", "is a column empty?"
		case element[0] == '.':
			return "bad-path", fmt.Sprintf("%q begins with a dot", element), "is a column empty? Hidden files are not attached"
		}
	}
	return "", "", ""
}

// File says why a recipient should not be given a file of this name, or "". A name is a base name. Nothing in
// it leads a reader to another folder, shows another ending than the name has, or is a device on the reader's system.
// All readers see the same name.
func File(name string) string {
	if bad := Check(name); bad != "" {
		return bad
	}
	switch {
	case name == "":
		return "is empty"
	case strings.ContainsAny(name, `/\`):
		return "has a folder in it"
	case strings.Trim(name, ".") == "":
		return "is only dots"
	case strings.Contains(name, "=?"):
		return "has =? in it, which some readers decode and some do not"
	case len(name) > 255:
		return fmt.Sprintf("has %d bytes; the limit is 255", len(name))
	}
	for _, r := range name {
		if unicode.Is(unicode.Bidi_Control, r) {
			return fmt.Sprintf("has a direction mark (U+%04X), which can hide what kind of file it is", r)
		}
	}
	if stem, _, _ := strings.Cut(name, "."); device(strings.TrimRight(stem, " ")) {
		return "is the name of a device on Windows"
	}
	return ""
}

func device(stem string) bool {
	switch stem = strings.ToUpper(stem); stem {
	case "CON", "PRN", "AUX", "NUL":
		return true
	}
	return len(stem) == 4 && (stem[:3] == "COM" || stem[:3] == "LPT") && stem[3] >= '1' && stem[3] <= '9'
}

// Show quotes a text for a message to people, and cuts it if it is long.
func Show(s string) string { return ellipsis.Quote(s, 61) }
