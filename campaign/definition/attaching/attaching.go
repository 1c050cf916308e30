// Package attaching reads the keys of a campaign file that say which files go with each message: [Keys] are those of
// one of attachments, and [Check] holds the rules of more than one key.
package attaching

import (
	"cmp"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"mailshot/campaign/definition/schema"
	"mailshot/templates/source"
)

// File is a file that goes with each message, or several. File, Pattern and Name are templates; Name defaults to the
// file's own. With a CID the file is an image in the HTML.
type File struct {
	File, Name schema.Text
	CID        string

	Optional bool          // a row whose file is missing goes without it
	Split    string        // what stands between several files in a cell of File; "" = File is one
	Pattern  schema.Text   // in place of File: the files that match
	Template bool          // File is a template, which is filled in for each row
	QR       schema.Text   // in place of File: the text of a QR code; a template
	ICS      Invitation    // in place of File: an invitation; not given = none
	Make     []schema.Text // in place of File: a program, and its arguments, which are templates; it writes the file
	Print    schema.Text   // in place of File: a page of HTML, a template, that a browser prints as PDF
	Images   []schema.Text // files that the page of Print shows
	Timeout  time.Duration // how long Make or Print may take; 0 = 30 s
	Password schema.Text   // the column whose cell is the password of the file, a PDF; not given = none
	Min, Max int           // how many files a row has, of those two; 0 = the least is 1, the most 20

	MustContain []schema.Text // what each file says; templates
	Others      schema.Text   // the column whose texts in other rows no file has; not given = none
	MaxAge      int           // days since a file was changed last; 0 = any
}

// Least is how many files a row has at least.
func (f File) Least() int {
	if f.Optional {
		return 0
	}
	return cmp.Or(f.Min, 1)
}

// Greatest is how many files a row has at most.
func (f File) Greatest() int { return cmp.Or(f.Max, 20) }

// Made says that the file is made for each message, and is on no disk.
func (f File) Made() bool { return f.Template || f.QR.Given() || f.ICS.Given() || f.ByProgram() }

// ByProgram says that a program makes the file.
func (f File) ByProgram() bool { return f.Make != nil || f.Print.Given() }

// Keys are the keys of one of attachments.
func Keys(f *File) []schema.Key {
	other := false // what is in place of file
	return []schema.Key{
		{Name: "file", Required: true, Unless: func() bool { return other }, Read: schema.TemplateFile(&f.File),
			Example: "invoice.pdf"},
		{Name: "name", Read: schema.Line(&f.Name)},
		{Name: "cid", Read: contentID(&f.CID)},
		{Name: "template", Read: schema.Truth(&f.Template)},
		{Name: "optional", Read: schema.Truth(&f.Optional)},
		{Name: "qr", Read: noted(&other, schema.Line(&f.QR))},
		{Name: "ics", Read: noted(&other, section(f.ICS.keys()))},
		{Name: "make", Read: noted(&other, command(&f.Make))},
		{Name: "print", Read: noted(&other, schema.TemplateFile(&f.Print))},
		{Name: "images", Read: schema.FileList(&f.Images)},
		{Name: "timeout", Read: schema.Duration(&f.Timeout)},
		{Name: "password", Read: column(&f.Password, "password", "pin")},
		{Name: "split", Read: separator(&f.Split)},
		{Name: "pattern", Read: noted(&other, pattern(&f.Pattern))},
		{Name: "min", Read: schema.Number(&f.Min, 1, 1000)},
		{Name: "max", Read: schema.Number(&f.Max, 1, 1000)},
		{Name: "must_contain", Read: lines(&f.MustContain)},
		{Name: "must_not_contain_others", Read: column(&f.Others, "must_not_contain_others", "number")},
		{Name: "max_age", Read: schema.Days(&f.MaxAge, 3650)},
	}
}

// Doc is what the reference says of attachments, and Example what it shows.
const (
	Doc = "Files to attach, below the campaign file's folder; file and name are templates. Default of name: the file's " +
		"own. With cid: logo, the HTML shows the image by <img src=\"cid:logo\">. docs/attachments.md has the rest: files " +
		"that some people have (optional), several of them (split, pattern), files that are filled in (template), invitations (ics: start, " +
		"end: or duration:, zone, summary, location:, description:, url:, organizer:, event:, sequence:, cancel:), " +
		"QR codes (qr), files that a program makes for each row (make, timeout:) or a browser prints (print:, images:), and " +
		"PDFs with a password from the list (password). must_contain, must_not_contain_others and max_age: say by which a file " +
		"is known to be this person's."
	Example = "\n- file: invoices/{{.number}}.pdf\n  name: Invoice {{.number}}.pdf" +
		"\n  must_contain: [\"{{.number}}\", \"{{.name}}\"]\n  must_not_contain_others: number\n  max_age: 40d\n- file: logo.png\n  cid: logo" +
		"\n- { pattern: \"plans/{{.number}}-*.pdf\", min: 1, max: 5 }" +
		"\n- { file: confirmation.txt, template: true }" +
		"\n- ics: { start: \"{{.start}}\", duration: 90m, zone: Europe/Berlin, summary: Your appointment }" +
		"\n- { qr: \"{{.ticket}}\", name: ticket.png }" +
		"\n- { make: [typst, compile, --input, \"name={{.name}}\", letter.typ, \"-\"], name: letter.pdf, password: pin }" +
		"\n- { file: \"terms/{{.terms}}.pdf\", split: \";\", optional: true }"
)

// noted notes that a key is given, and reads it.
func noted(given *bool, read schema.Reader) schema.Reader {
	return func(dec *schema.Decoder, n *yaml.Node) {
		*given = true
		read(dec, n)
	}
}

// section reads a mapping with these keys.
func section(keys []schema.Key) schema.Reader {
	return func(dec *schema.Decoder, n *yaml.Node) { dec.Section(n, n, keys) }
}

var cidPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._@+-]{0,99}$`)

func contentID(into *string) schema.Reader {
	return schema.OneLine(func(dec *schema.Decoder, n *yaml.Node, t schema.Text) {
		if rest, ok := strings.CutPrefix(t.Text, "cid:"); ok {
			dec.Bad(n, "cid: is written only in the HTML", "write cid: "+schema.Clip(rest))
			return
		}
		if !cidPattern.MatchString(t.Text) {
			dec.Bad(n, fmt.Sprintf("%q cannot be a cid", schema.Clip(t.Text)), "letters, digits and . _ - + @; for example logo")
			return
		}
		*into = t.Text
	})
}

// separator reads what stands between several files in a cell.
func separator(into *string) schema.Reader {
	return schema.OneLine(func(dec *schema.Decoder, n *yaml.Node, t schema.Text) {
		if strings.ContainsAny(t.Text, "/.") || len(t.Text) > 3 {
			dec.Bad(n, fmt.Sprintf("%q cannot stand between files", schema.Clip(t.Text)), `for example split: ";"`)
			return
		}
		*into = t.Text
	})
}

// pattern reads the pattern of several files.
func pattern(into *schema.Text) schema.Reader {
	return func(dec *schema.Decoder, n *yaml.Node) {
		var t schema.Text
		schema.TemplatePath(&t)(dec, n)
		if !t.Given() {
			return
		}
		if text, hint := wrong(t.Text); text != "" {
			dec.Report(n, "bad-pattern", fmt.Sprintf("%q: %s", schema.Clip(t.Text), text), hint)
			return
		}
		*into = t
	}
}

// fillable are the endings of the names of files that can be filled in; package filled of render has the same.
var fillable = []string{".txt", ".csv", ".ics", ".vcf", ".html", ".htm"}

// filled holds the rules of files that are templates.
func (c checking) filled(f File) {
	n := c.given("template")
	if n == nil || !f.Template {
		return
	}
	switch file := f.File.Text; {
	case file != "" && schema.IsTemplate(file):
		c.dec.Report(c.given("file"), "bad-value", "a template of which the name is a template, too", "name one file; "+
			"of several, give each an entry, and leave out what a row does not get")
	case file != "" && !slices.Contains(fillable, strings.ToLower(path.Ext(file))):
		c.dec.Report(n, "bad-value", fmt.Sprintf("%q cannot be filled in", schema.Clip(file)),
			"only texts can: "+strings.Join(fillable, ", "))
	}
	for _, key := range []string{"cid", "optional", "split", "pattern"} {
		c.refuse(key, "a template is one file that is there", "remove the line")
	}
}

// wrong says what is wrong with a pattern as the campaign file has it, and what to do; "" if nothing is.
func wrong(pattern string) (text, hint string) {
	actions, _ := source.Scan(pattern)
	blank := []byte(pattern)
	for _, a := range actions {
		for i := a.Start; i < a.End; i++ {
			blank[i] = 0
		}
	}
	literal := string(blank)
	slash := strings.LastIndexByte(literal, '/')
	wild := func(i int) bool { return i >= 0 && i < len(literal) && (literal[i] == '*' || literal[i] == '?') }
	switch i := strings.IndexAny(literal, "*?"); {
	case i < 0:
		return "the pattern has no * and no ?", "* is any text, ? one character; for a file with one name write file:"
	case i < slash:
		return "a folder cannot be wild", "* and ? are for the name of the file: invoices/{{.number}}-*.pdf"
	}
	if i := strings.IndexAny(literal, "[]\\"); i >= 0 {
		return fmt.Sprintf("%q is not a part of patterns", literal[i]), "* is any text, ? one character"
	}
	for _, a := range actions {
		if a.Kind == source.Output && (wild(a.Start-1) || wild(a.End)) {
			return "a wild character stands right beside a cell, so that the row of 7 would also get the files of 71",
				"put what the names have between the two: invoices/{{.number}}-*.pdf"
		}
	}
	return "", ""
}

// Check holds the rules of the files at path, the list of attachments, that need more than one key.
func Check(dec *schema.Decoder, path string, all []File) {
	cids := map[string]bool{}
	for i, f := range all {
		c := checking{dec, fmt.Sprintf("%s[%d]", path, i)}
		if f.CID != "" && cids[f.CID] {
			dec.Report(c.given("cid"), "duplicate-cid", fmt.Sprintf("cid %q is given twice", f.CID), "each image needs its own")
		}
		cids[f.CID] = true
		c.several(f)
		c.filled(f)
		c.invitation(f)
		c.program(f)
		c.password(f)
		c.belonging(f)
		if c.given("qr") != nil {
			for _, key := range []string{"file", "pattern", "split", "template", "ics", "optional"} {
				c.refuse(key, key+" is for a file, and qr draws one", "remove the line")
			}
		}
	}
}

// checking is one of attachments while it is checked.
type checking struct {
	dec *schema.Decoder
	at  string
}

func (c checking) given(key string) *yaml.Node { return c.dec.Given(c.at + "." + key) }

// refuse reports a key that is given, and returns whether it is.
func (c checking) refuse(key, text, hint string) bool {
	n := c.given(key)
	if n != nil {
		c.dec.Report(n, "useless-key", text, hint)
	}
	return n != nil
}

// several holds the rules of files of which a row has none or many.
func (c checking) several(f File) {
	many := f.Split != "" || f.Pattern.Given()
	if c.given("pattern") != nil {
		c.refuse("file", "a pattern takes the place of file", "remove the line")
		c.refuse("split", "split is for the files that a cell names, and a pattern finds them", "remove the line")
	} else if f.Split != "" && !schema.IsTemplate(f.File.Text) {
		c.refuse("split", "split is for the files that a cell names", `for example file: "{{.files}}"`)
	}
	if many {
		c.refuse("name", "several files keep their own names", "remove the line")
	}
	if many || f.Optional {
		c.refuse("cid", "an image that the HTML shows has to be there, and be one", "remove the line")
	}
	if !many && c.given("pattern") == nil && c.given("split") == nil {
		for _, key := range []string{"min", "max"} {
			c.refuse(key, key+" is for several files, as split and pattern give them", "remove the line")
		}
		return
	}
	if f.Optional && f.Min > 0 {
		c.refuse("min", "of optional files the least is none", "remove min, or optional")
	}
	if f.Min > f.Greatest() {
		c.dec.Report(c.given("min"), "bad-value", fmt.Sprintf("min (%d) is more than max (%d)", f.Min, f.Greatest()), "")
	}
}
