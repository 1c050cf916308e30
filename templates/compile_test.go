package templates

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/fstest"
)

var columns = []string{"name", "nick", "city", "amount", "count", "due", "paid", "items", "phone", "First name", "x"}

// data is the functions' example row with some more columns.
func data(x string) Data {
	d := ExampleData()
	d.Text["x"], d.Text["First name"] = x, "Ann"
	return d
}

// diagnose returns an error's parts on one line each, as the tables below write them.
func diagnose(err error) string {
	var all []string
	var walk func(error)
	walk = func(err error) {
		if j, ok := err.(interface{ Unwrap() []error }); ok {
			for _, e := range j.Unwrap() {
				walk(e)
			}
			return
		}
		var e *Error
		if !errors.As(err, &e) {
			all = append(all, "UNPLACED "+err.Error())
			return
		}
		code, place, text, excerpt, caret, hint := e.Diagnostic()
		all = append(all, fmt.Sprintf("%s %s: %s (%s)\n%s\n%*s", place, code, text, hint, excerpt, caret, "^"))
	}
	if err != nil {
		walk(err)
	}
	return strings.Join(all, "\n")
}

// Mistakes that need no row are found before any row is read. Each has its place, the line, a caret and what to do.
func TestCompileErrors(t *testing.T) {
	t.Parallel()
	files := fstest.MapFS{
		"ok.html":          {Data: []byte("<p>{{.name}}</p>")},
		"bad.html":         {Data: []byte("<p>\n{{.nmae}}</p>")},
		"layout.html":      {Data: []byte("<html>{{template \"content\" .}}")},
		"nocontent.html":   {Data: []byte("<html></html>")},
		"badlayout.html":   {Data: []byte("<b>{{template \"content\" .}}</b>{{.hosue}}")},
		"partials/x.txt":   {Data: []byte("{{.name}}")},
		"recursive.html":   {Data: []byte(`{{template "recursive.html" .}}`)},
		"notpassed.html":   {Data: []byte(`{{template "ok.html"}}`)},
		"big.html":         {Data: make([]byte, maxSource+1)},
		"folder/file.html": {Data: []byte("")},
	}
	c := New(Config{FS: files, Columns: columns})
	line := func(s string) error {
		_, err := c.Line("subject", Source{File: "campaign.yaml", Line: 5, Column: 11, Text: s})
		return err
	}
	markdown := func(s string) error {
		_, err := c.Body(BodySource{Markdown: &Source{File: "body.md", Text: s}})
		return err
	}
	html := func(s string) error {
		_, err := c.Body(BodySource{HTML: &Source{File: "body.html", Text: s}})
		return err
	}
	layout := func(s string) error {
		_, err := c.Body(BodySource{Markdown: &Source{File: "body.md", Text: "hi"}, Layout: s})
		return err
	}
	for _, tt := range []struct {
		name string
		make func(string) error
		in   string
		want string
	}{
		{"column", line, "Dear {{.nmae}}!",
			"campaign.yaml:5:18 missing-column: the list has no column \"nmae\" (did you mean \"name\"?)\nDear {{.nmae}}!\n" +
				"       ^"},
		{"column after Persian", line, "سلام {{.nmae}}",
			"campaign.yaml:5:18 missing-column: the list has no column \"nmae\" (did you mean \"name\"?)\nسلام {{.nmae}}\n" +
				"       ^"},
		{"two mistakes", line, "{{.nmae}} {{.ctiy}}",
			"campaign.yaml:5:13 missing-column: the list has no column \"nmae\" (did you mean \"name\"?)\n" +
				"{{.nmae}} {{.ctiy}}\n  ^\ncampaign.yaml:5:23 missing-column: the list has no column \"ctiy\" (did you mean " +
				"\"city\"?)\n{{.nmae}} {{.ctiy}}\n            ^"},
		{"column in a branch never taken", line, "{{if false}}{{.nmae}}{{end}}",
			"campaign.yaml:5:25 missing-column: the list has no column \"nmae\" (did you mean \"name\"?)\n" +
				"{{if false}}{{.nmae}}{{end}}\n              ^"},
		{"column by col", line, `{{col "first nme"}}`,
			"campaign.yaml:5:17 missing-column: the list has no column \"first nme\" (did you mean \"First name\"?)\n" +
				"{{col \"first nme\"}}\n      ^"},
		{"column by index", line, `{{index . "first nme"}}`,
			"campaign.yaml:5:21 missing-column: the list has no column \"first nme\" (did you mean \"First name\"?)\n" +
				"{{index . \"first nme\"}}\n          ^"},
		{"function", line, "{{uper .name}}",
			"campaign.yaml:5:13 unknown-function: there is no function \"uper\" (did you mean upper?)\n{{uper .name}}\n  ^"},
		{"function of the engine", line, "{{.name | html}}",
			"campaign.yaml:5:21 unknown-function: there is no function \"html\" (see: mailshot functions)\n{{.name | html}}\n" +
				"          ^"},
		{"forgotten dot", line, "{{name}}",
			"campaign.yaml:5:13 unknown-function: there is no function \"name\" (for the column write {{.name}})\n{{name}}\n" +
				"  ^"},
		{"guard function", line, "{{_tick}}",
			"campaign.yaml:5:13 unknown-function: there is no function \"_tick\" (see: mailshot functions)\n{{_tick}}\n  ^"},
		{"field in with", line, "{{with .city}}{{.name}}{{end}}",
			"campaign.yaml:5:27 template: .name: inside {{range}} and {{with}} the dot is the item, not the row (write " +
				"$.name)\n{{with .city}}{{.name}}{{end}}\n                ^"},
		{"part of a cell", line, "{{.name.first}}",
			"campaign.yaml:5:18 template: a cell has no parts: .name.first ()\n{{.name.first}}\n       ^"},
		{"whole row", line, "{{.}}", "campaign.yaml:5:13 template: this prints the whole row (name a column: {{.column}})\n" +
			"{{.}}\n  ^"},
		{"mailshot", line, "{{.mailshot.tokn}}",
			"campaign.yaml:5:22 template: there is no .mailshot.tokn (there are address, campaign, key, " +
				"name, token, unsubscribe_url)\n" +
				"{{.mailshot.tokn}}\n           ^"},
		{"unclosed action", line, "Dear {{.name",
			"campaign.yaml:5:16 template-syntax: unclosed action ()\nDear {{.name\n     ^"},
		{"no end", line, "{{if .name}}x", "campaign.yaml:5:11 template-syntax: an {{if}}, {{range}} or {{with}} has no " +
			"{{end}} (add {{end}})\n{{if .name}}x\n^"},
		{"name of two words", markdown, "# Hi\n\nDear {{.First name}}",
			"body.md:3:8 template-syntax: a cell takes no arguments: .First name (for a column whose name is not one word " +
				"write {{col \"First name\"}})\nDear {{.First name}}\n       ^"},
		{"column in Markdown", markdown, "# Hi\n\n| a |\n|---|\n| {{.nmae}} |\n",
			"body.md:5:5 missing-column: the list has no column \"nmae\" (did you mean \"name\"?)\n| {{.nmae}} |\n    ^"},
		{"half a bold word", markdown, "a **{{if .name}}b** c{{end}}",
			"body.md:1:22 template-nesting: this is not in the same block as the {{if}} of line 1 (put both on lines of their " +
				"own, or both within one paragraph, item or cell)\na **{{if .name}}b** c{{end}}\n                     ^"},
		{"define in Markdown", markdown, `{{define "x"}}a{{end}}`,
			"body.md:1:1 template: Markdown cannot have {{define}} and {{block}} (put the part into a file of its own and " +
				"include it)\n{{define \"x\"}}a{{end}}\n^"},
		{"partial", markdown, "a\n\n{{template \"ko.html\" .}}",
			"body.md:3:12 missing-template: there is no file ko.html (a partial is a file below the campaign's folder)\n" +
				"{{template \"ko.html\" .}}\n           ^"},
		{"outside", markdown, "{{template \"../../etc/passwd\" .}}",
			"body.md:1:12 missing-template: \"../../etc/passwd\" does not name a file below the campaign's folder (write the " +
				"path from the campaign's folder downwards, without ./ or ..)\n{{template \"../../etc/passwd\" .}}\n           ^"},
		{"folder", markdown, "{{template \"folder\" .}}",
			"body.md:1:12 missing-template: folder is not a regular file (a partial is a file below the campaign's folder)\n" +
				"{{template \"folder\" .}}\n           ^"},
		{"huge file", markdown, "{{template \"big.html\" .}}",
			"body.md:1:12 missing-template: big.html is too large for a template (4194305 bytes; at most 4194304) (a partial " +
				"is a file below the campaign's folder)\n{{template \"big.html\" .}}\n           ^"},
		{"text in HTML", markdown, "{{template \"partials/x.txt\" .}}",
			"body.md:1:12 missing-template: partials/x.txt cannot be included in HTML (partials of an HTML body are .html or " +
				".md files)\n{{template \"partials/x.txt\" .}}\n           ^"},
		{"column in a partial", markdown, "{{template \"bad.html\" .}}",
			"bad.html:2:3 missing-column: the list has no column \"nmae\" (did you mean \"name\"?)\n{{.nmae}}</p>\n  ^"},
		{"row not passed on", html, "{{template \"notpassed.html\" .}}",
			"ok.html:1:6 template: there is no row here for .name (pass it on with a dot: {{template \"…\" .}})\n" +
				"<p>{{.name}}</p>\n     ^"},
		{"open tag in a branch", html, "<p>\n{{if .name}}<a {{else}}b{{end}}",
			"body.html:2:6 template-html: the branches of this {{if}}, {{with}} or {{range}} end in different places of the " +
				"HTML (close every quote, tag and comment in the branch that opens it)\n{{if .name}}<a {{else}}b{{end}}\n     ^"},
		{"open quote", html, `<a href="{{.name}}`,
			"body.html:1:9 template-html: the text of this attribute goes on into what comes after its tag (end it with the " +
				"quote that it begins with)\n<a href=\"{{.name}}\n        ^"},
		{"a quote that is missing", html, `<a href="https://example.org/">x</a>` + "\n" +
			`<a class='b' href="https://example.org/{{.name}}>y</a> and <a href="https://example.org/">z</a>`,
			"body.html:2:19 template-html: the text of this attribute goes on into what comes after its tag (end it with the " +
				"quote that it begins with)\n<a class='b' href=\"https://example.org/{{.name}}>y</a> and " +
				"<a href=\"https://example.org/\">z</a>\n                  ^"},
		{"a quote within an attribute", html, "<p>a</p>\n<p style=\"font-family:\"Open Sans\", Arial\">{{.name}}</p>",
			"body.html:2:29 template-html: this tag has a quote too many or too few (write ' within a text that is in \")\n" +
				"<p style=\"font-family:\"Open Sans\", Arial\">{{.name}}</p>\n                            ^"},
		{"no end, two lines", markdown, "{{if .name}}a{{end}}\n\n{{if .nick}}b\n\nc",
			"body.md:3:1 template-syntax: an {{if}}, {{range}} or {{with}} has no {{end}} (add {{end}})\n{{if .nick}}b\n^"},
		{"unknown layout", layout, "leter",
			"leter:1:1 missing-layout: layout \"leter\": there is no file leter (did you mean \"letter\"?)\n\n^"},
		{"layout without content", layout, "nocontent.html",
			"nocontent.html:1:1 template: the layout does not say where the content goes (put {{template \"content\" .}} " +
				"there)\n<html></html>\n^"},
		{"column in a layout", layout, "badlayout.html",
			"badlayout.html:1:34 missing-column: the list has no column \"hosue\" (columns: name, nick, city, amount, count, " +
				"due, paid, items, phone, First name, x)\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := diagnose(tt.make(tt.in))
			if got != tt.want && !(strings.HasSuffix(tt.want, ")\n") && strings.HasPrefix(got, tt.want)) {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

// Errors that only a row brings out have their place in the author's file too, through Markdown and layouts.
func TestExecuteErrors(t *testing.T) {
	t.Parallel()
	d := data("javascript:alert(1)")
	for _, tt := range []struct{ name, markdown, want string }{
		{"not a number", "# Hi\n\n- a\n- **{{num 2 .name}}**",
			"body.md:4:7 template: num: \"Ann Lee\" is not a number (declare the column: columns: { NAME: number })\n" +
				"- **{{num 2 .name}}**\n      ^"},
		{"empty", "{{date \"2006\" .nick}}",
			"body.md:1:3 template: date: this needs a date, and the cell is empty (use default, or {{if}})\n" +
				"{{date \"2006\" .nick}}\n  ^"},
		{"script address", "text\n\n[a link]({{.x}})",
			"body.md:3:12 unsafe-value: the link \"javascript:alert(1)\" is not safe (a link begins with http:, https:, " +
				"mailto:, tel: or sms:)\n[a link]({{.x}})\n           ^"},
		{"range over a cell", "{{range .items}}\n- {{.}}\n{{end}}",
			"body.md:1:9 template: a cell is not a list (split makes one: {{range split \";\" .items}})\n{{range .items}}\n" +
				"        ^"},
		{"compare text with number", "{{if gt .name 5}}x{{end}}",
			"body.md:1:6 template: gt: \"Ann Lee\" is not a number (declare the column: columns: { NAME: number })\n" +
				"{{if gt .name 5}}x{{end}}\n     ^"},
		{"unsafe style", "<p style=\"color:{{.x}}\">x</p>",
			"body.md:1:19 unsafe-value: a cell is not safe in a style, in a script or as the name of an attribute (print cells " +
				"as text, in quoted attributes or in addresses only)\n<p style=\"color:{{.x}}\">x</p>\n                  ^"},
		{"unsafe name", "a {{.x}}\n\n<p title=\"{{.name}}\" {{.x}}=\"1\">x</p>",
			"body.md:3:24 unsafe-value: a cell is not safe in a style, in a script or as the name of an attribute (print cells " +
				"as text, in quoted attributes or in addresses only)\n<p title=\"{{.name}}\" {{.x}}=\"1\">x</p>\n" +
				"                       ^"},
		{"unsafe set", "<p style=\"margin:{{.count}}px\">x</p>\n\n<img src=\"x.png\" srcset=\"{{.x}} 2x\">",
			"body.md:3:28 unsafe-value: a cell is not safe in a style, in a script or as the name of an attribute (print cells " +
				"as text, in quoted attributes or in addresses only)\n<img src=\"x.png\" srcset=\"{{.x}} 2x\">\n" +
				"                           ^"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b, err := New(Config{Columns: columns}).Body(BodySource{Markdown: &Source{File: "body.md", Text: tt.markdown}})
			if err != nil {
				t.Fatal(err)
			}
			var out strings.Builder
			if got := diagnose(b.HTML.Execute(&out, d)); got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
			if out.Len() > 0 {
				t.Errorf("wrote %q", out.String())
			}
		})
	}
	// Without declared columns, a missing column is found when executing.
	l, err := New(Config{}).Line("subject", Source{File: "campaign.yaml", Line: 4, Column: 10, Text: "Hi {{.nmae}}"})
	if err != nil {
		t.Fatal(err)
	}
	want := "campaign.yaml:4:15 missing-column: the list has no column \"nmae\" (did you mean \"name\"?)\nHi {{.nmae}}\n" +
		"     ^"
	if got := diagnose(l.Execute(io.Discard, Data{Values: map[string]any{"name": "x"},
		Text: map[string]string{"name": "x"}})); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// The functions are an allow-list. What other tools' templates can call must not be there.
func TestNoOtherFunctions(t *testing.T) {
	t.Parallel()
	c := New(Config{Columns: columns})
	for _, name := range strings.Fields("env expandenv getHostByName now date_in_zone randAlpha genCA genPrivateKey " +
		"derivePassword htpasswd bcrypt uuidv4 " +
		"osBase readFile include tpl lookup exec shell call html js urlquery slice println safeHTML raw fail dict " +
		"regexMatch until b64dec toJson fromJson") {
		if _, err := c.Line("x", Source{Text: "{{" + name + "}}"}); err == nil {
			t.Errorf("%s compiles", name)
		}
	}
	for name := range c.newSet(false).known {
		if strings.HasPrefix(name, "_") && c.newSet(false).known[name] {
			t.Errorf("%s is open to authors", name)
		}
	}
	for _, text := range []string{"{{.due.Year}}", "{{.amount.String}}", "{{(addDays 1 .due).Format}}",
		"{{(list 1).String}}", "{{(print 1).Len}}"} {
		if _, err := c.Line("x", Source{Text: text}); err == nil {
			t.Errorf("%s compiles: a method can be called", text)
		}
	}
}
