package words_test

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"mailshot/campaign/definition/schema"
	"mailshot/campaign/leaving/words"
)

// The texts of this program are whole in each language, and no two languages share a sentence.
func TestBuiltIn(t *testing.T) {
	t.Parallel()
	all := words.BuiltIn().Texts
	if len(all) != 6 || all[0].Language != "en" {
		t.Fatalf("%d languages, the first is %s", len(all), all[0].Language)
	}
	seen := map[string]string{}
	for _, text := range all {
		v := reflect.ValueOf(*text)
		for i := range v.NumField() {
			if s, ok := v.Field(i).Interface().(string); ok {
				if s == "" {
					t.Errorf("%s: no %s", text.Language, v.Type().Field(i).Name)
				}
				if other := seen[s]; other != "" && other != text.Language {
					t.Errorf("%q is in %s and in %s", s, other, text.Language)
				}
				seen[s] = text.Language
			}
		}
		if rtl := text.Language == "ar" || text.Language == "fa"; text.RTL != rtl || text.Name == "" {
			t.Errorf("%s: %q, right to left %v", text.Language, text.Name, text.RTL)
		}
	}
}

// file is the text of a file of texts, made of the English one.
func file(t *testing.T, changes ...string) string {
	t.Helper()
	data, err := os.ReadFile("texts/en.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer(changes...).Replace(string(data))
}

// A language comes by a file, or takes the place of a built-in one. Every mistake of every file is named with its place.
func TestLoad(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("good/nl.yaml", file(t, "language: en", "language: nl", "title: Unsubscribe", "title: Uitschrijven"))
	write("good/he.yml", file(t, "language: en", "language: he"))
	write("good/notes.txt", "not a text")
	own := write("own.yaml", file(t, "title: Unsubscribe", "title: Leave the list"))
	set, err := words.Load([]string{filepath.Join(dir, "good"), own})
	if err != nil {
		t.Fatal(err)
	}
	if len(set.Texts) != 8 || set.Texts[0].Title != "Leave the list" || set.Texts[set.Pick("nl-BE")].Title != "Uitschrijven" ||
		!set.Texts[set.Pick("he")].RTL {
		t.Errorf("%d texts", len(set.Texts))
	}
	if first, err := set.First("NL"); err != nil || first.Texts[0].Language != "nl" || len(first.Texts) != 8 || first.Pick("ja") != 0 {
		t.Errorf("%v", err)
	}
	if _, err := set.First("ja"); err == nil || !strings.Contains(err.Error(), "en, de, fr") {
		t.Errorf("%v", err)
	}

	bad := write("bad/a.yaml", file(t, "language: en", "language: klingon!", "title: Unsubscribe", "title: ''", "{sender}", "us",
		"button: Unsubscribe", "buton: Unsubscribe", "ask: Do you want to unsubscribe?", "ask: \"a\\u202eb\""))
	write("bad/b.yaml", "language: nl\nask: "+strings.Repeat("x", 500)+"\nlate: {sender} \nbusy: \"wait {sender}\"\n")
	twice := write("twice.yaml", file(t, "language: en", "language: nl"))
	_, err = words.Load([]string{filepath.Join(dir, "bad"), filepath.Join(dir, "good"), twice, filepath.Join(dir, "absent.yaml"),
		filepath.Dir(write("empty/readme.txt", ""))})
	if err == nil {
		t.Fatal("taken")
	}
	for _, want := range []string{bad + ":1:11: \"klingon!\" is not a language", "\"title\" has no value", "\"everything_from\" lacks {sender}",
		"unknown key \"buton\"", "\"ask\" has a sign", "\"ask\" has 500 characters", "\"busy\" has {sender}", "\"choose\" is missing",
		"the language nl is in ", "absent.yaml", "no .yaml file"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in\n%v", want, err)
		}
	}
	var one *schema.Error
	if !errors.As(err, &one) {
		t.Errorf("%T", err)
	}
}

// What a browser asks for decides, then what comes first.
func TestPick(t *testing.T) {
	t.Parallel()
	set := words.BuiltIn()
	for asked, want := range map[string]string{
		"": "en", "de": "de", "de-CH;q=0.4, fr-CH;q=0.9": "fr", "es-419": "es", "fa-AF": "fa", "ar": "ar", "zh-CN,zh": "en",
		"zh,ar;q=0.1": "ar", "*": "en", "en;q=0": "en", "garbage;;q=;": "en", "x-private": "en", "pt-BR": "en", "-": "en",
	} {
		if got := set.Texts[set.Pick(asked)].Language; got != want {
			t.Errorf("%q: %s, want %s", asked, got, want)
		}
	}
	if got := set.Texts[set.Pick("xx", "de")].Language; got != "de" {
		t.Error(got)
	}
}
