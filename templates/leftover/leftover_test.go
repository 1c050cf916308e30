package leftover_test

import (
	"fmt"
	"strings"
	"testing"

	"mailshot/templates/leftover"
	"mailshot/templates/source"
)

// Placeholders are found where a reader sees them, at their place in the source; not in code, styles, scripts and
// references. Seen to fail with the code of Markdown left in, and with aside empty.
func TestFind(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		syntax leftover.Syntax
		text   string
		want   string // place and text, joined by " | "
	}{
		{leftover.Text, "Dear [FIRST_NAME],\n{{.x}} %NAME%", "1:6 [FIRST_NAME] | 2:8 %NAME%"},
		{leftover.Text, "https://a.example/?u=%7B%7Bname%7D%7D", "1:22 {{name}}"},
		{leftover.Text, "<{{.url}}> <<{{.name}}>> ${{.amount}} [{{.name}}] %{{.name}}%", ""},
		{leftover.Text, "50% of [1] {} a${b", ""},
		{leftover.HTML, `<p>Dear «Name», &lt;&lt;name&gt;&gt; <<name>>`,
			"1:9 «Name» | 1:17 &lt;&lt;name&gt;&gt; | 1:38 <<name>>"},
		{leftover.HTML, `<a href="https://a.example/?u=%7B%7B.name%7D%7D">x</a><img alt="[First Name]" src='{name}.png'>`,
			"1:31 {{.name}} | 1:65 [First Name] | 1:84 {name}"},
		{leftover.HTML, `<a href="%7Bname%7D">x</a><a href="*|UNSUB|*">`, "1:10 {name} | 1:36 *|UNSUB|*"},
		{leftover.HTML, "<style>a{name} %NAME%</style><script>`${name}`</script><pre>{name}</pre><code>${x}</code>" +
			`<!-- {name} --><p class="[name]" style="{name}" data-x="{name}">`, ""},
		{leftover.HTML, "<p><?php echo $name; ?> <%= name %>", "1:4 <?php echo $name; ?> | 1:25 <%= name %>"},
		{leftover.HTML, `<!--[if mso]><td>[name]</td><![endif]--><td>[name]</td>`, "1:45 [name]"},
		{leftover.HTML, "<pre>{name}</pre>{name}", "1:18 {name}"},
		{leftover.Markdown, "Dear [Name], see [name](https://a.example) and [text][name] and ![name](x)\n", "1:6 [Name]"},
		{leftover.Markdown, "Dear [Name],\n\n[name]: https://a.example\n", ""},
		{leftover.Markdown, "`${name}` and ``a ` [name]``\n\n```sh\necho ${name}\n```\n\n    {name}\n\n\t%NAME%\n", ""},
		{leftover.Markdown, "```\n${a}\n```\n${b}\n", "4:1 ${b}"},
		{leftover.Markdown, "~~~\n```\n${a}\n~~~\n${b}\n", "5:1 ${b}"},
		{leftover.Markdown, "a ` b ${c}\n", "1:7 ${c}"},
		{leftover.Markdown, "[x](https://a.example/?u=%5BFIRST_NAME%5D) <!-- {name} -->\n", "1:26 [FIRST_NAME]"},
		{leftover.Markdown, "Hello *|FNAME|*\n", "1:7 *|FNAME|*"},
		{leftover.Markdown, "- [ ] a\n- [x] b\n\nNote[^1] and [^1]: c\n", ""},
	} {
		src := source.New("b", 0, 0, test.text)
		var got []string
		for _, f := range leftover.Find(src, test.syntax, nil) {
			e := src.ErrorAt(f.At, "", "", "")
			got = append(got, fmt.Sprintf("%d:%d %s", e.Line, e.Column, f.Text))
		}
		if got := strings.Join(got, " | "); got != test.want {
			t.Errorf("%s\n got %s\nwant %s", test.text, got, test.want)
		}
	}
}
