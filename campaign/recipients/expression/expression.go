// Package expression puts the errors of where expressions into words for a person. [Explain] takes what the library of
// expressions says, and returns what is wrong and what to write instead.
package expression

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"mailshot/internal/ellipsis"
)

var (
	token    = regexp.MustCompile(`^unexpected token (\w+)(?:\("(.*)"\))?$`)
	mismatch = regexp.MustCompile(`^invalid operation: (\S+) \(mismatched types (.+) and (.+)\)$`)
	unknown  = regexp.MustCompile(`^unknown (?:name|field) (.+)$`)
	word     = regexp.MustCompile(`[\pL_][\pL\pN_]*$`)
	texts    = regexp.MustCompile(`"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'`)
)

// Explain returns the library's message in plain words, and a hint. line is the line of the expression that the message
// is about, and column the place in it, in runes from 1. columns are those of the list; missing is a name that none of
// them has, if that is the mistake. A message that Explain does not know comes back as it is, without a hint.
func Explain(message, line string, column int, columns []string) (text, hint, missing string) {
	odd := oddName(line, columns)
	quoted := ""
	if odd != "" {
		quoted = fmt.Sprintf("a column with blanks or signs in its name is written row[%q]", odd)
	}
	if m := token.FindStringSubmatch(message); m != nil {
		text, hint = unexpected(m[1], m[2], quoted)
		return text, hint, ""
	}
	if m := mismatch.FindStringSubmatch(message); m != nil {
		left, right := kind(m[2]), kind(m[3])
		if odd != "" && (strings.HasPrefix(m[2], "func") || m[1] == "-") {
			return fmt.Sprintf("%s is not a name here", strconv.Quote(odd)), quoted, ""
		}
		return fmt.Sprintf("%s on one side of %s and %s on the other", left, m[1], right),
			compared(m[1], left, right, before(line, column)), ""
	}
	if m := unknown.FindStringSubmatch(message); m != nil {
		return "no column " + ellipsis.Quote(m[1], 60), quoted, m[1]
	}
	if strings.HasPrefix(message, "expected bool") {
		return message, `a filter is a comparison, as in amount > 0 && country != "FR"`, ""
	}
	return message, "", ""
}

// unexpected says what is wrong with a token.
func unexpected(kind, value, quoted string) (text, hint string) {
	switch {
	case kind == "Operator" && value == "=":
		return "one = where two are needed to compare", `write ==, as in country == "FR"`
	case kind == "EOF":
		return "the expression ends too early", `a filter is a comparison, as in amount > 0 && country != "FR"`
	case quoted != "":
		return fmt.Sprintf("%q does not fit here", value), quoted
	case value == "":
		return "something does not fit here", "write texts in quotes, and && or || between comparisons"
	}
	return fmt.Sprintf("%q does not fit here", value), "write texts in quotes, and && or || between comparisons"
}

// kind is a type of the library in a word.
func kind(name string) string {
	name = strings.TrimPrefix(name, "*")
	switch {
	case name == "string":
		return "text"
	case strings.HasPrefix(name, "int"), strings.HasPrefix(name, "uint"), strings.HasPrefix(name, "float"):
		return "a number"
	case name == "bool":
		return "true or false"
	case name == "time.Time":
		return "a date"
	case name == "time.Duration":
		return "a length of time"
	case strings.HasPrefix(name, "func"):
		return "a function"
	case strings.HasPrefix(name, "map"):
		return "the whole row"
	case strings.HasPrefix(name, "[]"):
		return "a list"
	}
	return name
}

// before is the name that stands before a place of the line; "" = none does.
func before(line string, column int) string {
	runes := []rune(line)
	at := min(max(column-1, 0), len(runes))
	return word.FindString(strings.TrimRight(string(runes[:at]), " \t"))
}

// compared is the hint for two sides that are not of one type. name is the column on the left, if it is one.
func compared(operator, left, right, name string) string {
	column := name
	if column == "" {
		column = "NAME"
	}
	switch {
	case left == "text" && right == "a number":
		return fmt.Sprintf("say that the column holds numbers, recipients: columns: { %s: number }, "+
			`or compare with a text, as in %s == "1"`, column, column)
	case left == "a number" && right == "text":
		return fmt.Sprintf("write the number without quotes, as in %s %s 100", column, operator)
	case left == "text" && right == "a date":
		return fmt.Sprintf("say that the column holds dates, recipients: columns: { %s: date }", column)
	case left == "a date":
		return fmt.Sprintf(`write the date as in %s %s date("2026-11-30")`, column, operator)
	case left == "true or false":
		return fmt.Sprintf("write %s alone, or not %s", column, column)
	}
	return "compare values of one type; columns: { NAME: number } says what a column holds"
}

// oddName is the first column whose name needs row["…"] and stands in the expression without it; "" = none does.
func oddName(line string, columns []string) string {
	line = texts.ReplaceAllString(line, `""`)
	for _, name := range columns {
		parts := strings.FieldsFunc(name, func(r rune) bool { return r != '_' && !isWord(r) })
		if len(parts) < 2 {
			continue
		}
		for i, part := range parts {
			parts[i] = regexp.QuoteMeta(part)
		}
		if regexp.MustCompile(`(?i)(?:^|[^\pL\pN_])` + strings.Join(parts, `[^\pL\pN"]+`) + `(?:$|[^\pL\pN_])`).MatchString(line) {
			return name
		}
	}
	return ""
}

func isWord(r rune) bool { return word.MatchString("a" + string(r)) }
