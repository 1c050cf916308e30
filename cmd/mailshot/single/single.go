// Package single is one message to one person, as a small campaign of its own: a folder with a campaign file, a list
// of one row, the text and the attachments, and a ledger. Call [Keep] for what a person wrote, [Kept.Next] to learn as
// which campaign it goes, and give [Kept.Options] to campaign.Open. [Kept.Stand] says what became of it.
//
// The folder's name comes from what the message says, so the same message to the same person finds its ledger again:
// what is left of it goes on, and what was sent, or may have been, is not sent again unasked ([AgainError]). It lies in
// .mailshot/one beside the campaign file whose server takes the message, and every command of mailshot that looks at a
// campaign can look at it there.
//
// What a person wrote is never a template: whatever would be one is escaped.
package single

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v4"

	"mailshot/campaign/definition"
	"mailshot/internal/disk"
	"mailshot/render/address"
)

// Message is what a person wrote.
type Message struct {
	From string `json:"from"` // a mailbox; "" = that of the campaign whose server it goes through
	To   string `json:"to"`   // one mailbox
	// Cc and Bcc get a copy: mailboxes, several in a text with commas between them.
	Cc      []string `json:"cc,omitempty"`
	Bcc     []string `json:"bcc,omitempty"`
	Subject string   `json:"subject"`
	Text    string   `json:"text"`
	Files   []File   `json:"files"`
}

// File is an attachment. Its name is what the person calls it.
type File struct {
	Name string `json:"name"`
	Body []byte `json:"-"`
}

// The most that a message may have.
const (
	MostFiles = 50
	MostBytes = 64 << 20
)

// Mistake is what is wrong with one field: from, to, cc, bcc, subject, text or files.
type Mistake struct{ Field, Text, Hint string }

func (m *Mistake) Error() string {
	if m.Hint != "" {
		return m.Field + ": " + m.Text + " (" + m.Hint + ")"
	}
	return m.Field + ": " + m.Text
}

// Mistakes are those in an error of [Keep], one for each field.
func Mistakes(err error) []*Mistake {
	var all []*Mistake
	if one := (*Mistake)(nil); errors.As(err, &one) {
		all = append(all, one)
		if many, is := err.(interface{ Unwrap() []error }); is {
			all = all[:0]
			for _, e := range many.Unwrap() {
				all = append(all, Mistakes(e)...)
			}
		}
	}
	return all
}

// Kept is a message in its folder. What it says does not change.
type Kept struct {
	ID      string // of its first campaign, and the name of its folder
	Dir     string
	Def     *definition.Definition
	Message Message // the bodies of its files aside
}

// checked is a message that has no mistakes.
type checked struct {
	Message
	from, to address.Mailbox
}

// check reads the fields. Every mistake is reported.
func check(m Message, through *definition.Definition) (*checked, error) {
	var errs []error
	wrong := func(field, text, hint string) { errs = append(errs, &Mistake{field, text, hint}) }
	mailbox := func(field, text string) address.Mailbox {
		one, err := address.ParseMailbox(text)
		if bad := (*address.Error)(nil); errors.As(err, &bad) {
			reason, hint := bad.Alone()
			wrong(field, reason, hint)
		}
		return one
	}
	c := &checked{Message: m}
	c.Text = strings.ReplaceAll(m.Text, "\r\n", "\n")
	if c.From == "" && !strings.Contains(through.From.Text, "{{") {
		c.From = through.From.Text
	}
	if c.From = strings.TrimSpace(c.From); c.From == "" {
		wrong("from", "who is it from?", "the From of "+through.Name+" differs from row to row")
	} else {
		c.from = mailbox("from", c.From)
	}
	c.To = strings.TrimSpace(c.To)
	if many, err := address.ParseMailboxes(c.To); err == nil && len(many) > 1 {
		wrong("to", "one message goes to one person", "mailshot send --recipients sends to several, each a message of their own")
	} else {
		c.to = mailbox("to", c.To)
	}
	c.copies(through, wrong)
	c.sealed(through, wrong)
	if c.Subject = strings.TrimSpace(c.Subject); c.Subject == "" {
		wrong("subject", "there is no subject", "")
	} else if strings.ContainsFunc(c.Subject, unicode.IsControl) {
		wrong("subject", "a subject is one line", "")
	}
	if strings.TrimSpace(c.Text) == "" {
		wrong("text", "there is no text", "")
	}
	size := 0
	for _, f := range m.Files {
		size += len(f.Body)
		if f.Name == "" || strings.ContainsFunc(f.Name, unicode.IsControl) {
			wrong("files", fmt.Sprintf("%q cannot be the name of an attachment", f.Name), "")
		}
	}
	if len(m.Files) > MostFiles || size > MostBytes {
		wrong("files", fmt.Sprintf("at most %d files of together %d MB go with a message", MostFiles, MostBytes>>20), "")
	}
	if len(through.Servers) == 0 {
		wrong("from", through.Name+" names no server to send through", "")
	}
	return c, errors.Join(errs...)
}

// copies looks at who gets a copy.
func (c *checked) copies(through *definition.Definition, wrong func(field, text, hint string)) {
	for field, all := range map[string][]string{"cc": c.Cc, "bcc": c.Bcc} {
		for _, text := range all {
			if _, err := address.ParseMailboxes(text); err != nil {
				wrong(field, err.Error(), "")
			}
		}
		for _, s := range through.Servers {
			if len(all) > 0 && (s.Direct || s.Sendmail != "") {
				wrong(field, "the server "+s.Name+" of "+through.Name+" takes no copies", "docs/copies.md")
			}
		}
	}
}

// id is the name of what a message says to whom.
func (c *checked) id() string {
	h := sha256.New()
	part := func(b []byte) {
		_ = binary.Write(h, binary.BigEndian, uint64(len(b))) // a hash takes everything
		h.Write(b)
	}
	for _, s := range []string{c.from.Address.String(), c.from.Name, c.to.Address.String(), c.to.Name, c.Subject, c.Text} {
		part([]byte(s))
	}
	for _, f := range c.Files {
		part([]byte(f.Name))
		part(f.Body)
	}
	if len(c.Cc)+len(c.Bcc) > 0 { // without them the name is what it always was
		for _, all := range [][]string{c.Cc, c.Bcc} {
			part(nil) // no file has this name
			for _, s := range all {
				part([]byte(s))
			}
		}
	}
	return "one-" + strings.ToLower(base32.StdEncoding.EncodeToString(h.Sum(nil)[:15]))
}

// Home is the folder of the messages that go through the servers of a campaign.
func Home(through *definition.Definition) string { return filepath.Join(through.Home(), "one") }

// Keep keeps a message in its folder, to be sent through the servers of a campaign. The error joins a [*Mistake] for
// each field that has one.
func Keep(through *definition.Definition, m Message) (*Kept, error) {
	c, err := check(m, through)
	if err != nil {
		return nil, err
	}
	id := c.id()
	dir := filepath.Join(Home(through), id)
	if err := os.MkdirAll(filepath.Join(dir, "files"), 0o700); err != nil {
		return nil, err
	}
	if err := disk.Create(filepath.Join(through.Home(), ".gitignore"), "*\n"); err != nil {
		return nil, err
	}
	file := yamlFile{ID: id, From: escape(c.From), Subject: escape(c.Subject)}
	file.Recipients.File, file.Body.Text = "to.csv", "text.txt"
	for _, text := range c.Cc {
		file.Cc = append(file.Cc, escape(text))
	}
	for _, text := range c.Bcc {
		file.Bcc = append(file.Bcc, escape(text))
	}
	if from, err := address.ParseMailbox(through.From.Text); err == nil && from.Address == c.from.Address {
		file.Bounces = through.Bounces.String()
	}
	for i, f := range c.Files {
		name := fmt.Sprintf("files/%d%s", i+1, suffix(f.Name))
		file.Attachments = append(file.Attachments, attachment{name, escape(f.Name)})
		if err := put(filepath.Join(dir, name), f.Body); err != nil {
			return nil, err
		}
	}
	text, err := json.Marshal(c.Message)
	if err == nil {
		err = errors.Join(put(filepath.Join(dir, "text.txt"), []byte(escape(c.Text))), c.list(filepath.Join(dir, "to.csv")),
			file.write(through, dir), put(filepath.Join(dir, "message.json"), text))
	}
	if err != nil {
		return nil, err
	}
	return Open(through, id)
}

// Open opens a message that was kept. Without one, the error is an fs.ErrNotExist.
func Open(through *definition.Definition, id string) (*Kept, error) {
	if !strings.HasPrefix(id, "one-") || !filepath.IsLocal(id) || filepath.Base(id) != id {
		return nil, fs.ErrNotExist
	}
	k := &Kept{ID: id, Dir: filepath.Join(Home(through), id)}
	text, err := os.ReadFile(filepath.Join(k.Dir, "message.json"))
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, &k.Message); err != nil {
		return nil, err
	}
	if k.Def, err = definition.Load(filepath.Join(k.Dir, "campaign.yaml")); err != nil {
		return nil, err
	}
	return k, k.Def.SendThrough(through)
}

// escape writes a text so that a template gives it.
func escape(text string) string { return strings.ReplaceAll(text, "{{", `{{"{{"}}`) }

// suffix is a file's, if it is a plain one: what a file is, is known by it.
func suffix(name string) string {
	ext := strings.ToLower(filepath.Ext(name))
	if len(ext) < 2 || len(ext) > 9 || strings.ContainsFunc(ext[1:], func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9')
	}) {
		return ""
	}
	return ext
}

// put writes a file anew.
func put(path string, content []byte) error {
	return disk.Replace(path, func(w io.Writer) error {
		_, err := w.Write(content)
		return err
	})
}

// list writes the list of one row.
func (c *checked) list(path string) error {
	return disk.Replace(path, func(w io.Writer) error {
		out := csv.NewWriter(w)
		_ = out.Write([]string{"email", "name"}) // an error stays until Flush
		_ = out.Write([]string{c.to.Address.String(), c.to.Name})
		out.Flush()
		return out.Error()
	})
}

// yamlFile is the campaign file of a message.
type yamlFile struct {
	ID         string   `yaml:"id"`
	From       string   `yaml:"from"`
	Bounces    string   `yaml:"bounces,omitempty"`
	Cc         []string `yaml:"cc,omitempty"`
	Bcc        []string `yaml:"bcc,omitempty"`
	Subject    string   `yaml:"subject"`
	Recipients struct {
		File string `yaml:"file"`
	} `yaml:"recipients"`
	Body struct {
		Text string `yaml:"text"`
	} `yaml:"body"`
	Attachments []attachment `yaml:"attachments,omitempty"`
	Suppress    []string     `yaml:"suppress,omitempty"`
}

type attachment struct {
	File string `yaml:"file"`
	Name string `yaml:"name"`
}

// write writes the campaign file, and copies of the suppression files that hold for the campaign, as they are now.
func (y yamlFile) write(through *definition.Definition, dir string) error {
	for i, name := range through.Suppress {
		b, err := os.ReadFile(filepath.Join(through.Dir, filepath.FromSlash(name.Text)))
		if err != nil {
			return err
		}
		to := fmt.Sprintf("suppress-%d%s", i+1, suffix(name.Text))
		if err := put(filepath.Join(dir, to), b); err != nil {
			return err
		}
		y.Suppress = append(y.Suppress, to)
	}
	text, err := yaml.Marshal(y)
	if err != nil {
		return err
	}
	return put(filepath.Join(dir, "campaign.yaml"), text)
}

// Refresh takes the campaign's suppression files as they are now: which ones there are, and who is in them. A message
// that was kept earlier goes on by them.
func (k *Kept) Refresh(through *definition.Definition) error {
	text, err := os.ReadFile(filepath.Join(k.Dir, "campaign.yaml"))
	if err != nil {
		return err
	}
	var y yamlFile
	if err := yaml.Unmarshal(text, &y); err != nil {
		return err
	}
	y.Suppress = nil
	if err := y.write(through, k.Dir); err != nil {
		return err
	}
	now, err := Open(through, k.ID)
	if err == nil {
		*k = *now
	}
	return err
}
