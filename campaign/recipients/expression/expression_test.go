package expression_test

import (
	"strings"
	"testing"

	"github.com/expr-lang/expr"

	"mailshot/campaign/recipients/expression"
)

// The library's own messages are put into words. The texts are those of the library that is in use, so an update that
// rewords them is seen. Proven by returning the messages as they are.
func TestExplain(t *testing.T) {
	t.Parallel()
	row := map[string]any{"name": "", "amount": 1.0, "country": "", "paid": true, "due-date": "", "first name": ""}
	env := map[string]any{"row": row}
	var columns []string
	for name, value := range row {
		env[name] = value
		columns = append(columns, name)
	}
	for _, test := range []struct{ line, text, hint string }{
		{`country = "FR"`, "one = where two are needed", `write ==, as in country == "FR"`},
		{`name == "a" && amount = 1`, "one = where two are needed", "write =="},
		{`amount == "1"`, "a number on one side of == and text on the other", "without quotes, as in amount == 100"},
		{`name > 1`, "text on one side of > and a number on the other", "columns: { name: number }"},
		{`paid == "yes"`, "true or false on one side of ==", "write paid alone"},
		{`due-date == "x"`, `no column "due"`, `row["due-date"]`},
		{`first-name == "x"`, `"first name" is not a name here`, `row["first name"]`},
		{`first name == "x"`, `"name" does not fit here`, `row["first name"]`},
		{`country == "a" country == "b"`, `"country" does not fit here`, "&& or ||"},
		{`name == `, "the expression ends too early", "a filter is a comparison"},
		{`name`, "expected bool", "a filter is a comparison"},
		{`nothing == "due-date"`, `no column "nothing"`, ""},
	} {
		_, err := expr.Compile(test.line, expr.Env(env), expr.AsBool())
		if err == nil {
			t.Errorf("%s: compiled", test.line)
			continue
		}
		message, column := err.Error(), 0
		if message, _, _ = strings.Cut(message, "\n"); strings.HasSuffix(message, ")") {
			if i := strings.LastIndex(message, " (1:"); i >= 0 {
				for _, r := range message[i+4 : len(message)-1] {
					column = column*10 + int(r-'0')
				}
				message = message[:i]
			}
		}
		text, hint, _ := expression.Explain(message, test.line, column, columns)
		if !strings.Contains(text, test.text) || !strings.Contains(hint, test.hint) || (hint == "") != (test.hint == "") {
			t.Errorf("%s: got %q, %q", test.line, text, hint)
		}
	}
}
