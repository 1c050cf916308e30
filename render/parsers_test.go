package render

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	_ "github.com/emersion/go-message/charset"
	"github.com/emersion/go-message/mail"
	"github.com/google/go-cmp/cmp"
	"github.com/jhillyerd/enmime/v2"
)

// seen is a message as a parser sees it, in words that all parsers share.
type seen struct {
	From, To, ReplyTo [2]string // name, address
	Subject           string
	Names             []string // of the top-level header fields, lower case, in order of the alphabet
	Parts             []seenPart
}

type seenPart struct {
	Type, Name, CID, SHA256 string
	Inline                  bool
}

func checksum(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// expected is what a reader has to find in m, from what was put in.
func expected(t testing.TB, m *Message, r *Renderer, to Recipient) seen {
	t.Helper()
	var s seen
	for _, h := range m.Header() {
		name := strings.ToLower(h[0])
		s.Names = append(s.Names, name)
		box := [2]string{"", h[1]}
		if i := strings.LastIndex(h[1], " <"); i >= 0 {
			box = [2]string{h[1][:i], strings.TrimSuffix(h[1][i+2:], ">")}
		}
		switch name {
		case "from":
			s.From = box
		case "to":
			s.To = box
		case "reply-to":
			s.ReplyTo = box
		case "subject":
			s.Subject = h[1]
		}
	}
	s.Names = append(s.Names, "content-type")
	if len(m.Parts()) == 1 {
		s.Names = append(s.Names, "content-transfer-encoding")
	}
	slices.Sort(s.Names)
	inline, attached := []seenPart{}, []seenPart{}
	for _, a := range r.c.Attachments {
		var path bytes.Buffer
		if err := a.File.Execute(&path, to.Data); err != nil {
			t.Fatal(err)
		}
		content, err := r.c.Root.ReadFile(path.String())
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(path.String())
		if a.Name != nil {
			var b bytes.Buffer
			if err := a.Name.Execute(&b, to.Data); err != nil {
				t.Fatal(err)
			}
			name = b.String()
		}
		p := seenPart{Name: name, CID: a.CID, SHA256: checksum(content), Inline: a.CID != ""}
		if p.Inline {
			inline = append(inline, p)
		} else {
			attached = append(attached, p)
		}
	}
	files := append(inline, attached...)
	for _, p := range m.Parts() {
		if p.Name == "" {
			s.Parts = append(s.Parts, seenPart{Type: p.ContentType, SHA256: checksum([]byte(strings.ReplaceAll(p.Text, "\n", "\r\n")))})
			continue
		}
		files[0].Type = p.ContentType
		s.Parts = append(s.Parts, files[0])
		files = files[1:]
	}
	return s
}

func throughGoMessage(raw []byte) (seen, error) {
	var s seen
	r, err := mail.CreateReader(bytes.NewReader(raw))
	if err != nil {
		return s, err
	}
	box := func(key string) [2]string {
		list, e := r.Header.AddressList(key)
		if e != nil || len(list) > 1 {
			err = errors.Join(err, fmt.Errorf("%s: %d addresses, %v", key, len(list), e))
		}
		if len(list) == 0 {
			return [2]string{}
		}
		return [2]string{list[0].Name, list[0].Address}
	}
	s.From, s.To, s.ReplyTo = box("From"), box("To"), box("Reply-To")
	subject, e := r.Header.Subject()
	s.Subject, err = subject, errors.Join(err, e)
	for f := r.Header.Fields(); f.Next(); {
		s.Names = append(s.Names, strings.ToLower(f.Key()))
	}
	slices.Sort(s.Names)
	for {
		p, e := r.NextPart()
		if e == io.EOF {
			return s, err
		}
		if e != nil {
			return s, errors.Join(err, e)
		}
		content, e := io.ReadAll(p.Body)
		if e != nil {
			return s, errors.Join(err, e)
		}
		part := seenPart{SHA256: checksum(content)}
		switch h := p.Header.(type) {
		case *mail.AttachmentHeader:
			part.Type, _, _ = h.ContentType()
			part.Name, e = h.Filename()
			err = errors.Join(err, e)
		case *mail.InlineHeader:
			part.Type, _, _ = h.ContentType()
			disposition, params, _ := h.ContentDisposition()
			part.Inline, part.Name = disposition == "inline", params["filename"]
			part.CID = strings.Trim(h.Get("Content-Id"), "<>")
		}
		s.Parts = append(s.Parts, part)
	}
}

func throughEnmime(raw []byte) (seen, error) {
	var s seen
	root, err := enmime.ReadParts(bytes.NewReader(raw))
	if err != nil {
		return s, err
	}
	envelope, err := enmime.EnvelopeFromPart(root)
	if err != nil {
		return s, err
	}
	box := func(key string) [2]string {
		list, e := envelope.AddressList(key)
		if e != nil || len(list) != 1 {
			return [2]string{}
		}
		return [2]string{list[0].Name, list[0].Address}
	}
	s.From, s.To, s.ReplyTo = box("From"), box("To"), box("Reply-To")
	s.Subject = envelope.GetHeader("Subject")
	for _, name := range envelope.GetHeaderKeys() {
		for range envelope.GetHeaderValues(name) {
			s.Names = append(s.Names, strings.ToLower(name))
		}
	}
	slices.Sort(s.Names)
	for _, p := range root.DepthMatchAll(func(p *enmime.Part) bool { return p.FirstChild == nil }) {
		for _, e := range p.Errors {
			err = errors.Join(err, fmt.Errorf("%s: %s %s", p.FileName, e.Name, e.Detail))
		}
		s.Parts = append(s.Parts, seenPart{Type: p.ContentType, Name: p.FileName, CID: p.ContentID, SHA256: checksum(p.Content), Inline: p.Disposition == "inline"})
	}
	return s, err
}

// pythonReader reads the .eml files named on its command line, strictly, and
// prints what it saw. Display names go through the older decode_header, because
// the newer parser puts a blank between two encoded-words of a display name,
// against RFC 2047 section 6.2.
const pythonReader = `
import sys, json, hashlib
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.utils import parseaddr, getaddresses
out = []
for path in sys.argv[1:]:
    with open(path, "rb") as f:
        raw = f.read()
    m = message_from_bytes(raw, policy=policy.strict)
    old = message_from_bytes(raw, policy=policy.compat32)
    def box(name):
        value = old.get_all(name, [])
        if not value:
            return ["", ""]
        (n, a), = getaddresses(["".join(v.splitlines()) for v in value])
        assert m[name].addresses[0].addr_spec == a and len(m[name].addresses) == 1, name
        return [str(make_header(decode_header(n))), a]
    parts, defects = [], list(map(repr, m.defects))
    for p in m.walk():
        defects += map(repr, p.defects)
        if p.is_multipart():
            continue
        content = p.get_payload(decode=True)
        d = p["Content-Disposition"]
        parts.append({"Type": p.get_content_type(), "Name": p.get_filename() or "", "CID": (p["Content-ID"] or "").strip("<>"),
            "Inline": d is not None and d.content_disposition == "inline", "SHA256": hashlib.sha256(content).hexdigest()})
    out.append({"From": box("From"), "To": box("To"), "ReplyTo": box("Reply-To"), "Subject": m["Subject"] or "",
        "Names": sorted(n.lower() for n in m.keys()), "Parts": parts, "Defects": defects})
json.dump(out, sys.stdout)
`

func throughPython(t testing.TB, messages [][]byte) ([]seen, error) {
	t.Helper()
	python, err := exec.LookPath("python3")
	if err != nil {
		return nil, err
	}
	dir := t.TempDir()
	args := []string{"-c", pythonReader}
	for i, m := range messages {
		name := filepath.Join(dir, fmt.Sprintf("%04d.eml", i))
		if err := os.WriteFile(name, m, 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, name)
	}
	var stdout, stderr bytes.Buffer
	cmd := exec.Command(python, args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("python3: %v\n%s", err, stderr.String())
	}
	var answers []struct {
		seen
		Defects []string
	}
	if err := json.Unmarshal(stdout.Bytes(), &answers); err != nil {
		t.Fatal(err)
	}
	var out []seen
	for i, a := range answers {
		if len(a.Defects) > 0 {
			t.Errorf("python3 finds defects in message %d: %v\n%s", i, a.Defects, messages[i])
		}
		out = append(out, a.seen)
	}
	return out, nil
}

// Three readers written by others find in each message exactly what was put in:
// the same fields, the same tree, the same names, the same octets.
func TestParsersAgree(t *testing.T) {
	t.Parallel()
	var messages [][]byte
	var want []seen
	for _, c := range goldenCases() {
		r := c.renderer(t)
		to := recipient(t, c.to[0], c.to[1], c.cells...)
		m, err := r.Render(to, testDate)
		if err != nil {
			t.Fatal(err)
		}
		messages = append(messages, wire(t, m))
		want = append(want, expected(t, m, r, to))
	}
	agree(t, messages, want)
}

func agree(t *testing.T, messages [][]byte, want []seen) {
	t.Helper()
	for i, raw := range messages {
		for name, read := range map[string]func([]byte) (seen, error){"go-message": throughGoMessage, "enmime": throughEnmime} {
			got, err := read(raw)
			if err != nil {
				t.Errorf("%s: %v\n%s", name, err, raw)
			} else if diff := cmp.Diff(want[i], got); diff != "" {
				t.Errorf("%s sees another message (-put in +read)\n%s\n%s", name, diff, raw)
			}
		}
	}
	answers, err := throughPython(t, messages)
	if err != nil {
		t.Skipf("Python's email parser was not asked: %v", err)
	}
	for i, got := range answers {
		if diff := cmp.Diff(want[i], got); diff != "" {
			t.Errorf("Python's email sees another message (-put in +read)\n%s\n%s", diff, messages[i])
		}
	}
}
