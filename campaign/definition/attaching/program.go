package attaching

import (
	"fmt"
	"path"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"mailshot/campaign/definition/schema"
	"mailshot/templates/source"
)

// mostTime is how long a program may have for one file.
const mostTime = 10 * time.Minute

// command reads a program and its arguments.
func command(into *[]schema.Text) schema.Reader {
	const hint = `for example make: [typst, compile, letter.typ, "-"]`
	return func(dec *schema.Decoder, n *yaml.Node) {
		if n.Kind != yaml.SequenceNode {
			dec.Bad(n, "make is a list, the program and its arguments: no shell takes a line apart", hint)
			return
		}
		var words []schema.Text
		dec.List(n, func(n *yaml.Node) {
			t, ok := dec.Scalar(n)
			switch {
			case !ok:
			case len(words) == 0 && (schema.IsTemplate(t.Text) || strings.TrimSpace(t.Text) == ""):
				dec.Bad(n, fmt.Sprintf("%q is not the name of a program", schema.Clip(t.Text)), "no cell chooses the program; "+hint)
			case len(words) > 0 && chosen(t.Text):
				dec.Report(n, "unfit-argument", fmt.Sprintf("%q: a cell would choose the option", schema.Clip(t.Text)),
					"write the option's name before the cell: --name={{.name}}")
			}
			words = append(words, t)
		})
		*into = words
	}
}

// chosen says whether an argument is dashes before a cell.
func chosen(arg string) bool {
	actions, _ := source.Scan(arg)
	if len(actions) == 0 || actions[0].Kind != source.Output {
		return false
	}
	before := arg[:actions[0].Start]
	return before != "" && strings.Trim(before, "-") == ""
}

// column reads the name of a column, for a key, such as example.
func column(into *schema.Text, key, example string) schema.Reader {
	return schema.OneLine(func(dec *schema.Decoder, n *yaml.Node, t schema.Text) {
		if schema.IsTemplate(t.Text) {
			dec.Report(n, "not-a-template", key+" names a column of the list, and is not a template",
				"for example "+key+": "+example)
			return
		}
		*into = t
	})
}

// program holds the rules of files that programs make.
func (c checking) program(f File) {
	key := "make"
	if f.Print.Given() {
		key = "print"
	}
	if !f.ByProgram() {
		c.refuse("timeout", "timeout is for files that a program makes, with make or print", "remove the line")
		c.refuse("images", "images are for a page that is printed, with print", "remove the line")
		return
	}
	others := []string{"file", "pattern", "split", "template", "ics", "qr", "optional"}
	if key == "print" {
		others = append(others, "make")
		if p := f.Print.Text; schema.IsTemplate(p) || !strings.HasPrefix(strings.ToLower(path.Ext(p)), ".htm") {
			c.dec.Report(c.given("print"), "bad-value", fmt.Sprintf("%q is not a page of HTML", schema.Clip(p)),
				"for example print: badge.html; the page is a template, its name is not")
		}
	} else {
		c.refuse("images", "images are for a page that is printed; a program finds its own", "remove the line")
		if !f.Name.Given() {
			c.dec.Report(c.given("make"), "missing-key", "the file has no name", `for example name: "Letter {{.number}}.pdf"`)
		}
	}
	for _, other := range others {
		c.refuse(other, other+" does not go with "+key+", which makes the file", "remove the line")
	}
	if f.CID != "" && key == "print" {
		c.refuse("cid", "the HTML cannot show a PDF", "remove the line")
	}
	if f.Timeout > mostTime {
		c.dec.Bad(c.given("timeout"), "a file may take ten minutes at most", "for example timeout: 2m")
	}
}

// password holds the rules of files with a password.
func (c checking) password(f File) {
	if !f.Password.Given() {
		return
	}
	for _, key := range []string{"qr", "ics", "template", "cid"} {
		c.refuse(key, key+" does not go with password: only a PDF can have one", "remove the line")
	}
}
