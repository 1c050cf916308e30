package hygiene

import (
	"html"
	"regexp"
	"slices"
	"strings"

	"mailshot/campaign/recipients/fault"
	"mailshot/internal/ellipsis"
	"mailshot/internal/placeholder"
)

// fields finds the placeholders of any tool, ours among them: a cell is not a template.
var fields = placeholder.Finder{Own: true}

var (
	guarded = regexp.MustCompile(`^="(?:[^"]|"")*"$`)
	formula = regexp.MustCompile(`^=[A-Z][A-Z.]+\(.*\)$`)
	entity  = regexp.MustCompile(`&(?:#[0-9]+|#[xX][0-9a-fA-F]+|[A-Za-z][A-Za-z0-9]+);`)
)

// nothing are the words that programs write for an empty cell or for one that they could not compute.
var nothing = []string{
	`\N`, "NULL", "(null)", "<null>", "null", "undefined", "NaN", "nan", "[object Object]",
	"#N/A", "#NAME?", "#REF!", "#VALUE!", "#DIV/0!", "#NUM!", "#NULL!", "#SPILL!", "#CALC!",
	"#NV", "#BEZUG!", "#WERT!", "#ZAHL!", "#VALEUR!", "#NOM?", "#NOMBRE?", "#VALOR!",
}

const longestNothing = len("[object Object]")

// leftover finds what a program has left in a cell that a spreadsheet or a browser would not show: a guard, a word for
// nothing, an entity of HTML, a placeholder.
func leftover(text string) (found []Finding) {
	say := func(code, what, hint string) {
		found = append(found, Finding{Code: code, Text: what, Hint: hint})
	}
	s := strings.TrimSpace(text)
	switch {
	case s == "":
		return nil
	case s[0] == '=' && guarded.MatchString(s):
		say("spreadsheet-guard", fault.Quote(text)+` has =" around it, which keeps a spreadsheet from dropping zeros `+
			"and goes out as it stands", "export the list without it: the text alone")
	case s[0] == '=' && formula.MatchString(s):
		say("spreadsheet-guard", fault.Quote(text)+" is a formula, which nothing here computes",
			"export the list with values instead of formulas")
	case apostrophe(s):
		say("spreadsheet-guard", fault.Quote(text)+" begins with an apostrophe, which marks a text in a spreadsheet "+
			"and goes out as it stands", "export the list without it")
	case len(s) <= longestNothing && slices.Contains(nothing, s):
		say("word-for-nothing", fault.Quote(text)+" is what a program writes for an empty or a faulty cell",
			"leave the cell empty")
	}
	if strings.Contains(s, "&") {
		for _, e := range entity.FindAllString(s, -1) {
			if plain := html.UnescapeString(e); plain != e {
				say("html-entity", fault.Quote(text)+" holds "+e+", which readers see as it stands",
					"write "+ellipsis.Quote(plain, 10)+": a cell is plain text")
				break
			}
		}
	}
	for _, m := range fields.Find(s) {
		say("cell-placeholder", fault.Quote(text)+" holds "+s[m.At:m.End]+", a field that nothing fills: "+
			"a cell is not a template", "fill it in the list, or have the text in a template")
		break
	}
	if meant := escaped(s); meant != "" {
		say("cell-placeholder", fault.Quote(text)+" holds "+meant+" in its address, a field that nothing fills",
			"fill it in the list, or build the address in a template")
	}
	return found
}

func escaped(s string) string {
	if !strings.Contains(s, "://") {
		return ""
	}
	return fields.Escaped(s)
}

// apostrophe says whether a text begins with an apostrophe before what a spreadsheet would take for a number or a
// formula: '0123, '+49 221, '=1+1. Years and shortened words ('90s, 's-Hertogenbosch) have other letters.
func apostrophe(s string) bool {
	rest, ok := strings.CutPrefix(s, "'")
	if !ok || len(rest) < 2 || strings.HasSuffix(rest, "'") {
		return false
	}
	if strings.ContainsRune("=+@-", rune(rest[0])) {
		return true
	}
	return len(rest) > 2 && strings.Trim(rest, "0123456789.,/ -") == ""
}
