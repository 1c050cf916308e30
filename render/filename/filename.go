// Package filename says which files may go with a message: [CheckPath] looks at the path that a template has made, and
// [Check] at the name that the recipient sees.
package filename

import (
	"fmt"
	"strings"
	"unicode"

	"mailshot/render/oneline"
)

// CheckPath says why a path may not be attached, or "". A path is relative, with slashes, and names one file. An
// element that is empty, begins with a dot or leads upward is more likely an empty or hostile cell than a wish.
func CheckPath(p string) (code, reason, hint string) {
	if bad := oneline.Check(p); bad != "" {
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

// Check says why a recipient should not be given a file of this name, or "". A name is a base name. Nothing in
// it leads a reader to another folder, shows another ending than the name has, or is a device on the reader's system.
// All readers see the same name.
func Check(name string) string {
	if bad := oneline.Check(name); bad != "" {
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
