package words

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// forms are the forms of a plural that a language has for whole numbers (CLDR).
var forms = map[string][]string{
	"en": {"one", "other"},
	"fa": {"one", "other"},
	"ar": {"zero", "one", "two", "few", "many", "other"},
}

// A text has all languages, and in each of them either one form or those that the language has. A language whose words
// do not change with the number may have one form. All forms take the same arguments.
func TestTexts(t *testing.T) {
	t.Parallel()
	all, err := read()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 150 {
		t.Fatalf("%d texts: the test looks at nothing", len(all))
	}
	for key, e := range all {
		if got, want := slices.Sorted(maps.Keys(e)), slices.Sorted(slices.Values(Languages())); !slices.Equal(got, want) {
			t.Errorf("%s: is in %q", key, got)
		}
		want := verbs(e["en"][""] + e["en"]["other"])
		for lang, texts := range e {
			names := slices.Sorted(maps.Keys(texts))
			if _, one := texts[""]; one && len(texts) == 1 {
				names = nil
			}
			for _, name := range names {
				if !slices.Contains(forms[lang], name) {
					t.Errorf("%s: %s has no form %q", key, lang, name)
				}
			}
			// A form that is missing is said as "other", which must be right for it: English has no such form.
			if len(names) > 0 && !slices.Contains(names, "other") || lang == "en" && len(names) == 1 {
				t.Errorf("%s: %s has only %q", key, lang, names)
			}
			if lang == "ar" && len(names) > 0 {
				for _, name := range []string{"one", "two", "few", "many", "other"} {
					if !slices.Contains(names, name) {
						t.Errorf("%s: %s lacks the form %q", key, lang, name)
					}
				}
			}
			for form, text := range texts {
				got := verbs(text)
				// "one person" needs no number, and neither does "two people".
				if missing := len(got) < len(want) && slices.Contains([]string{"zero", "one", "two"}, form); !missing &&
					!slices.Equal(got, want) {
					t.Errorf("%s: %s %s takes %q, not %q", key, lang, form, got, want)
				}
				if text == "" || text != strings.TrimSpace(text) {
					t.Errorf("%s: %s %s is %q", key, lang, form, text)
				}
			}
		}
	}
}

// verbs are the arguments that a text takes, sorted; a language may have another order of words.
func verbs(text string) []string {
	all := regexp.MustCompile(`%(\[\d\])?[a-z%]`).FindAllString(text, -1)
	all = slices.DeleteFunc(all, func(verb string) bool { return verb == "%%" }) // languages have signs of their own
	for i := range all {
		all[i] = regexp.MustCompile(`\[\d\]`).ReplaceAllString(all[i], "")
	}
	slices.Sort(all)
	return all
}

// Every form of every text can be said, for any number, without a mark of a mistake.
func TestSay(t *testing.T) {
	t.Parallel()
	all, err := read()
	if err != nil {
		t.Fatal(err)
	}
	for _, lang := range Languages() {
		w := In(lang)
		if w.Language != lang {
			t.Fatalf("%s is %s", lang, w.Language)
		}
		for key, e := range all {
			text := e["en"][""] + e["en"]["other"]
			for _, n := range []int{0, 1, 2, 3, 11, 100, 1234567} {
				var args []any
				for _, v := range regexp.MustCompile(`%(\[\d\])?([a-z])`).FindAllStringSubmatch(text, -1) {
					switch v[2] {
					case "s", "v":
						args = append(args, "x")
					case "d":
						args = append(args, n)
					}
				}
				if said := w.Say(key, args...); strings.Contains(said, "%!") || said == key {
					t.Errorf("%s: %s of %d: %q", lang, key, n, said)
				}
			}
		}
	}
}

// The names of languages, chosen by a person or sent by a browser.
func TestIn(t *testing.T) {
	t.Parallel()
	for asked, want := range map[string]string{
		"fa": "fa", "fa-IR,fa;q=0.9,en;q=0.8": "fa", "ar-EG": "ar", "de": "en", "": "en", "x'y": "en", "en-GB": "en",
		"de,ar;q=0.5": "ar", "fa_IR": "fa",
	} {
		if got := In(asked).Language; got != want {
			t.Errorf("%q is %s", asked, got)
		}
	}
	if got := In("", "ar").Language; got != "ar" {
		t.Errorf("nothing chosen, and the browser says ar: %s", got)
	}
	if got := In("en", "ar").Language; got != "en" {
		t.Errorf("en chosen: %s", got)
	}
}

// said are the ways in which code and templates name a text: $.Say "key", Say (printf "state.%s" .X), say("a." + b).
var said = []*regexp.Regexp{
	regexp.MustCompile(`\.Say\s+"([^"]+)"()`),
	regexp.MustCompile(`[Ss]ay\("([^"]+)"(\s*\+)?`),
	regexp.MustCompile(`\(printf\s+"([a-z.-]+(?:%s[a-z.%-]*)?)"()`),
	regexp.MustCompile(`"((?:[a-z_-]+\.)+[a-z0-9_.-]*)"(\s*\+)?`), // a key in a table, or the beginning of one
}

// Every text that a page or the code names is there, and every text that is there is named. Names that are made up
// ("state.%s") stand for all that begin and end so; there must be one.
func TestKeys(t *testing.T) {
	t.Parallel()
	all, err := read()
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	use := func(file, key, more string, must bool) {
		pattern := "^" + strings.ReplaceAll(regexp.QuoteMeta(key), "%s", ".+")
		if more == "" {
			pattern += "$"
		}
		found := false
		form := regexp.MustCompile(pattern)
		for name := range all {
			if form.MatchString(name) {
				used[name], found = true, true
			}
		}
		if !found && must {
			t.Errorf("%s: no text %s", file, key)
		}
	}
	files, err := sources()
	if err != nil || len(files) < 10 {
		t.Fatalf("%d files: %v", len(files), err)
	}
	for file, text := range files {
		for i, form := range said {
			for _, m := range form.FindAllStringSubmatch(text, -1) {
				use(file, m[1], m[2], i < 3 && strings.Contains(m[1], "."))
			}
		}
	}
	for key := range all {
		if !used[key] {
			t.Errorf("nothing says %s", key)
		}
	}
}

// sources are the templates and the code of the window's pages, by name.
func sources() (map[string]string, error) {
	all := map[string]string{}
	err := filepath.WalkDir("..", func(name string, e os.DirEntry, err error) error {
		ext := filepath.Ext(name)
		if err != nil || e.IsDir() || ext != ".html" && ext != ".go" && ext != ".ts" || strings.HasSuffix(name, "_test.go") {
			return err
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		all[name] = string(text)
		return nil
	})
	return all, err
}

// A number is read as people type it, and as the window writes it.
func TestDigits(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{"2,140": "2140", "۲٬۱۴۰": "2140", " ٢١٤٠ ": "2140", "2'140": "2140",
		"": "", "x": "x", "-3": "-3"} {
		if got := Digits(typed); got != want {
			t.Errorf("%q is %q", typed, got)
		}
	}
	for _, lang := range Languages() {
		if got := Digits(In(lang).Number(1234567)); got != "1234567" {
			t.Errorf("%s: %q", lang, got)
		}
	}
}
