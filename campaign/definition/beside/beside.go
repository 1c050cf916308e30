// Package beside reads what a command line gives beside a campaign file: [Settings] reads name=value, [People] reads
// mailboxes. Every mistake is reported at once.
package beside

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"mailshot/campaign/definition/schema"
	"mailshot/internal/ellipsis"
	"mailshot/render/address"
)

// Setting is a value that holds for all rows, as a column with the same text in each of them.
type Setting struct {
	Name  string
	Value string
	Place string // campaign.yaml:7:3, or "--set name"
}

// String says for a person which value holds.
func (s Setting) String() string {
	return fmt.Sprintf("in all rows %s is %q (%s)", s.Name, ellipsis.Cut(s.Value, 60), s.Place)
}

// name is what templates and filters can write as a name: {{.name}}.
var name = regexp.MustCompile(`^[\p{L}_][\p{L}\p{Nd}_]*$`)

// BadName says why a text cannot be a setting's name; "" if it can.
func BadName(s string) (text, hint string) {
	switch {
	case s == "mailshot":
		return "mailshot is what templates call what they know of the campaign", "choose another name"
	case !name.MatchString(s):
		return fmt.Sprintf("%q cannot be a name in a template", schema.Clip(s)), "letters, digits and _, not a digit first"
	}
	return "", ""
}

// Settings reads settings as --set takes them, and adds those of the campaign file whose names are not among them. All
// are in the order of their names.
func Settings(flags []string, file []Setting) ([]Setting, error) {
	var set []Setting
	var errs []error
	wrong := func(text, hint string) {
		errs = append(errs, &schema.Error{Code: "bad-value", Place: "--set", Text: text, Hint: hint})
	}
	has := func(name string) bool {
		return slices.ContainsFunc(set, func(s Setting) bool { return s.Name == name })
	}
	for _, flag := range flags {
		name, value, ok := strings.Cut(flag, "=")
		name = strings.TrimSpace(name)
		text, hint := BadName(name)
		switch {
		case !ok:
			wrong(fmt.Sprintf("%q has no =", schema.Clip(flag)), "for example --set month=November")
		case text != "":
			wrong(text, hint)
		case !utf8.ValidString(value) || strings.ContainsRune(value, 0):
			wrong("the value of "+name+" is not text in UTF-8", "")
		case has(name):
			wrong(name+" is given twice", "give it once")
		default:
			set = append(set, Setting{name, value, "--set " + name})
		}
	}
	for _, s := range file {
		if !has(s.Name) {
			set = append(set, s)
		}
	}
	slices.SortFunc(set, func(a, b Setting) int { return strings.Compare(a.Name, b.Name) })
	return set, errors.Join(errs...)
}

// People reads mailboxes as --recipients takes them.
func People(flags []string) (people []address.Mailbox, err error) {
	var errs []error
	for _, flag := range flags {
		all, err := address.ParseMailboxes(flag)
		people = append(people, all...)
		for _, err := range each(err) {
			wrong := &schema.Error{Code: "bad-address", Place: "--recipients", Text: err.Error()}
			if ae := (*address.Error)(nil); errors.As(err, &ae) {
				reason, hint := ae.Alone()
				wrong.Text, wrong.Hint = schema.Clip(strings.TrimSpace(ae.Text))+": "+reason, hint
			}
			errs = append(errs, wrong)
		}
	}
	return people, errors.Join(errs...)
}

// each are the errors that one joins.
func each(err error) []error {
	if many, is := err.(interface{ Unwrap() []error }); is {
		return many.Unwrap()
	}
	if err == nil {
		return nil
	}
	return []error{err}
}
