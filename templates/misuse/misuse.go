// Package misuse says in the words of templates what the template engine says in words of Go: that a function of
// templates got too few arguments, or arguments in the wrong order. Call [Say] with what the engine says.
package misuse

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"mailshot/templates/function"
)

var (
	count = regexp.MustCompile(`^wrong number of args for (\w+): want (?:at least )?\d+ got (\d+)$`)
	kind  = regexp.MustCompile(`^wrong type for value; expected |^(?:invalid value; )?expected (?:string|integer|int|float|bool)`)
	names = regexp.MustCompile(`^[\s-]*(?:(?:else )?(?:if|with|range) )?(?:\$\w* *:?= *)?(\w+)`)
)

// Say words a message of the template engine, and gives a hint. before is the template up to the place of the mistake.
// text is "" if the message is not about the arguments of a function.
func Say(message, before string) (text, hint string) {
	if m := count.FindStringSubmatch(message); m != nil {
		f, ok := named(m[1])
		if !ok {
			return "", ""
		}
		got := m[2] + " are given"
		switch m[2] {
		case "0":
			got = "nothing is given"
		case "1":
			got = "only one of them is given"
		}
		return fmt.Sprintf("%s takes %s, and %s", f.Name, arguments(f), got), "as in " + f.Example
	}
	if !kind.MatchString(message) {
		return "", ""
	}
	f, ok := named(called(before))
	if !ok {
		return "", ""
	}
	return fmt.Sprintf("%s takes %s in this order, and this does not fit", f.Name, arguments(f)), "as in " + f.Example
}

// arguments are those of a function, as its documentation writes them.
func arguments(f function.Function) string {
	_, args, _ := strings.Cut(f.Usage, " ")
	return args
}

// named returns the function with a name.
func named(name string) (function.Function, bool) {
	all := function.Functions()
	i := slices.IndexFunc(all, func(f function.Function) bool { return f.Name == name })
	if i < 0 || name == "" {
		return function.Function{}, false
	}
	return all[i], true
}

// called returns the name of the function whose arguments the end of a text is among; "" if it is among none.
func called(before string) string {
	depth := 0
	for i := len(before) - 1; i >= 0; i-- {
		switch c := before[i]; {
		case c == '"' || c == '`':
			if i = strings.LastIndexByte(before[:i], c); i < 0 {
				return ""
			}
		case c == ')':
			depth++
		case c == '(' && depth > 0:
			depth--
		case c == '(', c == '|' && depth == 0, c == '{' && i > 0 && before[i-1] == '{':
			if m := names.FindStringSubmatch(before[i+1:]); m != nil {
				return m[1]
			}
			return ""
		}
	}
	return ""
}
