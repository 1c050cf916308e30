// Package export writes findings for other programs: [SARIF] for code scanning, and [GitHub] as annotations of a
// workflow.
//
// Both show findings at lines of files. Most findings have such a place. A finding about a cell of a workbook does not:
// it is shown at the campaign file, and its text gives the cell.
package export

import (
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"mailshot/campaign/check"
)

// From says where the findings come from.
type From struct {
	Campaign string // the campaign file, as it was named
	Version  string // of mailshot
}

// place is a place of a file. Line and column are 0 where they are not known.
type place struct {
	file         string // with slashes, from where the command was run
	line, column int
	exact        bool // the finding names this file; else it is the campaign file
}

var inFile = regexp.MustCompile(`^(.+?):([0-9]+)(?::([0-9]+))?$`)

// of returns the place of a finding.
func (f From) of(found check.Finding) place {
	if m := inFile.FindStringSubmatch(found.Place); m != nil {
		p := place{file: f.path(m[1]), exact: true}
		p.line, _ = strconv.Atoi(m[2]) // a number that is too large is no line
		p.column, _ = strconv.Atoi(m[3])
		return p
	}
	return place{file: filepath.ToSlash(f.Campaign)}
}

// path is where a file is that a finding names below the campaign's folder.
func (f From) path(name string) string {
	name = filepath.ToSlash(name)
	if path.IsAbs(name) || filepath.IsAbs(name) {
		return name
	}
	return path.Join(path.Dir(filepath.ToSlash(f.Campaign)), name)
}

// text returns what a finding says, with its place if the finding is shown elsewhere.
func (p place) text(f check.Finding) string {
	text := f.Text
	if !p.exact && f.Place != "" {
		text = f.Place + ": " + text
	}
	if f.Hint != "" {
		text += " (" + f.Hint + ")"
	}
	return text
}

// level returns a severity in the words of both formats, which differ only in the last word.
func level(s check.Severity, note string) string {
	if s == check.Error || s == check.Warning {
		return string(s)
	}
	return note
}

// escaped writes a text so that it ends no command of a workflow and begins none.
func escaped(text string, more ...string) string {
	return strings.NewReplacer(append([]string{"%", "%25", "\r", "%0D", "\n", "%0A"}, more...)...).Replace(text)
}
