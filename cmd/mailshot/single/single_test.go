package single

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mailshot/campaign"
	"mailshot/campaign/definition"
	"mailshot/cmd/mailshot/opened"
)

// through is a campaign whose server nobody asks.
func through(t *testing.T) *definition.Definition {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"campaign.yaml": "id: club\nfrom: Club <club@example.org>\nbounces: back@example.org\nsubject: x\n" +
			"recipients: { file: to.csv }\nbody: { text: to.csv }\nserver: { host: smtp.example.org }\n",
		"to.csv": "email\nann@example.com\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	d, err := definition.Load(filepath.Join(dir, "campaign.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// What a person writes arrives as they wrote it, whatever a template or a campaign file would make of it.
func TestKeepAsTyped(t *testing.T) {
	t.Parallel()
	d := through(t)
	for _, text := range []string{
		"Hi {{name}} {{{x}}}, {{ {{`}}{{-", "{{/* gone */}}kept", "  indented\n\n\ttab\nend\n", "سلام {{.email}} \u200f!",
		"---\nid: other\n---\n", "{{define \"x\"}}y{{end}}", "a\r\nb\r\n", "%{x} <%= y %> [[z]] \\{{", strings.Repeat("long ", 400),
	} {
		const name = `a "b" {c}: #1.pdf`
		k, err := Keep(d, Message{To: "bob@example.com", Subject: `Hi: "you" #1 {x}`, Text: text, Files: []File{{name, []byte("%PDF-1.4\n")}}})
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		m := made(t, k)
		if want := strings.ReplaceAll(text, "\r\n", "\n"); strings.ReplaceAll(m.Text, "\r\n", "\n") != want &&
			strings.ReplaceAll(m.Text, "\r\n", "\n") != want+"\n" {
			t.Errorf("%q, not %q", m.Text, want)
		}
		if len(m.Files) != 1 || m.Files[0].Name != name || m.Files[0].Type != "application/pdf" {
			t.Errorf("%+v", m.Files)
		}
	}
}

// made is the message that a send would carry.
func made(t *testing.T, k *Kept) *opened.Message {
	t.Helper()
	c, err := campaign.Open(context.Background(), k.Options(k.ID, filepath.Join(t.TempDir(), "own", "accounts.db")))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for made, err := range c.Messages(context.Background(), campaign.Chosen{}) {
		if err = errors.Join(err, made.Err); err != nil {
			t.Fatal(err)
		}
		defer made.Message.Release()
		var b bytes.Buffer
		if _, err := made.Message.WriteTo(&b); err != nil {
			t.Fatal(err)
		}
		m, err := opened.Read(b.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	t.Fatal("no message")
	return nil
}

// Any difference in what is said, or to whom, is another message; the way that it goes is not.
func TestKeepID(t *testing.T) {
	t.Parallel()
	d := through(t)
	base := Message{To: "bob@example.com", Subject: "Hi", Text: "text", Files: []File{{"a.txt", []byte("a")}}}
	seen := map[string]bool{}
	for _, change := range []func(*Message){
		func(*Message) {},
		func(m *Message) { m.From = "Other <other@example.org>" },
		func(m *Message) { m.To = "Bob <bob@example.com>" },
		func(m *Message) { m.To = "bob@example.org" },
		func(m *Message) { m.Subject = "Ho" },
		func(m *Message) { m.Text = "other" },
		func(m *Message) { m.Files = []File{{"b.txt", []byte("a")}} },
		func(m *Message) { m.Files = []File{{"a.txt", []byte("b")}} },
		func(m *Message) { m.Files = nil },
		func(m *Message) { m.Cc = []string{"a@example.org", "b@example.org"} },
		func(m *Message) { m.Cc, m.Bcc = []string{"a@example.org"}, []string{"b@example.org"} },
		func(m *Message) { m.Bcc = []string{"{{x}} <a@example.org>, b@example.org"} },
	} {
		m := base
		change(&m)
		k, err := Keep(d, m)
		if err != nil {
			t.Fatal(err)
		}
		if seen[k.ID] {
			t.Errorf("%+v is not another message", m)
		}
		seen[k.ID] = true
	}
	same := base
	same.From, same.Subject = " Club <club@example.org> ", " Hi "
	if k, err := Keep(d, same); err != nil || !seen[k.ID] {
		t.Errorf("%v, %v", k, err)
	}
	if _, err := Keep(d, Message{To: "bob@example.com", Cc: []string{"nobody"}, Subject: "Hi", Text: "text"}); len(Mistakes(err)) != 1 {
		t.Error(err)
	}
	if n := len(Latest(d, 5)); n != 5 {
		t.Errorf("%d of the latest 5", n)
	}
	if k := Latest(d, 1)[0]; k.Def.Bounces.String() != "back@example.org" || len(k.Def.Servers) != 1 {
		t.Errorf("bounces %s, %d servers", k.Def.Bounces, len(k.Def.Servers))
	}
	for _, id := range []string{"", "one-", "one-x", "../one", "one-../x", "one-a/b"} {
		if _, err := Open(d, id); !errors.Is(err, fs.ErrNotExist) && err == nil {
			t.Errorf("%q: %v", id, err)
		}
	}
}

// Every field that is wrong is named.
func TestKeepMistakes(t *testing.T) {
	t.Parallel()
	d := through(t)
	_, err := Keep(d, Message{From: "x", To: "a@example.com, b@example.com", Subject: "a\nb", Text: " \n",
		Files: []File{{"", nil}}})
	fields := ""
	for _, m := range Mistakes(err) {
		fields += m.Field + " "
	}
	if fields != "from to subject text files " {
		t.Errorf("%q", fields)
	}
	if _, err := os.Stat(d.Home()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("something was kept: %v", err)
	}
}

// A message that was kept earlier goes on by the suppression files that its campaign has now, also by new ones.
func TestRefresh(t *testing.T) {
	t.Parallel()
	d := through(t)
	m := Message{To: "bob@example.com", Subject: "Hi {{x}}", Text: "text", Files: []File{{"a.txt", []byte("a")}}}
	k, err := Keep(d, m)
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(d.Path)
	if err == nil {
		err = errors.Join(os.WriteFile(d.Path, append(file, "suppress: [never.csv, more.csv]\n"...), 0o600),
			os.WriteFile(filepath.Join(d.Dir, "never.csv"), []byte("zed@example.com\n"), 0o600),
			os.WriteFile(filepath.Join(d.Dir, "more.csv"), []byte("bob@example.com\n"), 0o600))
	}
	if err != nil {
		t.Fatal(err)
	}
	if d, err = definition.Load(d.Path); err != nil {
		t.Fatal(err)
	}
	if k, err = Open(d, k.ID); err == nil {
		err = k.Refresh(d)
	}
	if err != nil || len(k.Def.Suppress) != 2 || len(k.Def.Attachments) != 1 || len(k.Def.Servers) != 1 {
		t.Fatalf("%v, %+v", err, k.Def)
	}
	b, err := os.ReadFile(filepath.Join(k.Dir, k.Def.Suppress[1].Text))
	if err != nil || string(b) != "bob@example.com\n" {
		t.Errorf("%q %v", b, err)
	}
	if again, err := Keep(d, m); err != nil || again.ID != k.ID || again.Def.Digest != k.Def.Digest {
		t.Errorf("%v: it is another file", err)
	}
}
