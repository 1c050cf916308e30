package definition

import (
	"fmt"
	"regexp"

	"go.yaml.in/yaml/v4"

	"mailshot/campaign/definition/schema"
)

var (
	idPattern        = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$`)
	rehearsalPattern = regexp.MustCompile(`/rehearsal/[1-9][0-9]{0,8}$`)
)

// IDError says that a text cannot be a campaign's id.
type IDError struct {
	Text string
	Hint string // the rule, with an example
}

func (e *IDError) Error() string { return e.text() + " (" + e.Hint + ")" }

func (e *IDError) text() string { return fmt.Sprintf("%q cannot be an id", schema.Clip(e.Text)) }

// CheckID holds an id to the rule of the campaign file, wherever it comes from: up to 100 letters, digits, dots,
// underscores and hyphens, of which the first is a letter or a digit. With rehearsals set, the id may be that of a
// rehearsal, as news/rehearsal/1: those are looked at, and never made by name. The error is an *IDError.
func CheckID(id string, rehearsals bool) error {
	if rehearsals {
		id = rehearsalPattern.ReplaceAllLiteralString(id, "")
	}
	if idPattern.MatchString(id) {
		return nil
	}
	hint := "up to 100 letters, digits, . _ -, the first a letter or digit; for example news-2026-11"
	if datePattern.MatchString(id) {
		hint += "; only the campaign file has {{date}}"
	}
	return &IDError{id, hint}
}

// id reads the campaign file's id, which may have a date in it.
func id(into *string) schema.Reader {
	return schema.OneLine(func(dec *schema.Decoder, n *yaml.Node, t Text) {
		if CheckID(datePattern.ReplaceAllLiteralString(t.Text, "2006-01-02"), false) != nil {
			dec.Bad(n, (&IDError{Text: t.Text}).text(),
				"up to 100 letters, digits, . _ - and {{date}}; for example news-{{date}}")
			return
		}
		*into = t.Text
	})
}
