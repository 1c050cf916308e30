package flowed

import "testing"

// The rows of a table that stands in a line with marks come before what the line goes on with: it is wrong to keep
// them until the line ends. <blockquote>{{if .x}}<p>first</p>{{end}}<table>…</table><p>after</p></blockquote> is such
// a line.
func TestTablesStayInTheirPlace(t *testing.T) {
	t.Parallel()
	table := Line + Top + Cell + "a1a" + Cell + "a1b" + End + "\n" + Line + Row + Cell + "a1X" + Cell + "a11" + End + "\n"
	for text, want := range map[string]string{
		Line + Quote + "first\n\n" + table + "\nafter" + End +
			"\n": "> first\n>\n> a  b\n> -  -\n> X  1\n>\n> after\n",
		Line + Item + "- " + Hang + "first\n\n" + table + "\nafter" + End +
			"\n": "- first\n\n   a  b\n   -  -\n   X  1\n\n   after\n",
		Line + Item + "- " + Hang + table + "after" + End + "\n": "- a  b\n  -  -\n  X  1\n   after\n",
	} {
		got := string(Tidy(nil, []byte(text), nil))
		if lettersOf(got) != lettersOf(want) {
			t.Errorf("%q becomes\n%s\nrather than\n%s", text, got, want)
		}
	}
}

// lettersOf is a text without what lays it out.
func lettersOf(s string) (said string) {
	for _, c := range s {
		if c > ' ' && c != '>' && c != '-' {
			said += string(c)
		}
	}
	return said
}
