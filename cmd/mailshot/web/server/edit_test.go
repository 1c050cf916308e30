package server

import (
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"mailshot/campaign/definition"
)

// An edit of the server section changes the keys that are named, and no other octet of the file.
func TestEdit(t *testing.T) {
	t.Parallel()
	const head = "# ours\nid: a\nfrom: a@example.com   # odd  blanks\nsubject: x\nrecipients: {file: to.csv}\nbody: {text: t.txt}\n"
	set := []change{{"provider", ""}, {"host", "smtp.new.example"}, {"port", ""}, {"username", "ann"},
		{"password", `{ env: "PW" }`}}
	for _, c := range []struct{ name, in, out string }{
		{"none", head, head + "server:\n  host: smtp.new.example\n  username: ann\n  password: { env: \"PW\" }\n"},
		{"no end", strings.TrimSuffix(head, "\n"),
			head + "server:\n  host: smtp.new.example\n  username: ann\n  password: { env: \"PW\" }\n"},
		{"block", head + "server:\n    # which\n    host: smtp.old.example # the old one\n    port:   2525\n\n    helo: 'x.example'\nlimits: {caps: 1/s}\n",
			head + "server:\n    username: ann\n    password: { env: \"PW\" }\n    # which\n    host: smtp.new.example # the old one\n\n    helo: 'x.example'\nlimits: {caps: 1/s}\n"},
		{"block with login", head + "server:\n  provider: gmail\n  username: \"bob\"  # who\n  password: {env: OLD}\n",
			head + "server:\n  host: smtp.new.example\n  username: ann  # who\n  password: { env: \"PW\" }\n"},
		{"flow", head + "server: {host: smtp.old.example,port: 25 , helo:  \"x.example\"}\nlimits: {caps: 1/s}\n",
			head + "server: { host: smtp.new.example, helo:  \"x.example\", username: ann, password: { env: \"PW\" } }\nlimits: {caps: 1/s}\n"},
		{"flow with braces", head + "server: { username: bob, password: { env: OLD }, host: a.example }",
			head + "server: { username: ann, password: { env: \"PW\" }, host: smtp.new.example }"},
	} {
		got, ok := edit(c.in, set)
		if !ok || got != c.out {
			t.Errorf("%s: %v\n%s\nnot\n%s", c.name, ok, got, c.out)
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
	set := []change{{"host", "smtp.new.example"}, {"password", "{ env: PW }"}}
	for _, text := range []string{
		"id: [", "", "{id: a}", "servers:\n- host: a.example\n", "server: x\n",
		"server: {\n host: a.example }\n", "server: { host: a.example } # ours\n",
		"server:\n  host: a.example\n  password:\n    env: PW\n", "server:\n  password: { env:\n     PW }\n",
		"server:\n  host: |\n    a.example\n", "server:\n  host: \"a.\n    example\"\n",
	} {
		if got, ok := edit(text, set); ok {
			t.Errorf("%q became %q", text, got)
		}
	}
}

// Whatever a person types is one value.
func TestScalar(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"a", "a: b", "a # b", "{x}", "[x]", "a, b", "'", `"`, `\`, "- a", "null", "true", "12", "ü سلام",
		"a\nb", " a ", "&a", "*a", "!a", "%a", "@a", "`a"} {
		out, ok := edit("id: a\nserver: { username: old }\n", []change{{"username", scalar(text)}})
		if !ok {
			t.Errorf("%q: %s", text, out)
			continue
		}
		for _, in := range []string{out, "server:\n  username: " + scalar(text) + "\n"} {
			if got := username(t, in); got != text {
				t.Errorf("%q is read as %q from %s", text, got, in)
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
