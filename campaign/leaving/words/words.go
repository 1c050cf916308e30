// Package words has the texts of the pages on which people unsubscribe, in several languages. [BuiltIn] returns the
// texts of this program, [Load] adds texts from files, and [Set.Pick] chooses a language for a person.
package words

import (
	"cmp"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"mailshot/campaign/definition/schema"
	"mailshot/internal/ellipsis"
)

// Text is what the pages say in one language. All of it is plain text.
type Text struct {
	Language string // a BCP 47 tag, as the page's lang
	Name     string // of the language, in that language
	RTL      bool   // it is written from right to left

	Title                                string // of the pages
	Ask, Choose, This, Everything        string // the question, and what may be left
	EverythingFrom                       string // with {sender}
	Kept, Button, None                   string
	Done, DoneText, Help                 string // the answer
	Undo, UndoButton, Undone, UndoneText string
	Late, LateText                       string
	Busy, BusyText, Failed, FailedText   string
	Missing, MissingText, Languages      string
	Mail, MailButton, Code, CodeHelp     string // of the page for those without a server
	ByHand                               string // with {address}
}

// The placeholders, each of which is in one text.
const (
	Sender  = "{sender}"
	Address = "{address}"
)

// row is one text in a file.
type row struct {
	name string
	into *string
	with string // the placeholder that it has to have
}

func (t *Text) rows() []row {
	return []row{
		{"title", &t.Title, ""}, {"ask", &t.Ask, ""}, {"choose", &t.Choose, ""}, {"this", &t.This, ""},
		{"everything", &t.Everything, ""}, {"everything_from", &t.EverythingFrom, Sender}, {"kept", &t.Kept, ""},
		{"button", &t.Button, ""}, {"none", &t.None, ""}, {"done", &t.Done, ""}, {"done_text", &t.DoneText, ""},
		{"help", &t.Help, ""}, {"undo", &t.Undo, ""}, {"undo_button", &t.UndoButton, ""}, {"undone", &t.Undone, ""},
		{"undone_text", &t.UndoneText, ""}, {"late", &t.Late, ""}, {"late_text", &t.LateText, ""}, {"busy", &t.Busy, ""},
		{"busy_text", &t.BusyText, ""}, {"failed", &t.Failed, ""}, {"failed_text", &t.FailedText, ""},
		{"missing", &t.Missing, ""}, {"missing_text", &t.MissingText, ""}, {"languages", &t.Languages, ""},
		{"mail", &t.Mail, ""}, {"mail_button", &t.MailButton, ""}, {"code", &t.Code, ""}, {"code_help", &t.CodeHelp, ""},
		{"by_hand", &t.ByHand, Address},
	}
}

// longest is how many characters a text may have.
const longest = 400

// placeholders are what a text may have in braces.
var placeholders = regexp.MustCompile(`\{[^{}]*\}`)

// read reads a text.
func (r row) read(dec *schema.Decoder, n *yaml.Node, t schema.Text) {
	length := len([]rune(t.Text))
	switch found := placeholders.FindAllString(t.Text, -1); {
	case length > longest:
		dec.Bad(n, fmt.Sprintf("%q has %d characters, and may have %d", r.name, length, longest), "")
		return
	case strings.ContainsFunc(t.Text, turns):
		dec.Bad(n, fmt.Sprintf("%q has a sign that turns the direction of the text", r.name), "the page does that by itself")
		return
	case r.with != "" && !slices.Contains(found, r.with):
		dec.Bad(n, fmt.Sprintf("%q lacks %s", r.name, r.with), "the page puts the name there")
		return
	case len(found) > 0 && !slices.Equal(found, []string{r.with}):
		hint := "this text has none"
		if r.with != "" {
			hint = "it has " + r.with + " once"
		}
		dec.Bad(n, fmt.Sprintf("%q has %s", r.name, strings.Join(found, " ")), hint)
		return
	}
	*r.into = strings.TrimSpace(t.Text)
}

// turns says whether a character is invisible and changes the direction of the text after it.
func turns(r rune) bool { return r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 }

// Read reads a file of texts. The places of mistakes begin with name. The error joins all mistakes; each is a
// *schema.Error.
func Read(name string, data []byte) (*Text, error) {
	t := &Text{}
	keys := []schema.Key{{Name: "language", Required: true, Example: "nl",
		Read: schema.OneLine(func(dec *schema.Decoder, n *yaml.Node, s schema.Text) {
			tag, err := language.Parse(s.Text)
			if err != nil || tag == language.Und {
				dec.Bad(n, fmt.Sprintf("%q is not a language", schema.Clip(s.Text)), "for example nl, pt-BR or zh-Hant")
				return
			}
			t.Language, t.Name, t.RTL = tag.String(), cmp.Or(display.Self.Name(tag), tag.String()), rightToLeft(tag)
		})}}
	for _, r := range t.rows() {
		keys = append(keys, schema.Key{Name: r.name, Required: true, Read: schema.OneLine(r.read), Example: "…"})
	}
	if err := (schema.Document{Name: name, Data: data}).Decode(keys, nil); err != nil {
		return nil, err
	}
	return t, nil
}

// rightToLeft says how a language is written.
func rightToLeft(tag language.Tag) bool {
	script, _ := tag.Script()
	return slices.Contains([]string{"Arab", "Hebr", "Syrc", "Thaa", "Nkoo", "Adlm", "Rohg", "Mand", "Samr"}, script.String())
}

//go:embed texts/*.yaml
var texts embed.FS

// builtIn is the order in which a page offers the languages of this program.
var builtIn = []string{"en", "de", "fr", "es", "ar", "fa"}

// Set has texts in several languages, each language once. The first language is for people whose own is not there. A
// Set does not change after it was made, and is safe for concurrent use.
type Set struct {
	Texts   []*Text
	matcher language.Matcher
}

// BuiltIn returns the texts of this program: English, German, French, Spanish, Arabic and Persian.
func BuiltIn() *Set {
	var s []*Text
	for _, name := range builtIn {
		data, err := texts.ReadFile("texts/" + name + ".yaml")
		var t *Text
		if err == nil {
			t, err = Read(name+".yaml", data)
		}
		if err != nil {
			panic(err) // the files are part of the program, and a test reads them
		}
		s = append(s, t)
	}
	return newSet(s)
}

func newSet(all []*Text) *Set {
	s := &Set{Texts: all}
	var tags []language.Tag
	for _, t := range all {
		tags = append(tags, language.Make(t.Language))
	}
	s.matcher = language.NewMatcher(tags)
	return s
}

// Load returns the built-in texts with those of files: each path is a file, or a folder whose .yaml files are read. A
// file for a language that is already there replaces it. The error joins the mistakes of all files.
func Load(paths []string) (*Set, error) {
	all, from := BuiltIn().Texts, map[string]string{}
	var errs []error
	for _, path := range paths {
		files, err := within(path)
		errs = append(errs, err)
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				errs = append(errs, err)
				continue
			}
			t, err := Read(file, data)
			if err != nil {
				errs = append(errs, err)
				continue
			}
			if other := from[t.Language]; other != "" {
				errs = append(errs, &schema.Error{Code: "duplicate-key", Place: file,
					Text: fmt.Sprintf("the language %s is in %s, too", t.Language, other), Hint: "remove one"})
				continue
			}
			from[t.Language] = file
			if i := slices.IndexFunc(all, func(a *Text) bool { return a.Language == t.Language }); i >= 0 {
				all[i] = t
			} else {
				all = append(all, t)
			}
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return newSet(all), nil
}

// within are the files that a path names.
func within(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil || !info.IsDir() {
		return []string{path}, nil // reading it says what is wrong
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, err
	}
	var files []string
	for _, e := range entries {
		if ext := filepath.Ext(e.Name()); e.Type()&fs.ModeDir == 0 && (ext == ".yaml" || ext == ".yml") {
			files = append(files, filepath.Join(path, e.Name()))
		}
	}
	if len(files) == 0 {
		return nil, &schema.Error{Code: "missing-file", Place: path, Text: "no .yaml file is in this folder",
			Hint: "one file for each language, as docs/unsubscribe.md shows"}
	}
	return files, nil
}

// First returns the set with the texts of a language first. The error names the languages that there are.
func (s *Set) First(name string) (*Set, error) {
	i := slices.IndexFunc(s.Texts, func(t *Text) bool { return strings.EqualFold(t.Language, name) })
	if i < 0 {
		var there []string
		for _, t := range s.Texts {
			there = append(there, t.Language)
		}
		return nil, fmt.Errorf("there are no texts in %q, only in %s", ellipsis.Cut(name, 40), strings.Join(there, ", "))
	}
	all := append([]*Text{s.Texts[i]}, slices.Delete(slices.Clone(s.Texts), i, i+1)...)
	return newSet(all), nil
}

// longestAccept is how much of what a client asks for is read.
const longestAccept = 500

// Pick returns the number of the texts that fit best. Each of asked is a language, or a list as browsers send it in
// Accept-Language. The first one with an available language decides. If there is none, Pick returns 0.
func (s *Set) Pick(asked ...string) int {
	for _, list := range asked {
		if list == "" || len(list) > longestAccept {
			continue
		}
		tags, weights, err := language.ParseAcceptLanguage(list)
		if err != nil {
			continue
		}
		wanted := tags[:0]
		for i, t := range tags {
			if weights[i] > 0 && t != language.Und {
				wanted = append(wanted, t)
			}
		}
		if len(wanted) == 0 {
			continue
		}
		if _, i, sure := s.matcher.Match(wanted...); sure != language.No {
			return i
		}
	}
	return 0
}
