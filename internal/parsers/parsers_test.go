package parsers

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const sample = "From: =?utf-8?q?=C3=84nn?= <ann@acme.example>\nTo: Bo <bo@example.com>\nSubject: =?utf-8?b?4oKs?= 5\n" +
	"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n" +
	"caf=C3=A9\n\n--b\nContent-Type: application/pdf\nContent-Disposition: attachment; filename*=utf-8''%E2%82%AC.pdf\n" +
	"Content-Transfer-Encoding: base64\n\nJVBERi0=\n--b--\n"

// The three readers spell the same message the same way.
func TestSameWords(t *testing.T) {
	t.Parallel()
	raw := []byte(strings.ReplaceAll(sample, "\n", "\r\n"))
	want := Message{
		From: Mailbox{"Änn", "ann@acme.example"}, To: Mailbox{"Bo", "bo@example.com"}, Subject: "€ 5",
		Names: []string{"content-type", "from", "subject", "to"},
		Parts: []Part{{Type: "text/plain", Content: []byte("café\r\n")}, {Type: "application/pdf", Name: "€.pdf",
			Content: []byte("%PDF-")}},
	}
	for name, read := range map[string]func([]byte) (Message, error){"go-message": GoMessage, "enmime": Enmime} {
		if got, err := read(raw); err != nil || !cmp.Equal(got, want) {
			t.Errorf("%s: %v\n%s", name, err, cmp.Diff(want, got))
		}
	}
	for name, read := range map[string]func(context.Context, [][]byte) ([]Message, error){"python": Python, "ruby": Ruby} {
		got, err := read(t.Context(), [][]byte{raw, raw})
		if errors.Is(err, ErrNoPython) || errors.Is(err, ErrNoRuby) {
			t.Log(err)
			continue
		}
		if err != nil || !cmp.Equal(got, []Message{want, want}) {
			t.Errorf("%s: %v\n%s", name, err, cmp.Diff([]Message{want, want}, got))
		}
	}
}

// A message that is cut off is an error for whoever says anything about it, not a shorter message.
func TestDefects(t *testing.T) {
	t.Parallel()
	raw := []byte(strings.ReplaceAll(strings.TrimSuffix(sample, "--b--\n"), "\n", "\r\n"))
	for name, read := range map[string]func([]byte) (Message, error){"go-message": GoMessage, "enmime": Enmime} {
		if m, err := read(raw); err == nil {
			t.Errorf("%s says nothing: %+v", name, m)
		}
	}
	if _, err := Python(t.Context(), [][]byte{raw}); err == nil || !errors.Is(err, ErrNoPython) &&
		!strings.Contains(err.Error(), "message 1: defects") {
		t.Errorf("python: %v", err)
	}
}
