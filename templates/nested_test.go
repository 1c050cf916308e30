package templates

import (
	"errors"
	"strings"
	"testing"
)

// What is nested too deep is an error with its line, before anything takes time for each level of each line: 20,000
// ifs in Markdown took minutes without the bound, and lists of 1,000 levels half a minute. Some depth is fine, also
// of what only looks like a list.
func TestNested(t *testing.T) {
	t.Parallel()
	staircase := func(mark string, levels int) string {
		var b strings.Builder
		for i := range levels {
			b.WriteString(strings.Repeat(" ", len(mark)*i) + mark + "x\n")
		}
		return b.String()
	}
	ifs := func(n int) string { return strings.Repeat("{{if 1}}\n", n) + "x\n" + strings.Repeat("{{end}}\n", n) }
	for name, c := range map[string]struct {
		text string
		line int // of the error; 0 = there is none
	}{
		"ifs":                     {"Hello\n" + ifs(20000), 102},
		"quotes":                  {"a\n\n" + strings.Repeat("> ", 5000) + "x", 3},
		"lists":                   {staircase("- ", 1000), 201},
		"numbered lists":          {staircase("1. ", 1000), 201},
		"lists on a line":         {strings.Repeat("- ", 5000) + "x", 1},
		"numbered on a line":      {strings.Repeat("1) ", 3000) + "x", 1},
		"lists in quotes":         {strings.Repeat("> * ", 1000) + "x", 1},
		"ifs one after the other": {strings.Repeat("{{if 1}}\nx\n{{end}}\n", 2000), 0},
		"fifty ifs":               {ifs(50), 0},
		"twenty lists":            {staircase("- ", 20) + "\n\nThen - + * 1. 2) >\n", 0},
		"rules":                   {strings.Repeat("* * *\n\n- - - - - -\n\n-----\n\n+ x\n+ y\n\n1. z\n", 300), 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := New(Config{Columns: columns}).Body(BodySource{Markdown: &Source{File: "body.md", Text: c.text}})
			if c.line == 0 {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			var e *Error
			if !errors.As(err, &e) || e.Line != c.line || e.Code != "template-nesting" || e.Hint == "" {
				t.Errorf("%v, want line %d", err, c.line)
			}
		})
	}
}
