package definition

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"mailshot/campaign/definition/schema"
	"mailshot/internal/ellipsis"
)

// Setting is a value that holds for all rows, as a column with the same text in each of them.
type Setting struct {
	Name  string
	Value string
	Place string // campaign.yaml:7:3, or "--set name"
}

// Flags are what a command line gives beside the campaign file. The zero value is nothing.
type Flags struct {
	Set        []string // name=value: settings in place of the file's with these names
	Recipients []string // mailboxes with commas between them, in place of the file's list; nil = the list
	NoList     bool     // the file need not name a list: the command does not read it
}

// setName is what templates and filters can write as a name: {{.name}}.
var setName = regexp.MustCompile(`^[\p{L}_][\p{L}\p{Nd}_]*$`)

// badSetName says why a text cannot be a setting's name; "" if it can.
func badSetName(name string) (text, hint string) {
	switch {
	case name == "mailshot":
		return "mailshot is what templates call what they know of the campaign", "choose another name"
	case !setName.MatchString(name):
		return fmt.Sprintf("%q cannot be a name in a template", schema.Clip(name)), "letters, digits and _, not a digit first"
	}
	return "", ""
}

// settings reads the values that hold for all rows.
func (d *Definition) settings(dec *schema.Decoder, name, value *yaml.Node) {
	t, ok := dec.Entry(name)
	if !ok {
		return
	}
	if text, hint := badSetName(t.Text); text != "" {
		dec.Report(name, "bad-value", text, hint)
		return
	}
	dec.Within(t.Text, func() {
		if v, ok := dec.Scalar(value); ok {
			d.Set = append(d.Set, Setting{t.Text, v.Text, d.Place(t)})
		}
	})
}

// set takes the settings of a command line, each in place of the file's with its name. All are in the order of their
// names then.
func (d *Definition) set(given []string) error {
	var errs []error
	wrong := func(text, hint string) {
		errs = append(errs, &Error{Code: "bad-value", Place: "--set", Text: text, Hint: hint})
	}
	var set []Setting
	for _, text := range given {
		name, value, ok := strings.Cut(text, "=")
		name = strings.TrimSpace(name)
		if !ok {
			wrong(fmt.Sprintf("%q has no =", schema.Clip(text)), "for example --set month=November")
			continue
		}
		if text, hint := badSetName(name); text != "" {
			wrong(text, hint)
			continue
		}
		if !utf8.ValidString(value) || strings.ContainsRune(value, 0) {
			wrong("the value of "+name+" is not text in UTF-8", "")
			continue
		}
		if slices.ContainsFunc(set, func(s Setting) bool { return s.Name == name }) {
			wrong(name+" is given twice", "give it once")
			continue
		}
		set = append(set, Setting{name, value, "--set " + name})
	}
	for _, s := range d.Set {
		if !slices.ContainsFunc(set, func(is Setting) bool { return is.Name == s.Name }) {
			set = append(set, s)
		}
	}
	slices.SortFunc(set, func(a, b Setting) int { return strings.Compare(a.Name, b.Name) })
	d.Set = set
	return errors.Join(errs...)
}

// Notes say for a person what the command line has to do with the plan, and which values hold for all rows.
func (d *Definition) Notes() (notes []string) {
	if d.unread {
		notes = append(notes, "the list of "+d.Name+" is not read: the recipients are those of --recipients")
	}
	for _, s := range d.Set {
		notes = append(notes, fmt.Sprintf("in all rows %s is %q (%s)", s.Name, ellipsis.Cut(s.Value, 60), s.Place))
	}
	return notes
}
