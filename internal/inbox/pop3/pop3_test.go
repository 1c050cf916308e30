package pop3_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"mailshot/internal/inbox"
	"mailshot/internal/inbox/pop3"
)

// read reads a box. bad are the errors of messages that cannot be read.
func read(t *testing.T, c pop3.Config, known ...string) (ids, texts []string, bad []error, err error) {
	t.Helper()
	box, err := pop3.New(c)
	if err != nil {
		t.Fatal(err)
	}
	err = box.Each(t.Context(), func(id string) bool { return slices.Contains(known, id) }, func(m inbox.Message) error {
		if strings.ContainsAny(m.ID, " \r\n") || m.ID == "" || slices.Contains(ids, m.ID) {
			t.Errorf("the ID %q", m.ID)
		}
		ids = append(ids, m.ID)
		text, err := whole(t.Context(), m)
		texts = append(texts, text)
		if err != nil {
			bad = append(bad, err)
		}
		return nil
	})
	if cerr := box.Close(); cerr != nil {
		t.Error(cerr)
	}
	return ids, texts, bad, err
}

func whole(ctx context.Context, m inbox.Message) (string, error) {
	r, err := m.Open(ctx)
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(r)
	return string(text), errors.Join(err, r.Close())
}

// odd are messages that show how octets travel.
var odd = []string{
	"Subject: one\r\n\r\nbody\r\n", "\r\n", ".\r\n", "..\r\n", ".", "x\r\n.\r\n..\r\n...\r\n\r\n.x\r\n",
	"bare\n.\nLF\n\r\n", "bare\r.\rCR\r\n", "\r\r\n.\r\n", "a\r\n.\rb\r\n", strings.Repeat("long ", 100_000) + "\r\n",
	strings.Repeat(".\r\n", 20_000), "\x00\xff ünïcode\r\n",
}

// What the server has comes byte for byte, by TOP and by RETR.
func TestOctets(t *testing.T) {
	t.Parallel()
	for _, caps := range [][]string{{"UIDL", "TOP"}, {"UIDL"}, {"UIDL", "TOP", "PIPELINING", "SASL PLAIN", "UTF8"}} {
		f := &fake{caps: caps}
		var want []string
		for i, text := range odd {
			f.messages = append(f.messages, letter{fmt.Sprintf("u%d", i), text})
			if !strings.HasSuffix(text, "\r\n") {
				text += "\r\n"
			}
			want = append(want, text)
		}
		ids, texts, bad, err := read(t, f.start(t).config(), "u3")
		if err != nil || len(bad) > 0 {
			t.Fatal(err, bad)
		}
		want = slices.Delete(want, 3, 4)
		if !slices.Equal(texts, want) {
			t.Errorf("%v: got %q", caps, texts)
		}
		if len(ids) != len(want) || slices.Contains(ids, "u3") {
			t.Errorf("%v: IDs %v", caps, ids)
		}
		for _, c := range f.said() {
			if strings.HasPrefix(c, "DELE") || strings.HasPrefix(c, "RETR") && slices.Contains(caps, "TOP") {
				t.Errorf("%v: the client said %q", caps, c)
			}
		}
		if last := f.said()[len(f.said())-1]; last != "QUIT" {
			t.Errorf("%v: the last word is %q", caps, last)
		}
	}
}
