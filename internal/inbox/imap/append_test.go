package imap

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"mailshot/internal/inbox/server"
)

type text string

func (t text) WriteTo(w io.Writer) (int64, error) {
	n, err := io.WriteString(w, string(t))
	return int64(n), err
}

const letter = text("Subject: one\r\n\r\n.\r\na2 OK done\r\n")

// appending plays a server up to an APPEND, and has after play its end. It looks at the message's octets.
func appending(p *peer, folders, before string, after func(p *peer)) {
	p.say("* OK ready\r\n")
	for {
		switch command := p.hear(); {
		case command == "CAPABILITY":
			p.say("* CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN LITERAL+\r\n")
		case strings.HasPrefix(command, "LIST"):
			p.say("%s", folders)
		case strings.HasPrefix(command, "APPEND"):
			p.say("%s", strings.ReplaceAll(before, "TAG", p.tag))
			if !strings.HasPrefix(before, "+") {
				continue
			}
			got := make([]byte, len(letter)+2)
			if _, err := io.ReadFull(p.br, got); err != nil {
				panic(over{})
			}
			if string(got) != string(letter)+"\r\n" {
				p.t.Errorf("%q", got)
			}
			after(p)
			continue
		}
		p.ok()
	}
}

// TestAppend says what became of a message, whatever the server does. It fails where the end of the connection behind
// the message is not called unknown, and where begin is called before the server takes the message.
func TestAppend(t *testing.T) {
	t.Parallel()
	errNotNow := errors.New("not now")
	say := func(s string) func(*peer) { return func(p *peer) { p.say("%s", strings.ReplaceAll(s, "TAG", p.tag)) } }
	for _, c := range []struct {
		name, before             string
		after                    func(*peer)
		begin                    error
		begun                    bool
		ok, unknown, no, laterOn bool
	}{
		{name: "OK", before: "+ go on\r\n", after: say("TAG OK [APPENDUID 1 2] done\r\n"), begun: true, ok: true},
		{name: "OK with a strange code", before: "+\r\n", after: say("* 3 EXISTS\r\nTAG OK [APPENDUID (] done\r\n"), begun: true, ok: true},
		{name: "NO before", before: "TAG NO [TRYCREATE] no such folder\r\n", no: true},
		{name: "quota before", before: "TAG NO [OVERQUOTA] full\r\n", no: true, laterOn: true},
		{name: "NO behind", before: "+ go on\r\n", after: say("TAG NO [CANNOT] bad message\r\n"), begun: true, no: true},
		{name: "BAD behind", before: "+ go on\r\n", after: say("TAG BAD what\r\n"), begun: true, no: true},
		{name: "end before", before: "* BYE gone\r\n", laterOn: true},
		{name: "end behind", before: "+ go on\r\n", after: func(*peer) { panic(over{}) }, begun: true, unknown: true},
		{name: "BYE behind", before: "+ go on\r\n", after: func(p *peer) { p.say("* BYE\r\n"); panic(over{}) }, begun: true, unknown: true},
		{name: "half an answer", before: "+ go on\r\n", after: func(p *peer) { p.say("%s O", p.tag); panic(over{}) }, begun: true, unknown: true},
		{name: "another's answer", before: "+ go on\r\n", after: say("z9 OK done\r\n"), begun: true, unknown: true},
		{name: "silence", before: "+ go on\r\n", after: func(p *peer) { p.hear() }, begun: true, unknown: true},
		{name: "not begun", before: "+ go on\r\n", begin: errNotNow},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			cfg, seen := serve(t, server.Implicit, func(p *peer) {
				if c.begin != nil {
					c.after = func(p *peer) { t.Error("the message was sent") }
				}
				appending(p, "", c.before, c.after)
				panic(over{})
			})
			cfg.Folder = "Entwürfe & mehr"
			if c.name == "silence" {
				cfg.Timeouts.Answer = 5 * time.Second // a slow machine has answered all else by then
			}
			a, err := NewAppender(cfg)
			if err != nil {
				t.Fatal(err)
			}
			defer a.Close()
			begun := false
			m := Message{Size: int64(len(letter)), Body: letter, Flags: []string{`\Draft`, `\Seen`}}
			err = a.Append(t.Context(), m, func() error {
				begun = c.begin == nil
				return c.begin
			})
			var e *AppendError
			switch {
			case c.begin != nil:
				if !errors.Is(err, errNotNow) {
					t.Error(err)
				}
			case c.ok != (err == nil), !c.ok && !errors.As(err, &e):
				t.Error(err)
			case e != nil && (e.Unknown != c.unknown || e.Refused != c.no || e.Later != c.laterOn):
				t.Errorf("%+v", e)
			}
			if begun != c.begun || seen.connections.Load() != 1 {
				t.Errorf("begun: %v, connections: %d", begun, seen.connections.Load())
			}
		})
	}
}

// TestPurpose finds the folder for a purpose.
func TestPurpose(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ list, sent, drafts string }{
		{`* LIST (\HasNoChildren \Sent) "/" "Out &- about"` + "\r\n" + `* LIST () "/" Sent` + "\r\n", "Out & about", ""},
		{`* LIST (\Sent) "/" "Out & about"` + "\r\n" + `* LIST (\Sent) "/" &AGE-` + "\r\n" + `* LIST () "/" "Entwürfe"` + "\r\n" +
			`* LIST () "/" &A-` + "\r\n" + `* LIST () "/" Sent` + "\r\n", "Sent", ""}, // names that are not as they should be
		{`* LIST () "." INBOX.Drafts` + "\r\n" + `* LIST () "." "INBOX.Sent Items"` + "\r\n" + `* LIST () "." INBOX.Archive.Sent` + "\r\n",
			"INBOX.Archive.Sent", "INBOX.Drafts"},
		{`* LIST (\Noselect) "/" Sent` + "\r\n" + `* LIST () "/" "Gesendete Objekte"` + "\r\n" + `* LIST () NIL "Entw&APw-rfe"` + "\r\n",
			"Gesendete Objekte", "Entwürfe"},
		{`* LIST (\Marked \SENT) "/" {4}` + "\r\nSent\r\n", "Sent", ""},
	} {
		for folder, want := range map[string]string{Sent: c.sent, Drafts: c.drafts} {
			cfg, _ := serve(t, server.Implicit, func(p *peer) { appending(p, c.list, "", nil) })
			cfg.Folder = folder
			a, err := NewAppender(cfg)
			if err != nil {
				t.Fatal(err)
			}
			got, err := a.Check(t.Context())
			var none *NoFolderError
			if got != want || (err != nil) != (want == "") || err != nil && !errors.As(err, &none) {
				t.Errorf("%s of %q: %q %v", folder, c.list, got, err)
			}
			_ = a.Close()
		}
	}
}
