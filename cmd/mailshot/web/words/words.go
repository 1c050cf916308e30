// Package words has every text of the window, in each language that the window speaks. The texts are in the files
// beside this one, one file for each page: a key, then a line for each language, then lines for each form of a plural.
//
//	people.rows
//	  en/one   %d row
//	  en/other %d rows
//	  fa       %d ردیف
//
// A key that is not there is shown as it is, and a test finds it. Numbers are written as the language writes them.
package words

import (
	"bufio"
	"embed"
	"fmt"
	"io/fs"
	"strings"
	"sync"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
	"golang.org/x/text/message/catalog"
)

//go:embed *.txt
var files embed.FS

// Languages are those that the window speaks; the first is the one that is taken where none fits.
func Languages() []string { return []string{"en", "fa", "ar"} }

// Words are the texts in one language. They are safe for concurrent use.
type Words struct {
	Language string // as in lang="fa"
	Dir      string // ltr or rtl
	printer  *message.Printer
	known    map[string]bool
}

// entry is one text: its forms by language, the one form that is not of a plural under "".
type entry map[string]map[string]string

var load = sync.OnceValues(func() (map[string]*Words, error) {
	entries, err := read()
	if err != nil {
		return nil, err
	}
	b := catalog.NewBuilder(catalog.Fallback(language.English))
	known := map[string]bool{}
	for key, e := range entries {
		known[key] = true
		for lang, forms := range e {
			if err := set(b, language.MustParse(lang), key, forms); err != nil {
				return nil, fmt.Errorf("%s, %s: %w", key, lang, err)
			}
		}
	}
	all := map[string]*Words{}
	for _, lang := range Languages() {
		dir := "ltr"
		if lang != "en" {
			dir = "rtl"
		}
		all[lang] = &Words{lang, dir, message.NewPrinter(language.MustParse(lang), message.Catalog(b)), known}
	}
	return all, nil
})

func set(b *catalog.Builder, tag language.Tag, key string, forms map[string]string) error {
	if text, ok := forms[""]; ok {
		return b.SetString(tag, key, text)
	}
	var cases []any
	for _, form := range []string{"zero", "one", "two", "few", "many", "other"} {
		if text, ok := forms[form]; ok {
			cases = append(cases, form, text)
		}
	}
	return b.Set(tag, key, plural.Selectf(1, "%d", cases...))
}

// read reads the files.
func read() (map[string]entry, error) {
	all := map[string]entry{}
	names, err := fs.Glob(files, "*.txt")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		text, err := files.ReadFile(name)
		if err != nil {
			return nil, err
		}
		key := ""
		for s := bufio.NewScanner(strings.NewReader(string(text))); s.Scan(); {
			line := s.Text()
			switch {
			case strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#"):
			case !strings.HasPrefix(line, " "):
				if key = line; all[key] != nil {
					return nil, fmt.Errorf("%s: %s is there twice", name, key)
				}
				all[key] = entry{}
			default:
				at, words, _ := strings.Cut(strings.TrimSpace(line), " ")
				lang, form, _ := strings.Cut(at, "/")
				if all[key][lang] == nil {
					all[key][lang] = map[string]string{}
				}
				all[key][lang][form] = strings.TrimSpace(words)
			}
		}
	}
	return all, nil
}

// In returns the words of the first language that the window speaks: each of names is a language, or a list as browsers
// send it in Accept-Language.
func In(names ...string) *Words {
	all, err := load()
	if err != nil {
		panic(err) // the files are part of the program, and a test reads them
	}
	var tags []language.Tag
	for _, l := range Languages() {
		tags = append(tags, language.MustParse(l))
	}
	for _, name := range names {
		asked, _, err := language.ParseAcceptLanguage(name)
		if err != nil || len(asked) == 0 {
			continue
		}
		if _, i, sure := language.NewMatcher(tags).Match(asked...); sure != language.No {
			return all[Languages()[i]]
		}
	}
	return all["en"]
}

// Say is the text of a key, with its arguments. The first one decides about the form of a plural.
func (w *Words) Say(key string, args ...any) string {
	if !w.known[key] {
		return key
	}
	return w.printer.Sprintf(message.Key(key, key), args...)
}

// Number is n as the language writes it.
func (w *Words) Number(n any) string { return w.printer.Sprint(n) }

// Digits is what a person may type for a number, as strconv takes it: without blanks and separators between the digits,
// Arabic and Persian digits as ASCII ones.
func Digits(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= '٠' && r <= '٩':
			return '0' + r - '٠'
		case r >= '۰' && r <= '۹':
			return '0' + r - '۰'
		case strings.ContainsRune(" ,.'٬\u00a0\u202f", r):
			return -1
		}
		return r
	}, s)
}

// Keys are the keys of all texts.
func Keys() []string {
	var keys []string
	for key := range In("en").known {
		keys = append(keys, key)
	}
	return keys
}
