package export

import (
	"bufio"
	"fmt"
	"io"

	"mailshot/campaign/check"
)

// GitHub writes each finding as a command of a GitHub workflow, which shows it at its line. Whatever a finding holds,
// it is one command: line breaks and what separates properties are escaped.
func GitHub(w io.Writer, from From, findings []check.Finding) error {
	b := bufio.NewWriter(w)
	for _, f := range findings {
		at := from.of(f)
		property := func(name, value string) string { return name + "=" + escaped(value, ":", "%3A", ",", "%2C") }
		line := "::" + level(f.Severity, "notice") + " " + property("file", at.file)
		if at.line > 0 {
			line += fmt.Sprintf(",line=%d", at.line)
		}
		if at.column > 0 {
			line += fmt.Sprintf(",col=%d", at.column)
		}
		line += "," + property("title", f.Code) + "::" + escaped(at.text(f))
		if _, err := b.WriteString(line + "\n"); err != nil {
			return err
		}
	}
	return b.Flush()
}
