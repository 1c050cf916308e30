package render

import (
	"bytes"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailshot/internal/parsers"
)

// expected is what a reader must find in m, from what was put in.
func expected(t testing.TB, m *Message, r *Renderer, to Recipient) parsers.Message {
	t.Helper()
	var s parsers.Message
	for _, h := range m.Header() {
		name := strings.ToLower(h[0])
		s.Names = append(s.Names, name)
		box := parsers.Mailbox{Address: h[1]}
		if i := strings.LastIndex(h[1], " <"); i >= 0 {
			box = parsers.Mailbox{Name: h[1][:i], Address: strings.TrimSuffix(h[1][i+2:], ">")}
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
	inline, attached := []parsers.Part{}, []parsers.Part{}
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
		p := parsers.Part{Name: name, CID: a.CID, Content: content, Inline: a.CID != ""}
		if p.Inline {
			inline = append(inline, p)
		} else {
			attached = append(attached, p)
		}
	}
	files := append(inline, attached...)
	for _, p := range m.Parts() {
		if p.Name == "" {
			s.Parts = append(s.Parts, parsers.Part{Type: p.ContentType,
				Content: []byte(strings.ReplaceAll(p.Text, "\n", "\r\n"))})
			continue
		}
		files[0].Type = p.ContentType
		s.Parts = append(s.Parts, files[0])
		files = files[1:]
	}
	return s
}

// Three readers written by others find in each message exactly what was put in: the same fields, the same tree, the
// same names, the same octets.
func TestParsersAgree(t *testing.T) {
	t.Parallel()
	var messages [][]byte
	var want []parsers.Message
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

func agree(t *testing.T, messages [][]byte, want []parsers.Message) {
	t.Helper()
	for i, raw := range messages {
		for name, read := range map[string]func([]byte) (parsers.Message, error){"go-message": parsers.GoMessage,
			"enmime": parsers.Enmime} {
			got, err := read(raw)
			if err != nil {
				t.Errorf("%s: %v\n%s", name, err, raw)
			} else if diff := cmp.Diff(want[i], got); diff != "" {
				t.Errorf("%s sees another message (-put in +read)\n%s\n%s", name, diff, raw)
			}
		}
	}
	answers, err := parsers.Python(t.Context(), messages)
	if errors.Is(err, parsers.ErrNoPython) {
		t.Skip(err)
	}
	if err != nil {
		t.Error(err)
	}
	for i, got := range answers {
		if diff := cmp.Diff(want[i], got); diff != "" {
			t.Errorf("Python's email sees another message (-put in +read)\n%s\n%s", diff, messages[i])
		}
	}
}
