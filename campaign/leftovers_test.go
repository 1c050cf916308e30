package campaign_test

import (
	"slices"
	"strings"
	"testing"
)

// A placeholder of another tool is one finding at its place: in the template if that is at fault, else in the cell.
// Seen to fail without the call of leftovers in Compiler.Body, in Line and in include.
func TestOtherToolsPlaceholders(t *testing.T) {
	t.Parallel()
	list := "email,name,code\nann@example.com,Ann Lee,[FIRST_NAME]\nbob@example.com,Bob,%NAME%\ncid@example.com,Cid,x\n"
	for _, test := range []struct {
		name  string
		files map[string]string
		want  []string
	}{
		{"in the template", map[string]string{
			"campaign.yaml": strings.Replace(contentBase, `"News"`, `"News for %NAME%"`, 1) +
				"body: { html: b.html, layout: l.html }\n",
			"b.html": "<p>Dear [FIRST_NAME],\n<a href=\"https://example.com/?u=%7B%7B.name%7D%7D\">x</a>" +
				"{{template \"foot.md\" .}} [link]",
			"foot.md": "Bye ${name}\n", "l.html": "{{template \"content\" .}}{Vorname}",
			"people.csv": "email,name\nann@example.com,Ann\n"},
			[]string{
				"warning foreign-placeholder campaign.yaml:3:20: %NAME% is a field of another tool, and goes out as it stands",
				"warning foreign-placeholder b.html:1:9: [FIRST_NAME] is a field of another tool, and goes out as it stands",
				"warning foreign-placeholder b.html:2:33: {{.name}} is escaped in this address, so that nothing fills it",
				"warning foreign-placeholder l.html:1:25: {Vorname} is a field of another tool, and goes out as it stands",
				"warning foreign-placeholder foot.md:1:5: ${name} is a field of another tool, and goes out as it stands",
			}},
		{"in a cell", map[string]string{"campaign.yaml": contentBase + "body: { text: b.txt }\n",
			"b.txt": "Dear {{.name}} {{.code}}\n", "people.csv": list},
			[]string{"warning cell-placeholder people.csv:2: code: \"[FIRST_NAME]\" holds [FIRST_NAME], a field that nothing " +
				"fills: a cell is not a template (2 cells, the first here)"}},
	} {
		got := contents(t, test.files)
		if !slices.Equal(got, test.want) {
			t.Errorf("%s:\n got %s\nwant %s", test.name, strings.Join(got, "\n     "), strings.Join(test.want, "\n     "))
		}
	}
}
