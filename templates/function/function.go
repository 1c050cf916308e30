// Package function has what templates can call. Functions lists the functions with their documentation. New returns an
// Execution, whose Map a template engine takes; Row makes the data that the functions work on.
//
// The functions are an allow-list. None of them reads the clock, the environment, a file or the network, so the same
// row always gives the same bytes. A cell prints as it was read, and functions take its typed value. An Execution
// counts what its functions make and how often a template loops. Beyond a limit the functions return an error (Limit)
// instead of filling the memory.
package function

import (
	"fmt"
	htmltemplate "html/template"
	"maps"
	"strings"
)

// Function documents one function that templates can call.
type Function struct {
	Name    string
	Usage   string // name and arguments; the value to work on comes last, so that it can come from a pipe
	Doc     string
	Example string // a template, for the row of the documentation (see templates.ExampleData)
	Result  string // what Example prints
}

// entry is a function of the table: its documentation, and what makes it for a run.
type entry struct {
	Function
	make func(ex *Execution) any
}

// table is every function that templates have, in the order of the documentation. and, or and not have no code here:
// only the template engine can stop at the first answer.
func table() []entry {
	var t []entry
	for _, part := range [][]entry{
		emptiness(), conditions(), texts(), parts(), lengths(), prints(), links(), lists(), members(),
		numbers(), sums(), groups(), dates(), spans(), comparisons(), wordings(),
	} {
		t = append(t, part...)
	}
	return t
}

// Functions lists what templates can call. The list is made from the table that defines the functions.
func Functions() []Function {
	var fs []Function
	for _, e := range table() {
		fs = append(fs, e.Function)
	}
	return fs
}

// text passes on a text that a function made, after counting it.
func (ex *Execution) text(s string) (string, error) {
	if err := ex.spend(len(s)); err != nil {
		return "", err
	}
	return s, nil
}

// simple wraps a function from text to text.
func simple(f func(string) string) func(*Execution) any {
	return func(ex *Execution) any {
		return func(v any) (string, error) { return ex.text(f(asText(v))) }
	}
}

// list is a list of single values. It never holds a list, so it cannot grow faster than it is built.
type list []any

// String is the values with commas between them.
func (l list) String() string {
	texts := make([]string, len(l))
	for i, v := range l {
		texts[i] = asText(v)
	}
	return strings.Join(texts, ", ")
}

func emptiness() []entry {
	return []entry{
		{Function{"default", "default VALUE CELL", "the cell, or VALUE if the cell is empty",
			`{{default "friend" .nick}}`, "friend"},
			func(ex *Execution) any {
				return func(instead, v any) any {
					if isBlank(v) {
						return instead
					}
					return v
				}
			}},
		{Function{"coalesce", "coalesce VALUE…", "the first value that is not empty",
			`{{coalesce .nick .name "friend"}}`, "Ann Lee"},
			func(ex *Execution) any {
				return func(vs ...any) any {
					for _, v := range vs {
						if !isBlank(v) {
							return v
						}
					}
					return ""
				}
			}},
		{Function{"empty", "empty CELL", "whether the cell is empty or blank",
			`{{if empty .nick}}no nickname{{end}}`, "no nickname"},
			func(ex *Execution) any { return isBlank }},
		{Function{"has", "has . NAME", "whether the list has the column, with a cell that is not empty",
			`{{has . "phone"}} {{has . "fax"}}`, "true false"},
			func(ex *Execution) any {
				return func(row map[string]any, name string) bool { return !isBlank(row[name]) }
			}},
		{Function{"opt", "opt . NAME", "the cell of a column, or nothing if the list does not have the column",
			`[{{opt . "fax"}}]`, "[]"},
			func(ex *Execution) any {
				return func(row map[string]any, name string) any {
					if v, ok := row[name]; ok {
						return v
					}
					return ""
				}
			}},
	}
}

func conditions() []entry {
	return []entry{
		{Function{"choose", "choose YES NO CONDITION", "YES when the condition holds, else NO",
			`{{choose "paid" "open" .paid}}`, "open"},
			func(ex *Execution) any {
				return func(yes, no, cond any) any {
					if truth(cond) {
						return yes
					}
					return no
				}
			}},
		{Function{"required", "required REASON CELL", "the cell; if it is empty, that is an error with the reason",
			`{{required "we greet by name" .name}}`, "Ann Lee"},
			func(ex *Execution) any {
				return func(reason string, v any) (any, error) {
					if isBlank(v) {
						return nil, Advice{"the cell is empty: " + reason, ""}
					}
					return v, nil
				}
			}},
	}
}

// truth is what {{if}} takes a value for.
func truth(v any) bool {
	switch v := v.(type) {
	case cell:
		return len(v) > 0
	case bool:
		return v
	case int:
		return v != 0
	case float64:
		return v != 0
	case list:
		return len(v) > 0
	}
	return asText(v) != ""
}

func lists() []entry {
	return []entry{
		{Function{"list", "list VALUE…", "a list to range over", `{{range list 1 2 3}}<{{.}}>{{end}}`, "<1><2><3>"},
			func(ex *Execution) any { return ex.list }},
		{Function{"split", "split SEPARATOR TEXT", "the parts of a cell, without blanks around them",
			`{{range split ";" .items}}[{{.}}]{{end}}`, "[tea][milk][bread]"},
			func(ex *Execution) any {
				return func(sep string, v any) (list, error) {
					s := asText(v)
					if strings.TrimSpace(s) == "" {
						return nil, nil
					}
					if sep == "" {
						return nil, Advice{"the separator is empty", `split ";" .items`}
					}
					if strings.Count(s, sep) >= maxItems {
						return nil, Limit("a list of more than 10000 items")
					}
					var vs []any
					for part := range strings.SplitSeq(s, sep) {
						vs = append(vs, strings.TrimSpace(part))
					}
					return ex.list(vs...)
				}
			}},
		{Function{"join", "join SEPARATOR LIST", "the values of a list in one text",
			`{{split ";" .items | join " and "}}`, "tea and milk and bread"},
			func(ex *Execution) any {
				return func(sep string, l list) (string, error) {
					n := len(sep) * len(l)
					texts := make([]string, len(l))
					for i, v := range l {
						texts[i] = asText(v)
						n += len(texts[i])
					}
					if err := ex.spend(n); err != nil {
						return "", err
					}
					return strings.Join(texts, sep), nil
				}
			}},
		{Function{"seq", "seq FIRST LAST", "the whole numbers from FIRST to LAST, 10,000 at most",
			`{{range seq 1 3}}{{.}} {{end}}`, "1 2 3 "},
			func(ex *Execution) any { return ex.seq }},
	}
}

func members() []entry {
	return []entry{
		{Function{"first", "first LIST", "the first value of a list, or nothing", `{{split ";" .items | first}}`, "tea"},
			func(ex *Execution) any {
				return func(l list) any {
					if len(l) == 0 {
						return ""
					}
					return l[0]
				}
			}},
		{Function{"last", "last LIST", "the last value of a list, or nothing", `{{split ";" .items | last}}`, "bread"},
			func(ex *Execution) any {
				return func(l list) any {
					if len(l) == 0 {
						return ""
					}
					return l[len(l)-1]
				}
			}},
		{Function{"col", "col NAME", "the cell of a column, whatever its name is, anywhere in the template",
			`{{col "city"}}`, "İzmir"},
			func(ex *Execution) any {
				return func(name string) (any, error) { return ex.index(ex.row, name) }
			}},
		{Function{"index", "index LIST N or index . NAME",
			"one value of a list, counted from 0; or the cell of a column whose name is not one word",
			`{{index (split ";" .items) 1}} {{index . "city"}}`, "milk İzmir"},
			func(ex *Execution) any { return ex.index }},
		{Function{"len", "len VALUE", "the number of characters of a text, or of values of a list", `{{len .city}}`, "5"},
			func(ex *Execution) any {
				return func(v any) cell {
					switch l := v.(type) {
					case list:
						return whole(len(l))
					case rows:
						return whole(len(l))
					}
					return whole(len([]rune(asText(v))))
				}
			}},
	}
}

// seq makes the list of the whole numbers from first to last.
func (ex *Execution) seq(first, last any) (list, error) {
	a, err := asInt(first)
	if err != nil {
		return nil, err
	}
	b, err := asInt(last)
	if err != nil {
		return nil, err
	}
	if b-a >= maxItems {
		return nil, Limit("a list of more than 10000 items")
	}
	var vs []any
	for ; a <= b; a++ {
		vs = append(vs, a)
	}
	return ex.list(vs...)
}

// list makes a list of single values.
func (ex *Execution) list(vs ...any) (list, error) {
	if len(vs) > maxItems {
		return nil, Limit("a list of more than 10000 items")
	}
	n := 0
	for _, v := range vs {
		n += 16
		switch v := v.(type) {
		case list, map[string]any, map[string]string:
			return nil, Advice{"a list holds single values only", ""}
		case string: // one text may be in a list many times, and a list may be printed
			n += len(v)
		case cell:
			n += len(v.String())
		case htmltemplate.URL:
			n += len(v)
		case htmltemplate.HTML:
			n += len(v)
		}
	}
	if n > maxString {
		return nil, Limit(fmt.Sprintf("a list of more than %d bytes", maxString))
	}
	return list(vs), ex.spend(n)
}

// index is one value of a list or of a row.
func (ex *Execution) index(from, key any) (any, error) {
	switch from := from.(type) {
	case map[string]any:
		name := asText(key)
		v, ok := from[name]
		if !ok {
			text, hint := UnknownColumn(name, sortedKeys(from))
			return nil, Advice{text, hint}
		}
		return v, nil
	case map[string]string:
		v, ok := from[asText(key)]
		if !ok {
			return nil, Advice{"there is no .mailshot." + asText(key), ""}
		}
		return v, nil
	case list:
		i, err := numbered(key, len(from))
		if err != nil {
			return nil, err
		}
		return from[i], nil
	case rows:
		i, err := numbered(key, len(from))
		if err != nil {
			return nil, err
		}
		return from[i], nil
	}
	return nil, Advice{"this is neither a list nor the row", "split makes a list of a cell"}
}

// numbered is the number of one of n values.
func numbered(key any, n int) (int, error) {
	i, err := asInt(key)
	if err == nil && (i < 0 || i >= n) {
		err = Advice{fmt.Sprintf("the list has %d values and no number %d", n, i), "the first is number 0"}
	}
	return i, err
}

// items checks the value to range over.
func (ex *Execution) items(v any) (any, error) {
	switch v := v.(type) {
	case list:
		return v, nil
	case rows:
		if len(v) > maxItems {
			return nil, Limit("more than 10000 turns of one {{range}}")
		}
		return v, nil
	case int:
		if v > maxItems {
			return nil, Limit("more than 10000 turns of one {{range}}")
		}
		return v, nil
	case map[string]any, map[string]string:
		return nil, Advice{"the row is not a list", "name its columns"}
	}
	return nil, Advice{"a cell is not a list", `split makes one: {{range split ";" .items}}`}
}

func sortedKeys(m map[string]any) []string {
	var names []string
	for name := range maps.Keys(m) {
		if name != "mailshot" && name != place {
			names = append(names, name)
		}
	}
	return names
}
