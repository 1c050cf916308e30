package answer

import (
	"bytes"
	"encoding/json"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"strings"
	"testing"

	"encoding/base64"

	"golang.org/x/text/encoding/htmlindex"
)

// message reads a message for a test; package bounce has the reader that is used.
func message(t *testing.T, raw []byte) Message {
	t.Helper()
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	dec := mime.WordDecoder{CharsetReader: charset}
	r := Message{Header: func(name string) string {
		var all []string
		for key, values := range m.Header {
			if strings.EqualFold(key, name) {
				all = append(all, values...)
			}
		}
		s := strings.Join(all, "\n")
		if strings.EqualFold(name, "Return-Path") && len(all) > 0 && s == "" {
			return "<>"
		}
		if d, err := dec.DecodeHeader(s); err == nil {
			return d
		}
		return s
	}}
	r.Date, _ = m.Header.Date()
	bodies(&r, m.Header.Get("Content-Type"), m.Header.Get("Content-Transfer-Encoding"), m.Body)
	return r
}

// charset decodes a character set.
func charset(name string, in io.Reader) (io.Reader, error) {
	e, err := htmlindex.Get(name)
	if err != nil {
		return in, nil
	}
	return e.NewDecoder().Reader(in), nil
}

// bodies takes the text and the HTML out of a part.
func bodies(r *Message, contentType, encoding string, body io.Reader) {
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		kind = "text/plain"
	}
	if strings.HasPrefix(kind, "multipart/") {
		parts := multipart.NewReader(body, params["boundary"])
		for {
			p, err := parts.NextRawPart()
			if err != nil {
				return
			}
			bodies(r, p.Header.Get("Content-Type"), p.Header.Get("Content-Transfer-Encoding"), p)
		}
	}
	switch strings.ToLower(encoding) {
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	}
	body, _ = charset(params["charset"], body)
	b, _ := io.ReadAll(body)
	switch kind {
	case "text/plain":
		r.Text += string(b)
	case "text/html":
		r.HTML += string(b)
	}
}

// The answers of the corpus mean what its table says.
func TestCorpus(t *testing.T) {
	t.Parallel()
	var want map[string]struct{ Kind, Returns, Successor string }
	if err := json.Unmarshal(corpus(t, "own/expected.json"), &want); err != nil {
		t.Fatal(err)
	}
	for name, w := range want {
		if w.Kind == "disposition" || w.Kind == "complaint" || w.Kind == "other" {
			continue // reports, which are not read here
		}
		a := Read(message(t, corpus(t, "own/"+name)))
		if string(a.Kind) != w.Kind || a.Until != w.Returns || a.Successor != w.Successor {
			t.Errorf("%s: %+v, not %+v", name, a, w)
		}
	}
	for _, name := range []string{"sisimai/rfc3834-04.eml", "sisimai/rfc3834-05.eml"} {
		a := Read(message(t, corpus(t, name)))
		if a.Kind != AutoReply && a.Kind != OutOfOffice {
			t.Errorf("%s: %+v", name, a)
		}
	}
}
