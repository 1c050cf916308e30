package server

import (
	"errors"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"mailshot/campaign/definition"
	"mailshot/cmd/mailshot/web/amend"
)

// edit is a campaign file with what a form says.
func edit(text string, f form) (string, error) {
	out, err := amend.Apply([]byte(text), f.changes(amend.Said([]byte(text)))...)
	return string(out), err
}

// What the form says changes the keys that it is about, and no other octet of the file.
func TestEdit(t *testing.T) {
	t.Parallel()
	const head = "# ours\nid: a\nfrom: a@example.com   # odd  blanks\nsubject: x\nrecipients: {file: to.csv}\nbody: {text: t.txt}\n"
	set := form{Host: "smtp.new.example", Username: "ann", Secret: "env", Env: "PW"}
	for _, c := range []struct{ name, in, out string }{
		{"none", head, head + "server:\n  host: smtp.new.example\n  username: ann\n  password: { env: PW }\n"},
		{"no end", strings.TrimSuffix(head, "\n"),
			head + "server:\n  host: smtp.new.example\n  username: ann\n  password: { env: PW }\n"},
		{"block", head +
			"server:\n    # which\n    host: smtp.old.example # the old one\n    port:   2525\n\n    helo: 'x.example'\nlimits: {caps: 1/s}\n",
			head +
				"server:\n    # which\n    host: smtp.new.example # the old one\n    username: ann\n    password: { env: PW }\n\n    helo: 'x.example'\nlimits: {caps: 1/s}\n"},
		{"block with login", head + "server:\n  provider: gmail\n  username: \"bob\"  # who\n  password: {env: OLD}\n",
			head + "server:\n  host: smtp.new.example\n  username: ann  # who\n  password: {env: PW}\n"},
		{"only a provider", head + "server:\n  # theirs\n  provider: gmail # for now\n",
			head + "server:\n  # theirs\n  # for now\n  host: smtp.new.example\n  username: ann\n  password: { env: PW }\n"},
		{"flow", head + "server: {host: smtp.old.example,port: 25 , helo:  \"x.example\"} # ours\nlimits: {caps: 1/s}\n",
			head +
				"server: {host: smtp.new.example, username: ann, password: { env: PW } , helo:  \"x.example\"} # ours\nlimits: {caps: 1/s}\n"},
		{"flow with braces", head + "server: { username: bob, password: { command: [pass, \"a b\"] }, host: a.example }",
			head + "server: { username: ann, password: { env: PW }, host: smtp.new.example }"},
		{"a login on lines", head +
			"server:\r\n  host: a.example\r\n  password:   # where\r\n    file: ~/pw   # there\r\n  username: bob\r\n",
			head +
				"server:\r\n  host: smtp.new.example\r\n  password:   # where\r\n    env: PW   # there\r\n  username: ann\r\n"},
		{"the same", head + "server:\n  host: 'smtp.new.example'\n  username: \"ann\"\n  password:\n    env: 'PW'\n",
			head + "server:\n  host: 'smtp.new.example'\n  username: \"ann\"\n  password:\n    env: 'PW'\n"},
	} {
		got, err := edit(c.in, set)
		if err != nil || got != c.out {
			t.Errorf("%s: %v\n%s\nnot\n%s", c.name, err, got, c.out)
			continue
		}
		d, err := definition.Parse("c.yaml", []byte(got), "")
		if err != nil || d.Servers[0].Host != "smtp.new.example" || d.Servers[0].Password.Env != "PW" {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// What only a person should change stays as it is.
func TestEditRefused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"id: [", "", "{id: a}", "server: x\n", "server:\n",
		"server:\n  password: { env: a, file: b }\n", "server:\n  password: secret\n",
		"server:\n  host: |\n    a.example\n", "server:\n  host: \"a.\n    example\"\n", "...\n# nothing\n", "id: a\n...\n",
		"server:\n  host: &h a.example\n", "x: &s { host: a }\nserver: *s\n",
	} {
		got, err := edit(text, form{Host: "smtp.new.example", Secret: "env", Env: "PW"})
		if !errors.Is(err, amend.ErrUnsafe) {
			t.Errorf("%q became %q: %v", text, got, err)
		}
	}
}

// Whatever a person types is one value.
func TestScalar(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"a", "a: b", "a # b", "{x}", "[x]", "a, b", "'", `"`, `\`, "- a", "null", "true", "12",
		"ü سلام",
		"a\nb", " a ", "&a", "*a", "!a", "%a", "@a", "`a", "\u200fa", "a\u2028b", "a\u0085b", "~", "|", "--- a", "😀", "0x1f", "1e3"} {
		for _, in := range []string{"id: a\nserver: { username: old }\n", "id: a\nserver:\n  username: old\n", "id: a\n"} {
			out, err := edit(in, form{Username: text})
			if got := username(t, out); got != text {
				t.Errorf("%q is read as %q from %s: %v", text, got, out, err)
			}
		}
	}
}

func username(t *testing.T, text string) string {
	t.Helper()
	var f struct {
		Server struct {
			Username string `yaml:"username"`
		} `yaml:"server"`
	}
	if err := yaml.Unmarshal([]byte(text), &f); err != nil {
		t.Errorf("%s: %v", text, err)
	}
	return f.Server.Username
}
