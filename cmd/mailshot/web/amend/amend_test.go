package amend_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"mailshot/cmd/mailshot/web/amend"
)

func set(value string, path ...string) amend.Change {
	return amend.Change{Path: path, Value: value, After: []string{"file", "address", "name"}}
}

func remove(path ...string) amend.Change { return amend.Change{Path: path, Remove: true} }

// A change touches the piece of the text that it is about, and no other byte. Proven by writing the YAML anew: the
// comments, quotes and blanks of every case are other ones then.
func TestApply(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text    string
		changes []amend.Change
		want    string
	}{
		"a plain value with a comment": {
			"# head\nid: a   # first\n\nrecipients:\n  file: people.csv   # on Monday\n  name:  full\n",
			[]amend.Change{set("list two.csv", "recipients", "file")},
			"# head\nid: a   # first\n\nrecipients:\n  file: list two.csv   # on Monday\n  name:  full\n",
		},
		"quotes": {
			"recipients:\n  file: \"a \\\" b.csv\" # x\n  name: 'it''s'\n",
			[]amend.Change{set("c.csv", "recipients", "file"), set("E-mail: work", "recipients", "name")},
			"recipients:\n  file: c.csv # x\n  name: 'E-mail: work'\n",
		},
		"a new key follows the file": {
			"recipients:\n  file: people.csv\n  columns: { a: number }\nbody:\n  text: b.txt\n",
			[]amend.Change{set("E-Mail", "recipients", "address")},
			"recipients:\n  file: people.csv\n  address: E-Mail\n  columns: { a: number }\nbody:\n  text: b.txt\n",
		},
		"a comment that goes on": {
			"recipients:\n  file: people.csv   # one\n                     # two\n  # of the key\n  key: n\n",
			[]amend.Change{set("x", "recipients", "name")},
			"recipients:\n  file: people.csv   # one\n                     # two\n  name: x\n  # of the key\n  key: n\n",
		},
		"no end of the last line": {
			"id: a\nrecipients:\n  file: people.csv",
			[]amend.Change{set("نام", "recipients", "name")},
			"id: a\nrecipients:\n  file: people.csv\n  name: نام",
		},
		"line ends of Windows": {
			"id: a\r\nrecipients:\r\n    file: p.csv\r\n    name: x # y\r\nbody: b\r\n",
			[]amend.Change{set("m", "recipients", "address"), set("z", "recipients", "name")},
			"id: a\r\nrecipients:\r\n    file: p.csv\r\n    name: z # y\r\n    address: m\r\nbody: b\r\n",
		},
		"braces": {
			"recipients: { file: p.csv, name: \"x, y\" } # end\n",
			[]amend.Change{set("a, b", "recipients", "name"), set("m", "recipients", "address"),
				set("date", "recipients", "columns", "due: x")},
			"recipients: { file: p.csv, name: 'a, b', columns: { 'due: x': date }, address: m } # end\n",
		},
		"a type in braces": {
			"recipients:\n  file: p.csv\n  columns: { amount: number, due: date }   # others are text\n",
			[]amend.Change{set("text", "recipients", "columns", "amount"), set("bool", "recipients", "columns", "yes")},
			"recipients:\n  file: p.csv\n  columns: { 'yes': bool, amount: text, due: date }   # others are text\n",
		},
		"types on lines": {
			"recipients:\n  columns:\n    amount: number\n\n    # last\n    due: date\n  file: p.csv\n",
			[]amend.Change{set("number", "recipients", "columns", "n")},
			"recipients:\n  columns:\n    'n': number\n    amount: number\n\n    # last\n    due: date\n  file: p.csv\n",
		},
		"removed": {
			"recipients:\n  file: p.csv\n  name: x\n  key: n   # why\n  where: a > 0\n",
			[]amend.Change{remove("recipients", "name"), remove("recipients", "key"), remove("recipients", "sheet")},
			"recipients:\n  file: p.csv\n  # why\n  where: a > 0\n",
		},
		"removed from braces": {
			"recipients: { name: x, file: p.csv, key: n }\n",
			[]amend.Change{remove("recipients", "name"), remove("recipients", "key")},
			"recipients: { file: p.csv }\n",
		},
		"a mark at the beginning, and letters of two bytes": {
			"\ufeffrecipients: { name: \"é\", file: é.csv, key: n }\n",
			[]amend.Change{set("ü.csv", "recipients", "file")},
			"\ufeffrecipients: { name: \"é\", file: ü.csv, key: n }\n",
		},
		"what cannot be seen": {
			"recipients:\n  file: p.csv\n",
			[]amend.Change{set("a\tb\"\u0085", "recipients", "name")},
			"recipients:\n  file: p.csv\n  name: \"a\\u0009b\\\"\\u0085\"\n",
		},
		"a comment of the key that was the first": {
			"recipients:   # ours\n              # and theirs\n  # of Monday\n  query: q\n  columns:\n    # last\n    due: date\n",
			[]amend.Change{set("x", "recipients", "name"), set("number", "recipients", "columns", "n")},
			"recipients:   # ours\n              # and theirs\n  name: x\n  # of Monday\n  query: q\n  columns:\n    'n': number\n    # last\n    due: date\n",
		},
		"a section that is not there": {
			"id: a # one\r\n# end",
			[]amend.Change{set("p.csv", "recipients", "file"), set("x", "recipients", "name"),
				set("date", "recipients", "columns", "due")},
			"id: a # one\r\n# end\r\nrecipients:\r\n  file: p.csv\r\n  name: x\r\n  columns: { due: date }\r\n",
		},
		"a value that is there": {
			"recipients: { file: \"p.csv\", columns: {due: 'date'} }\n",
			[]amend.Change{set("p.csv", "recipients", "file"), set("date", "recipients", "columns", "due"),
				remove("recipients", "x", "y")},
			"recipients: { file: \"p.csv\", columns: {due: 'date'} }\n",
		},
		"a key in place of another": {
			"a: { b: { c: [1, { d: '}' }], } } # x\n",
			[]amend.Change{{Path: []string{"a", "b", "e"}, Value: "f", Alone: true}},
			"a: { b: { e: f, } } # x\n",
		},
		"a key in place of one that was the only one": {
			"recipients:\n  # why\n  name: x\n",
			[]amend.Change{remove("recipients", "name"), set("p.csv", "recipients", "file")},
			"recipients:\n  # why\n  file: p.csv\n",
		},
		"a section in another": {
			"a:\n  recipients: no\nrecipients:\n  file: p.csv # recipients: file: q.csv\n",
			[]amend.Change{set("r.csv", "recipients", "file")},
			"a:\n  recipients: no\nrecipients:\n  file: r.csv # recipients: file: q.csv\n",
		},
	} {
		got, err := amend.Apply([]byte(c.text), c.changes...)
		if err != nil || string(got) != c.want {
			t.Errorf("%s: %v\ngot\n%s\nwant\n%s", name, err, got, c.want)
		}
	}
}

// What is written in a way that cannot be changed safely is refused, and nothing is returned.
func TestUnsafe(t *testing.T) {
	t.Parallel()
	for text, c := range map[string]amend.Change{
		"recipients:\n  file: [a.csv, b.csv]\n":             set("c.csv", "recipients", "file"),
		"recipients:\n  file: a\n    b.csv\n":               set("c.csv", "recipients", "file"),
		"recipients:\n  file: |\n    a.csv\n":               set("c.csv", "recipients", "file"),
		"recipients:\n  file: &f a.csv\n":                   set("c.csv", "recipients", "file"),
		"recipients:\n  file: !!str a.csv\n":                set("c.csv", "recipients", "file"),
		"recipients:\n":                                     set("c.csv", "recipients", "file"),
		"recipients: {}\n":                                  set("c.csv", "recipients", "file"),
		"{ id: a }\n":                                       set("c.csv", "recipients", "file"),
		"id: a\n...\n":                                      set("c.csv", "recipients", "file"),
		"recipients: |\n  a":                                set("c.csv", "other", "file"),
		"a: { b: 1, c: 2 }\n":                               {Path: []string{"a", "d"}, Value: "x", Alone: true},
		"a:\n  b: [1,\n   2]\n":                             {Path: []string{"a", "d"}, Value: "x", Alone: true},
		"- a\n":                                             set("c.csv", "recipients", "file"),
		"a: [\n":                                            set("c.csv", "recipients", "file"),
		"recipients:\n  file: \"a\n    b.csv\"\n":           set("c.csv", "recipients", "file"),
		"recipients:\n  name: x\n":                          remove("recipients", "name"),
		"recipients:\n  file: a.csv\n  name:\n    x\n":      remove("recipients", "name"),
		"recipients: { file: a.csv,\n  name: |\n   x\n }\n": remove("recipients", "name"),
	} {
		got, err := amend.Apply([]byte(text), c)
		if !errors.Is(err, amend.ErrUnsafe) || got != nil {
			t.Errorf("%q: %v\n%s", text, err, got)
		}
	}
}

// A value of any letters is what is read again, and a file of any text is changed rightly or not at all.
func FuzzApply(f *testing.F) {
	f.Add("id: a\nrecipients:\n  file: people.csv # x\n", "list.csv")
	f.Add("recipients: { file: 'a', name: b }\n", "'\"\\#: \u2028\u00a0")
	f.Add("recipients:\n  file: a\r\n", "- x")
	f.Fuzz(func(t *testing.T, text, value string) {
		change := set(value, "recipients", "file")
		got, err := amend.Apply([]byte(text), change)
		if err != nil {
			return
		}
		again, err := amend.Apply(got, change)
		if err != nil || !bytes.Equal(again, got) {
			t.Errorf("%q: a second change to %q: %v\n%q\n%q", text, value, err, got, again)
		}
	})
}

func TestLines(t *testing.T) {
	t.Parallel()
	got := amend.Lines(set("E-Mail", "recipients", "address"), set("date", "recipients", "columns", "due"),
		remove("recipients", "key"))
	if got != "recipients:\n  address: E-Mail\n  columns:\n    due: date\n  key:   # remove this line\n" {
		t.Errorf("got\n%s", got)
	}
	if strings.Contains(amend.Lines(set("a\nb", "recipients", "file")), "a\nb") {
		t.Error("a value breaks the line")
	}
}
