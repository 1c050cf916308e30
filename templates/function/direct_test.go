package function

import (
	"testing"
	"time"
)

// Every function that templates have is called without reflection, so none leaves its template to the template engine.
// Proven by leaving the functions of lists out of Directly.
func TestAllFunctionsAreCalledDirectly(t *testing.T) {
	t.Parallel()
	made := New(Config{}).Map()
	names := []string{Conditional, Query, Part, Href, Link, Bracketed, Number, Restart, Printed, Open, Close,
		Label, Says, Labelled}
	for _, f := range Functions() {
		names = append(names, f.Name)
	}
	for _, name := range names {
		if name == "and" || name == "or" || name == "not" {
			continue // only a template engine can stop at the first answer
		}
		if Directly(made[name]) == nil {
			t.Errorf("%s is of a type that is not known: %T", name, made[name])
		}
	}
}

// A cell by its place is what it is in a row by names. Proven by taking a date for false.
func TestCellOf(t *testing.T) {
	t.Parallel()
	values := map[string]any{"text": "value", "only": "value", "n": 0.0, "m": 2.5, "no": false, "date": time.Time{},
		"none": nil}
	texts := map[string]string{"text": "as read", "n": "0,0", "none": "", "late": "x", "empty": ""}
	dot := Row(values, texts, Mailshot{}, nil)
	for _, name := range []string{"text", "only", "n", "m", "no", "date", "none", "late", "empty", "missing"} {
		c, ok := CellOf(name, values, texts)
		v, known := dot[name]
		if ok != known {
			t.Errorf("%s: %t, and in the row %t", name, ok, known)
		}
		if !known {
			continue
		}
		truth, _ := Truth(v)
		if datum := c.Datum(); asText(datum) != asText(v) || c.Text != asText(v) || c.Truth() != truth ||
			value(datum) != value(v) {
			t.Errorf("%s: %#v, and in the row %#v", name, datum, v)
		}
		if other := CellRow([]string{name}, []Cell{c}, Mailshot{}, nil)[name]; asText(other) != asText(v) {
			t.Errorf("%s: %#v in order", name, other)
		}
	}
}
