package templates

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"mailshot/templates/leftover"
	"mailshot/templates/source"
)

// leftovers doubts what other tools have left in a source.
func (c *Compiler) leftovers(src *source.Source, syntax leftover.Syntax) {
	for _, f := range leftover.Find(src, syntax, c.cfg.Columns) {
		hint := "write the list's column instead: {{.column}}"
		if column := c.columnFor(f); column != "" {
			hint = "write " + column
		}
		text := f.Text + " is a field of another tool, and goes out as it stands"
		if f.Name == "" {
			text = f.Text + " is escaped in this address, so that nothing fills it"
		}
		c.doubt(src.ErrorAt(f.At, "foreign-placeholder", text, hint))
	}
}

var plainName = regexp.MustCompile(`^[\pL_][\pL\pN_]*$`)

// columnFor returns how a template prints the column that a placeholder is named like, or "".
func (c *Compiler) columnFor(f leftover.Found) string {
	plain := func(s string) string {
		return strings.ToLower(strings.Join(strings.FieldsFunc(s, func(r rune) bool {
			return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r)
		}), ""))
	}
	name := f.Name
	if name == "" {
		name = f.Text
	}
	for _, column := range c.cfg.Columns {
		switch {
		case plain(column) != plain(name) || plain(name) == "":
		case plainName.MatchString(column):
			return "{{." + column + "}}"
		default:
			return fmt.Sprintf("{{col %q}}", column)
		}
	}
	return ""
}
