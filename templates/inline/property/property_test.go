package property

import "testing"

// Two properties overlap if one may set what the other sets.
func TestOverlap(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		a, b string
		want bool
	}{
		{"color", "color", true},
		{"color", "background-color", false},
		{"color", "color-scheme", false},
		{"background", "background-color", true},
		{"margin", "margin-top", true},
		{"margin-left", "margin-top", false},
		{"margin-left", "margin-inline-start", true},
		{"padding-left", "margin-inline", false},
		{"width", "inline-size", true},
		{"font", "line-height", true},
		{"font-size", "line-height", false},
		{"border", "border-top-color", true},
		{"border-top", "border-color", true},
		{"border-top", "border-bottom", false},
		{"border-top-color", "border-width", false},
		{"border-top", "border-collapse", false},
		{"border-radius", "border-top-left-radius", true},
		{"border-spacing", "border-collapse", false},
		{"-webkit-box-shadow", "box-shadow", true},
		{"all", "color", true},
		{"*", "color", true},
		{"", "color", false},
	} {
		if Overlap(test.a, test.b) != test.want || Overlap(test.b, test.a) != test.want {
			t.Errorf("%s and %s: not %v", test.a, test.b, test.want)
		}
	}
}

// A value that a program may not know, or that is a mistake, leaves the one before it in force.
func TestKnown(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		property, value string
		want            bool
	}{
		{"color", "#0A5", true},
		{"color", "hsla(1,2%,3%,.4)", false},
		{"display", "block", true},
		{"display", "grid", false},
		{"padding", "0 4px", true},
		{"padding", "-4px", false},
		{"padding", "0 4furlongs", false},
		{"border", "1px solid #123", true},
		{"border", "1px dashed solid", false},
		{"background", "#fff", true},
		{"background", "linear-gradient(red, blue)", false},
		{"line-height", "1.5", true},
		{"width", "22", false},
		{"zoom", "1", false},
	} {
		if Known(test.property, test.value) != test.want {
			t.Errorf("%s: %s: not %v", test.property, test.value, test.want)
		}
	}
}
