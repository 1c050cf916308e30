package drafts

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"mailshot/internal/inbox/imap"
	"mailshot/sender"
	"mailshot/sender/reply"
)

const letter = "Subject: one\r\n\r\nHello\r\n"

// script is what a server says to APPEND, and what it does when it has the whole message. TAG is the command's tag. An
// empty text ends the connection.
type script struct {
	before, after string
	whole         chan struct{} // is closed when the whole message has come; nil = nobody waits for it
}

// serve starts a server that follows the scripts, one for each APPEND, and the last one from then on.
func serve(t *testing.T, scripts ...script) (cfg imap.Config, appends *atomic.Int32) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	appends = &atomic.Int32{}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				converse(c, scripts, appends)
			}()
		}
	}()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	number, _ := strconv.Atoi(port)
	return imap.Config{Host: "127.0.0.1", Port: number, TLS: "none", Username: "ann", Folder: "Drafts",
		Password: func(context.Context) (string, error) { return "made-up", nil }}, appends
}

func converse(c net.Conn, scripts []script, appends *atomic.Int32) {
	say := func(text string) { _, _ = io.WriteString(c, text) }
	r := bufio.NewReader(c)
	say("* OK ready\r\n")
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		tag, command, _ := strings.Cut(strings.TrimSpace(line), " ")
		word, _, _ := strings.Cut(command, " ")
		switch word {
		case "CAPABILITY":
			say("* CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN\r\n")
		case "APPEND":
			now := scripts[min(int(appends.Add(1)), len(scripts))-1]
			say(strings.ReplaceAll(now.before, "TAG", tag))
			if now.before == "" || strings.HasPrefix(now.before, "* BYE") {
				return
			}
			if now.before[0] == '+' {
				got := make([]byte, len(letter)+2)
				if _, err := io.ReadFull(r, got); err != nil || string(got) != letter+"\r\n" {
					return
				}
				if now.whole != nil {
					close(now.whole)
				}
				say(strings.ReplaceAll(now.after, "TAG", tag))
				if now.after == "" || !strings.HasSuffix(now.after, "\r\n") || strings.HasPrefix(now.after, "* BYE") {
					return
				}
			}
			continue
		}
		say(tag + " OK done\r\n")
	}
}

func mail() sender.Mail {
	return sender.Mail{To: "b@example.com", Copies: []string{"c@example.com"}, Body: strings.NewReader(letter)}
}

// TestSend says what became of a message, whatever the server does, and that the message is appended once. It fails
// where an answer that is missing counts as another try, where a quota is final, and where a folder that is not there
// is asked for every message.
func TestSend(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		s     script
		class reply.Class
		about reply.About
		begun bool
	}{
		{"OK", script{before: "+ go\r\n", after: "TAG OK [APPENDUID 1 2] done\r\n"}, reply.OK, "", true},
		{"NO", script{before: "+ go\r\n", after: "TAG NO [CANNOT] bad message\r\n"}, reply.Message, reply.AboutMessage, true},
		{"BAD", script{before: "+ go\r\n", after: "TAG BAD what\r\n"}, reply.Message, reply.AboutMessage, true},
		{"quota", script{before: "+ go\r\n", after: "TAG NO [OVERQUOTA] full\r\n"}, reply.Retry, reply.AboutMessage, true},
		{"quota in words", script{before: "+ go\r\n", after: "TAG NO Quota exceeded\r\n"}, reply.Retry, reply.AboutMessage, true},
		{"NO before", script{before: "TAG NO [LIMIT] enough\r\n", after: ""}, reply.Retry, reply.AboutMessage, false},
		{"no folder", script{before: "TAG NO [TRYCREATE] no such folder\r\n", after: ""}, reply.Stop, reply.AboutServer, false},
		{"BYE before", script{before: "* BYE gone\r\n", after: ""}, reply.Retry, reply.AboutServer, false},
		{"end before", script{before: "", after: ""}, reply.Retry, reply.AboutServer, false},
		{"BYE behind", script{before: "+ go\r\n", after: "* BYE\r\n"}, reply.Unknown, reply.AboutMessage, true},
		{"end behind", script{before: "+ go\r\n", after: ""}, reply.Unknown, reply.AboutMessage, true},
		{"half an answer", script{before: "+ go\r\n", after: "TAG O"}, reply.Unknown, reply.AboutMessage, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			cfg, appends := serve(t, c.s)
			f, err := New(Config{IMAP: cfg})
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			begun := 0
			out := f.Send(t.Context(), mail(), func(context.Context) error { begun++; return nil })
			if out.Class != c.class || out.About != c.about || out.Begun != c.begun || (begun == 1) != c.begun {
				t.Errorf("%+v, begun %d times", out, begun)
			}
			if n := appends.Load(); n != 1 {
				t.Errorf("appended %d times", n)
			}
			if c.class != reply.OK && (out.Err == nil || out.Text == "") || c.class == reply.OK && out.Err != nil {
				t.Errorf("%q %v", out.Text, out.Err)
			}
			if c.begun && (len(out.Copies) != 1 || out.Copies[0].Accepted != (c.class == reply.OK)) {
				t.Errorf("copies: %+v", out.Copies)
			}
		})
	}
}

// A message that cannot be made, or must not begin, is not appended; a closed folder takes nothing.
func TestNothing(t *testing.T) {
	t.Parallel()
	cfg, appends := serve(t, script{before: "+ go\r\n", after: "TAG OK done\r\n"})
	f, err := New(Config{IMAP: cfg, Connections: 1})
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	yes := func(context.Context) error { return nil }
	errNo := errors.New("no")
	m := mail()
	m.Body = unmade{errNo}
	if out := f.Send(t.Context(), m, yes); out.Class != reply.Message || out.Begun || !errors.Is(out.Err, errNo) {
		t.Errorf("%+v", out)
	}
	if out := f.Send(t.Context(), mail(), func(context.Context) error { return errNo }); out.Class != "" ||
		!errors.Is(out.Err, errNo) {
		t.Errorf("%+v", out)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if out := f.Send(ended, mail(), yes); out.Class != "" || !errors.Is(out.Err, context.Canceled) {
		t.Errorf("%+v", out)
	}
	if out := f.Send(t.Context(), mail(), yes); out.Class != reply.OK {
		t.Errorf("%+v", out)
	}
	if err := errors.Join(f.Close(), f.Close()); err != nil {
		t.Error(err)
	}
	if out := f.Send(t.Context(), mail(), yes); out.Class != "" || !errors.Is(out.Err, sender.ErrClosed) {
		t.Errorf("%+v", out)
	}
	if n := appends.Load(); n != 2 {
		t.Errorf("%d times", n)
	}
}

type unmade struct{ err error }

func (u unmade) WriteTo(io.Writer) (int64, error) { return 0, u.err }

// TestAbort ends what waits: with the whole message handed over, nobody knows.
func TestAbort(t *testing.T) {
	t.Parallel()
	whole := make(chan struct{})
	cfg, _ := serve(t, script{before: "+ go\r\n", after: "* 1 EXISTS\r\n", whole: whole})
	cfg.Timeouts.Answer = time.Minute
	f, err := New(Config{IMAP: cfg})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	ctx, stop := context.WithCancel(t.Context())
	m := mail()
	m.Body = strings.NewReader(letter)
	done := make(chan sender.Outcome, 1)
	go func() {
		done <- f.Send(ctx, m, func(context.Context) error { return nil })
	}()
	<-whole
	stop()
	f.Abort()
	if out := <-done; out.Class != reply.Unknown || !out.Begun {
		t.Errorf("%+v", out)
	}
}
