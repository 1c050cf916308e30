package events

import (
	"archive/zip"
	"bytes"
	"context"
	"flag"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"mailshot/internal/bounce"
	"mailshot/internal/inbox"
)

var long = flag.Bool("events.long", false, "read 1 GiB of each kind in TestMemory")

func archive(t testing.TB, name, text string) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.Create(name)
	if err == nil {
		_, err = io.WriteString(w, text)
	}
	if err != nil || z.Close() != nil {
		t.Fatal(err)
	}
	return b.String()
}

// fuzz reads anything as a provider's: it ends, and what it gives has the shape that others rely on.
func fuzz(f *testing.F, p Provider) {
	for _, s := range samples(f, p) {
		f.Add([]byte(s.payload))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, told := range []Provider{p, ""} {
			err := Read(context.Background(), bytes.NewReader(text), Stream{Name: "x", Provider: told}, nil, func(m inbox.Message) error {
				sound(t, m)
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	})
}

// sound checks what a message of an event promises.
func sound(t *testing.T, m inbox.Message) {
	t.Helper()
	if m.ID == "" || strings.ContainsAny(m.ID, " \t\r\n") {
		t.Fatalf("ID %q", m.ID)
	}
	if m.Event == nil {
		if _, err := m.Open(context.Background()); err == nil {
			t.Fatal("no event and no mistake")
		}
		return
	}
	r := m.Event.Reports[0]
	switch {
	case r.Kind == "" || r.Confidence <= 0 || r.Confidence > 1:
		t.Fatalf("%+v", r)
	case (r.Kind == bounce.Bounce || r.Kind == bounce.Delayed) != (r.Reason != ""):
		t.Fatalf("%+v", r)
	case len(r.Line) > 300 || strings.ContainsAny(r.Line, "\r\n\x00\x1b") || !utf8.ValidString(r.Line):
		t.Fatalf("line %q", r.Line)
	case r.Recipient != "" && !strings.Contains(r.Recipient, "@"):
		t.Fatalf("recipient %q", r.Recipient)
	case r.Kind == bounce.Unsubscribe && r.Detail != atProvider:
		t.Fatalf("%+v", r)
	}
}

func FuzzSES(f *testing.F)      { fuzz(f, SES) }
func FuzzSendGrid(f *testing.F) { fuzz(f, SendGrid) }
func FuzzPostmark(f *testing.F) { fuzz(f, Postmark) }
func FuzzMailgun(f *testing.F)  { fuzz(f, Mailgun) }
func FuzzBrevo(f *testing.F)    { fuzz(f, Brevo) }
