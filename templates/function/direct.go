package function

import (
	"bytes"
	"fmt"
	htmltemplate "html/template"
	"slices"
	"strings"
)

// Direct calls a function of Map without reflection. args are of the types that the function takes, or the call says
// no. It says no, too, where the function gives an error or nothing at all. It keeps no args.
type Direct func(args []any) (result any, ok bool)

// Directly returns what calls a function of Map, or nil for a function of a type that is not known here.
func Directly(f any) Direct {
	for _, of := range []func(any) Direct{directTexts, directAny, directLists, directMany, directCells, directMade} {
		if d := of(f); d != nil {
			return d
		}
	}
	return nil
}

// given is a result that may be an error or nothing.
func given[T any](v T, err error) (any, bool) { return v, err == nil && any(v) != nil }

// directTexts are the functions that make a text.
func directTexts(f any) Direct {
	switch f := f.(type) {
	case func(any) (string, error):
		return func(args []any) (any, bool) { return given(f(args[0])) }
	case func(string, any) (string, error):
		return func(args []any) (any, bool) {
			a, ok := args[0].(string)
			if !ok {
				return nil, false
			}
			return given(f(a, args[1]))
		}
	case func(string, any, any) (string, error):
		return func(args []any) (any, bool) {
			a, ok := args[0].(string)
			if !ok {
				return nil, false
			}
			return given(f(a, args[1], args[2]))
		}
	case func(int, any) (string, error):
		return func(args []any) (any, bool) {
			a, ok := args[0].(int)
			if !ok {
				return nil, false
			}
			return given(f(a, args[1]))
		}
	case func(int, int, any) (string, error):
		return func(args []any) (any, bool) {
			a, okA := args[0].(int)
			b, okB := args[1].(int)
			if !okA || !okB {
				return nil, false
			}
			return given(f(a, b, args[2]))
		}
	case func(any, any) (htmltemplate.HTML, error):
		return func(args []any) (any, bool) { return given(f(args[0], args[1])) }
	case func(any) (htmltemplate.URL, error):
		return func(args []any) (any, bool) { return given(f(args[0])) }
	}
	return nil
}

// directAny are the functions of values whatever they are.
func directAny(f any) Direct {
	switch f := f.(type) {
	case func(any) bool:
		return func(args []any) (any, bool) { return f(args[0]), true }
	case func(any, any) bool:
		return func(args []any) (any, bool) { return f(args[0], args[1]), true }
	case func(any, any) (bool, error):
		return func(args []any) (any, bool) { return given(f(args[0], args[1])) }
	case func(any, any) any:
		return func(args []any) (any, bool) { return given(f(args[0], args[1]), nil) }
	case func(any, any, any) any:
		return func(args []any) (any, bool) { return given(f(args[0], args[1], args[2]), nil) }
	case func(any) (any, error):
		return func(args []any) (any, bool) { return given(f(args[0])) }
	case func(any, any) (any, error):
		return func(args []any) (any, bool) { return given(f(args[0], args[1])) }
	case func(string, any) (any, error):
		return func(args []any) (any, bool) {
			a, ok := args[0].(string)
			if !ok {
				return nil, false
			}
			return given(f(a, args[1]))
		}
	case func(string) (any, error):
		return func(args []any) (any, bool) {
			a, ok := args[0].(string)
			if !ok {
				return nil, false
			}
			return given(f(a))
		}
	}
	return nil
}

// directLists are the functions that take a list, make one, or take the row.
func directLists(f any) Direct {
	switch f := f.(type) {
	case func(string, any) (list, error):
		return func(args []any) (any, bool) {
			a, ok := args[0].(string)
			if !ok {
				return nil, false
			}
			return given(f(a, args[1]))
		}
	case func(any, any) (list, error):
		return func(args []any) (any, bool) { return given(f(args[0], args[1])) }
	case func(string, list) (string, error):
		return func(args []any) (any, bool) {
			a, okA := args[0].(string)
			b, okB := args[1].(list)
			if !okA || !okB {
				return nil, false
			}
			return given(f(a, b))
		}
	case func(list) any:
		return func(args []any) (any, bool) {
			a, ok := args[0].(list)
			if !ok {
				return nil, false
			}
			return given(f(a), nil)
		}
	case func(map[string]any, string) bool:
		return func(args []any) (any, bool) {
			a, okA := args[0].(map[string]any)
			b, okB := args[1].(string)
			return okA && okB && f(a, b), okA && okB
		}
	case func(map[string]any, string) any:
		return func(args []any) (any, bool) {
			a, okA := args[0].(map[string]any)
			b, okB := args[1].(string)
			if !okA || !okB {
				return nil, false
			}
			return given(f(a, b), nil)
		}
	}
	return nil
}

// directMany are the functions of any number of values.
func directMany(f any) Direct {
	switch f := f.(type) {
	case func(...any) any:
		return func(args []any) (any, bool) { return given(f(args...), nil) }
	case func(...any) (string, error):
		return func(args []any) (any, bool) { return given(f(args...)) }
	case func(...any) (list, error):
		return func(args []any) (any, bool) { return given(f(slices.Clone(args)...)) } // a list keeps them
	case func(...any) (cell, error):
		return func(args []any) (any, bool) { return given(f(args...)) }
	case func(...any) (htmltemplate.HTML, error):
		return func(args []any) (any, bool) { return given(f(args...)) }
	case func(any, ...any) bool:
		return func(args []any) (any, bool) { return f(args[0], args[1:]...), true }
	case func(string, ...any) (string, error):
		return func(args []any) (any, bool) {
			a, ok := args[0].(string)
			if !ok {
				return nil, false
			}
			return given(f(a, args[1:]...))
		}
	}
	return nil
}

// directCells are the functions that make a number or a date.
func directCells(f any) Direct {
	switch f := f.(type) {
	case func(any) cell:
		return func(args []any) (any, bool) { return f(args[0]), true }
	case func(any) (cell, error):
		return func(args []any) (any, bool) { return given(f(args[0])) }
	case func(any, any) (cell, error):
		return func(args []any) (any, bool) { return given(f(args[0], args[1])) }
	case func(int, any) (cell, error):
		return func(args []any) (any, bool) {
			a, ok := args[0].(int)
			if !ok {
				return nil, false
			}
			return given(f(a, args[1]))
		}
	}
	return nil
}

// directMade are the functions that only made templates call.
func directMade(f any) Direct {
	switch f := f.(type) {
	case func() string:
		return func([]any) (any, bool) { return f(), true }
	case func() (string, error):
		return func([]any) (any, bool) { return given(f()) }
	case func(int) int:
		return func(args []any) (any, bool) {
			a, ok := args[0].(int)
			return f(a), ok
		}
	case func(any, string) (cell, error):
		return func(args []any) (any, bool) {
			name, ok := args[1].(string)
			if !ok {
				return nil, false
			}
			return given(f(args[0], name))
		}
	case func(int, int, string) any:
		return func(args []any) (any, bool) {
			a, okA := args[0].(int)
			b, okB := args[1].(int)
			c, okC := args[2].(string)
			return f(a, b, c), okA && okB && okC
		}
	case func(int, any) any:
		return func(args []any) (any, bool) {
			a, ok := args[0].(int)
			if !ok {
				return nil, false
			}
			return given(f(a, args[1]), nil)
		}
	case func(int, int, string, bool) string:
		return func(args []any) (any, bool) {
			a, okA := args[0].(int)
			b, okB := args[1].(int)
			c, okC := args[2].(string)
			d, okD := args[3].(bool)
			return f(a, b, c, d), okA && okB && okC && okD
		}
	case func(string) htmltemplate.HTML:
		return func(args []any) (any, bool) {
			a, ok := args[0].(string)
			return f(a), ok
		}
	}
	return nil
}

// Truth is what {{if}} takes a value for. ok is false for a value that is not known here.
func Truth(v any) (truth, ok bool) {
	switch v := v.(type) {
	case bool:
		return v, true
	case string:
		return v != "", true
	case cell:
		return len(v) > 0, true
	case list:
		return len(v) > 0, true
	case int:
		return v != 0, true
	case float64:
		return v != 0, true
	case htmltemplate.URL:
		return v != "", true
	case htmltemplate.HTML:
		return v != "", true
	case map[string]any, map[string]string:
		return true, true // of a row and of mailshot, which are never without a field
	}
	return false, false
}

// TextOf returns how a template prints a value. ok is false for a value that is not known here, or of which
// html/template knows more than its text.
func TextOf(v any) (text string, ok bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case cell:
		return v.String(), true
	case bool, int, float64, list:
		return fmt.Sprint(v), true
	}
	return "", false
}

// Items returns what a range of a value goes over: the values of a list, or the numbers below n. It says no where Range
// gives an error.
func Items(v any) (items []any, n int, ok bool) {
	switch v := v.(type) {
	case list:
		return v, len(v), true
	case int:
		return nil, max(v, 0), v <= maxItems
	}
	return nil, 0, false
}

// Truth is what {{if .column}} takes a cell for.
func (c Cell) Truth() bool {
	switch v := c.Value.(type) {
	case string:
		return c.Text != ""
	case nil:
		return false
	case float64:
		return v != 0
	case bool:
		return v
	}
	return true
}

// Datum is the cell as functions take it.
func (c Cell) Datum() any {
	if s, isText := c.Value.(string); isText {
		if s == c.Text {
			return c.Value
		}
		return c.Text
	}
	return newCell(c.Text, c.Value)
}

// The guards of an execution, as Map has them; they say whether it may go on.

// Brief begins an execution that may do an eighth of what others may. It is for whoever has the text made in another
// way if that is not enough, so that a template which would fill the memory does not do so twice.
func (ex *Execution) Brief() {
	ex.Begin(nil)
	ex.steps, ex.made = maxSteps/8*7, maxMade/8*7
}

// Turn counts a turn of a range.
func (ex *Execution) Turn() bool { ex.steps++; return ex.steps <= maxSteps }

// In counts an included template, which Out ends.
func (ex *Execution) In() bool { ex.depth++; return ex.depth <= maxDepth && ex.Turn() }

// Out is the end of an included template.
func (ex *Execution) Out() { ex.depth-- }

// Take notes a branch.
func (ex *Execution) Take(branch int) { ex.took(branch) }

// Taken is Path, for looking at until the next Begin.
func (ex *Execution) Taken() []byte { return bytes.TrimRight(ex.taken, "\x00") }

// Begins gives the execution that has begun its row.
func (ex *Execution) Begins(row map[string]any) { ex.row = row }

// Blank says whether a text is nothing to print.
func Blank(text string) bool { return strings.TrimSpace(text) == "" }

// CellOf returns a cell of a row by names, as Row has it.
func CellOf(name string, values map[string]any, texts map[string]string) (c Cell, ok bool) {
	text, hasText := texts[name]
	v, hasValue := values[name]
	s, isText := v.(string)
	switch {
	case hasValue && isText && !hasText:
		return Cell{s, v}, true
	case hasValue && !isText && !hasText:
		return Cell{asText(v), v}, true
	case hasValue && !isText:
		return Cell{text, v}, true
	}
	return Cell{text, anyText}, hasText
}

// anyText is the Value of a text whose text is Text.
var anyText any = ""
