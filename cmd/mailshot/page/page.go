// Package page writes finished messages as one self-contained page of HTML.
package page

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"strings"

	"mailshot/campaign/message"
	"mailshot/campaign/report"
	"mailshot/cmd/mailshot/human"
	"mailshot/cmd/mailshot/opened"
	"mailshot/internal/disk"
)

//go:embed page.html
var pageSource string

// Viewer writes one self-contained HTML page. To the page the mail's HTML is hostile. It is in frames with every
// restriction of sandbox, under a policy that allows inline styles and data: images and nothing else. So no script
// runs, no form is sent, nothing is loaded and no link leads away. The page itself has no script.
//
// The page shows what is in the finished bytes, not what the program meant to write.
type Viewer struct {
	f    *disk.File
	tmpl *template.Template
	n    int
	err  error
}

// New begins a page at path, with the campaign's id as its title. The file gets its name when the page is closed.
func New(path, id string) (*Viewer, error) {
	tmpl, err := template.New("page").Parse(pageSource)
	if err != nil {
		return nil, err
	}
	f, err := disk.New(path)
	if err != nil {
		return nil, err
	}
	v := &Viewer{f: f, tmpl: tmpl}
	return v, v.write("head", report.Clean(id))
}

func (v *Viewer) write(name string, data any) error {
	if v.err == nil {
		v.err = v.tmpl.ExecuteTemplate(v.f, name, data)
	}
	return v.err
}

// shown is one message as the page shows it.
type shown struct {
	Number             int
	Place, To, Subject string
	Size               string
	Header             [][2]string
	Text, HTML         string
	Files              []file
}

// file is a part that is not a body.
type file struct{ Name, Type, Size string }

// Add shows one message. The error is that of a message that cannot be read back, or of the disk.
func (v *Viewer) Add(m message.Made) error {
	var b bytes.Buffer
	if _, err := m.Message.WriteTo(&b); err != nil {
		return err
	}
	v.n++
	p := shown{Number: v.n, Place: report.Clean(m.Row.Place), Size: human.Size(m.Message.Size())}
	if m.In != "" {
		p.Place += " · in " + m.In
	}
	for _, h := range m.Message.Header() {
		name, value := report.Clean(h[0]), report.Clean(h[1])
		p.Header = append(p.Header, [2]string{name, value})
		switch name {
		case "To":
			p.To = value
		case "Subject":
			p.Subject = value
		}
	}
	if name, to, ok := message.Blind(m.Message); ok {
		p.Header = append(p.Header, [2]string{name, report.Clean(to)})
	}
	if err := p.read(b.Bytes()); err != nil {
		return fmt.Errorf("%s: read the finished message back: %w", m.Row.Place, err)
	}
	return v.write("message", p)
}

// Close finishes the page and gives it its name.
func (v *Viewer) Close() error {
	if err := v.write("foot", human.Plural(int64(v.n), "message")); err != nil {
		return errors.Join(err, v.f.Discard())
	}
	return v.f.Commit()
}

// framePolicy comes before the mail's HTML in its frame. A frame made by srcdoc has the page's policy as well; this one
// holds when somebody takes the frame out of the page.
const framePolicy = `<meta http-equiv="Content-Security-Policy" ` +
	`content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">`

// read shows a finished message, taken apart.
func (p *shown) read(raw []byte) error {
	seen, err := opened.Read(raw)
	if err != nil {
		return err
	}
	p.Text = report.CleanLines(seen.Text)
	if seen.HTML != "" {
		p.HTML = framePolicy + seen.Inlined()
	}
	for _, f := range seen.Files {
		name := report.Clean(f.Name)
		if f.CID != "" {
			name = strings.TrimSpace(name + " (cid:" + report.Clean(f.CID) + ")")
		}
		p.Files = append(p.Files, file{Name: name, Type: f.Type, Size: human.Size(int64(len(f.Body)))})
	}
	return nil
}
