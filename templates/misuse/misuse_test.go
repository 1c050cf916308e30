package misuse_test

import (
	"strings"
	"testing"

	"mailshot/templates/misuse"
)

// The function is the one among whose arguments the mistake is. Seen to fail without the parentheses, and without the
// quotes, in called.
func TestSay(t *testing.T) {
	t.Parallel()
	const cell = "wrong type for value; expected string; got function.cell"
	for _, test := range []struct{ message, before, want string }{
		{cell, `Dear {{money `, "money takes CURRENCY NUMBER in this order, and this does not fit"},
		{cell, `Dear {{- money `, "money takes CURRENCY NUMBER in this order, and this does not fit"},
		{cell, `{{if .x}}{{if money `, "money takes CURRENCY NUMBER in this order, and this does not fit"},
		{cell, `{{.x | default "(" | money `, "money takes CURRENCY NUMBER in this order, and this does not fit"},
		{cell, `{{$sum := money (add .a (mul 2 .b)) `, "money takes CURRENCY NUMBER in this order, and this does not fit"},
		{cell, `{{upper (money `, "money takes CURRENCY NUMBER in this order, and this does not fit"},
		{`expected integer; found "x"`, `{{round `, "round takes DECIMALS NUMBER in this order, and this does not fit"},
		{"invalid value; expected string", `{{money `, "money takes CURRENCY NUMBER in this order, and this does not fit"},
		{"wrong number of args for money: want 2 got 1", `{{`, "money takes CURRENCY NUMBER, and only one of them is given"},
		{"wrong number of args for money: want 2 got 0", `{{`, "money takes CURRENCY NUMBER, and nothing is given"},
		{"wrong number of args for money: want 2 got 3", `{{`, "money takes CURRENCY NUMBER, and 3 are given"},
		{"wrong number of args for _show: want 2 got 3", `{{`, ""},
		{cell, `{{.name `, ""},
		{cell, `Dear `, ""},
		{cell, ``, ""},
		{`money: "EUR" is not a number`, `{{money `, ""},
	} {
		text, hint := misuse.Say(test.message, test.before)
		if text != test.want || (text != "") != strings.HasPrefix(hint, "as in {{") {
			t.Errorf("%s after %s: %q (%s), want %q", test.message, test.before, text, hint, test.want)
		}
	}
}
