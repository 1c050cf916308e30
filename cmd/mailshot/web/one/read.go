package one

import (
	"bytes"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"path"
	"strings"

	"mailshot/cmd/mailshot/single"
)

// Send is the pattern of the request that brings a message, which may be of MostSent bytes. That is far more than a
// message may have: a browser that is cut off while it still sends shows no page, and what was typed would be lost.
const (
	Send     = "POST /one"
	MostSent = 256 << 20
)

// The most that a message may have here. Of more files than that nothing is kept.
const (
	mostFiles = 25 << 20
	mostField = 8 << 20
)

// errTooMuch says that the files or a field are more than a message may have.
var errTooMuch = errors.New("too much")

// read reads the form as it comes: the fields stand before the files, so they are there also where the files are too
// many. Then the error is errTooMuch, or what ended the request too early.
func read(r *http.Request) (m single.Message, server string, err error) {
	parts, err := r.MultipartReader()
	if errors.Is(err, http.ErrNotMultipart) {
		return single.Message{From: r.PostFormValue("from"), To: r.PostFormValue("to"), Subject: r.PostFormValue("subject"),
			Text: r.PostFormValue("text"), Cc: boxes(r.PostFormValue("cc")), Bcc: boxes(r.PostFormValue("bcc")),
		}, r.PostFormValue("server"), nil
	}
	if err != nil {
		return m, "", err
	}
	var cc, bcc string
	defer func() { m.Cc, m.Bcc = boxes(cc), boxes(bcc) }()
	fields := map[string]*string{"server": &server, "from": &m.From, "to": &m.To, "cc": &cc, "bcc": &bcc,
		"subject": &m.Subject, "text": &m.Text}
	var tooMuch error
	left := int64(mostFiles)
	for {
		part, err := parts.NextPart()
		if err == io.EOF {
			return m, server, tooMuch
		}
		if err != nil {
			return m, server, err
		}
		field, name := fields[part.FormName()], part.FileName()
		switch {
		case field != nil:
			b, over, err := most(part, mostField)
			if *field = string(b); over {
				tooMuch = errTooMuch
			}
			if err != nil {
				return m, server, err
			}
		case part.FormName() == "files" && name != "": // else nothing was chosen
			b, over, err := most(part, left)
			if err != nil {
				return m, server, err
			}
			if over {
				left, tooMuch = 0, errTooMuch
				continue
			}
			left -= int64(len(b))
			m.Files = append(m.Files, single.File{Name: path.Base(strings.ReplaceAll(name, `\`, "/")), Body: b})
		}
	}
}

// boxes are what a field of copies has: one text, with commas between mailboxes; none if it is empty.
func boxes(text string) []string {
	if text = strings.TrimSpace(text); text == "" {
		return nil
	}
	return []string{text}
}

// most reads a part, and what is more than n bytes to its end without keeping it.
func most(part *multipart.Part, n int64) (kept []byte, over bool, err error) {
	var b bytes.Buffer
	if _, err = io.CopyN(&b, part, n); err == io.EOF {
		return b.Bytes(), false, nil
	}
	if err != nil {
		return b.Bytes(), false, err
	}
	rest, err := io.Copy(io.Discard, part)
	return b.Bytes(), rest > 0, err
}
