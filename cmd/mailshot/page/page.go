// Package page writes finished messages as one self-contained page of HTML.
package page

import (
	"bytes"
	_ "embed"
	"encoding/base64"
	"errors"
	"fmt"
	"html/template"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"regexp"
	"strings"

	"mailshot/campaign/message"
	"mailshot/campaign/report"
	"mailshot/cmd/mailshot/human"
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

// read takes a finished message apart: bodies, images by their Content-ID, files.
func (p *shown) read(raw []byte) error {
	msg, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return err
	}
	images := map[string]string{}
	html := ""
	err = walk(msg.Header.Get, msg.Body, func(part part) error {
		f := file{Name: report.Clean(part.name), Type: part.kind, Size: human.Size(int64(len(part.body)))}
		switch {
		case part.name == "" && part.cid == "" && part.kind == "text/plain" && p.Text == "":
			p.Text = report.CleanLines(string(part.body))
			return nil
		case part.name == "" && part.cid == "" && part.kind == "text/html" && html == "":
			html = string(part.body)
			return nil
		case strings.HasPrefix(part.kind, "image/") && part.kind != "image/svg+xml":
			if part.cid != "" {
				images[part.cid] = "data:" + part.kind + ";base64," + base64.StdEncoding.EncodeToString(part.body)
			}
		}
		if part.cid != "" {
			f.Name = strings.TrimSpace(f.Name + " (cid:" + report.Clean(part.cid) + ")")
		}
		p.Files = append(p.Files, f)
		return nil
	})
	if err != nil {
		return err
	}
	if html != "" {
		p.HTML = framePolicy + inlined(html, images)
	}
	return nil
}

// inlined puts images into the HTML in place of cid: addresses. A name that is not an image of the message stays.
func inlined(html string, images map[string]string) string {
	return regexp.MustCompile(`cid:[^\s"'<>()&]+`).ReplaceAllStringFunc(html, func(address string) string {
		if data, ok := images[address[len("cid:"):]]; ok {
			return data
		}
		return address
	})
}

// part is a leaf of a message, decoded.
type part struct {
	kind, name, cid string
	body            []byte
}

// walk calls visit for each leaf of a message, in order.
func walk(get func(string) string, body io.Reader, visit func(part) error) error {
	kind, params, err := mime.ParseMediaType(get("Content-Type"))
	if err != nil {
		return err
	}
	if strings.HasPrefix(kind, "multipart/") {
		parts := multipart.NewReader(body, params["boundary"])
		for {
			part, err := parts.NextRawPart()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
			if err := walk(part.Header.Get, part, visit); err != nil {
				return err
			}
		}
	}
	switch strings.ToLower(get("Content-Transfer-Encoding")) {
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	b, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	p := part{kind: kind, cid: strings.Trim(get("Content-Id"), "<>"), body: b}
	if _, disposition, err := mime.ParseMediaType(get("Content-Disposition")); err == nil {
		p.name = disposition["filename"]
	}
	return visit(p)
}
