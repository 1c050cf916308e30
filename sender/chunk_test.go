package sender

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"mailshot/sender/reply"
	"mailshot/sender/smtp"
)

// sendThree warms a connection up, sends b in one write and c after it.
func sendThree(t *testing.T, f *fake, p *Pool) (b Outcome) {
	t.Helper()
	if out := p.Send(t.Context(), message("a@example.org"), always); out.Class != reply.OK {
		t.Fatalf("a: %+v", out)
	}
	b = p.Send(t.Context(), message("b@example.org"), func(context.Context) error {
		if n := f.count("MAIL"); n != 1 {
			t.Errorf("begin was called after %d MAILs", n)
		}
		return nil
	})
	if out := p.Send(t.Context(), message("c@example.org"), always); out.Class != reply.OK {
		t.Errorf("c: %+v", out)
	}
	return b
}

// TestChunkAnswers: every wrong way to answer a message that came in one write.
//
// It guards "never twice". Proven by breaking: with doubtful doing nothing, "drops at mail" came
// back as retry (the other rows have reply's table behind them too). With the look for an answer
// too many left out, "an answer too many" counted a message as sent whose answer was a refusal.
func TestChunkAnswers(t *testing.T) {
	t.Parallel()
	onB := func(stage string, do func(*peer)) func(*peer, string, string) bool {
		return func(p *peer, s, arg string) bool {
			if s != stage || p.n != 1 || p.sent < 1 || s == "end" && !strings.HasPrefix(arg, "b@") {
				return false
			}
			do(p)
			return true
		}
	}
	type want struct {
		class  reply.Class
		about  reply.About
		stored string
		conns  int
		rset   int
		bdat   int // with c's
	}
	store := func(p *peer) { p.store(stored{To: "b@example.org"}) }
	for name, c := range map[string]struct {
		on   func(*peer, string, string) bool
		want want
	}{
		"polite":       {nil, want{reply.OK, "", "a b c", 1, 0, 2}},
		"rcpt refused": {at1("rcpt", "b@", "550 5.1.1 no such user"), want{reply.Refuse, "recipient", "a c", 1, 1, 2}},
		"rcpt refused, the message taken": {both(at1("rcpt", "b@", "550 5.1.1 no such user"),
			onB("bdat", func(p *peer) {
				_, _ = p.br.Discard(len(message("b@example.org").Body.(text)))
				p.say("250 2.0.0 queued")
			})), want{reply.Unknown, "message", "a c", 2, 0, 1}},
		"the message refused": {onB("end", says("554 5.7.1 spam")), want{reply.Message, "message", "a c", 1, 1, 2}},
		"deferred":            {onB("end", says("451 4.3.0 later")), want{reply.Retry, "message", "a c", 1, 1, 2}},
		"421 to mail": {onB("mail", func(p *peer) { p.say("421 4.3.2 bye"); p.drop() }),
			want{reply.Hold, "server", "a c", 2, 0, 0}},
		"421 to rcpt": {onB("rcpt", func(p *peer) { p.say("421 4.3.2 bye"); p.drop() }),
			want{reply.Hold, "server", "a c", 2, 0, 0}},
		"421 at the end": {onB("end", func(p *peer) { p.say("421 4.3.2 bye"); p.drop() }),
			want{reply.Hold, "server", "a c", 2, 0, 1}},
		"drops at mail": {onB("mail", (*peer).drop), want{reply.Unknown, "message", "a c", 2, 0, 0}},
		"stores and drops": {onB("end", func(p *peer) { store(p); p.drop() }),
			want{reply.Unknown, "message", "a b c", 2, 0, 1}},
		"resets": {onB("end", (*peer).reset), want{reply.Unknown, "message", "a c", 2, 0, 1}},
		"half an answer": {onB("end", func(p *peer) { p.raw("250 2.0.0 que"); p.drop() }),
			want{reply.Unknown, "message", "a c", 2, 0, 1}},
		"354": {onB("end", says("354 more")), want{reply.Unknown, "message", "a c", 2, 0, 1}},
		"an answer too many": {onB("end", says("250 ok", "554 5.7.1 spam")),
			want{reply.Unknown, "message", "a c", 2, 0, 1}},
		"a refusal too many": {onB("end", says("550 no", "250 2.0.0 queued")),
			want{reply.Unknown, "message", "a c", 2, 0, 1}},
		"BDAT is not known": {onB("bdat", func(p *peer) { p.say("502 5.5.2 what?"); p.drop() }),
			want{reply.Retry, "server", "a c", 2, 0, 1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &fake{caps: []string{"PIPELINING", "CHUNKING", "ENHANCEDSTATUSCODES"}, on: c.on}
			cfg := f.listen(t)
			cfg.Connections = 1
			p := newPool(t, cfg)
			b := sendThree(t, f, p)
			if b.Class != c.want.class || b.About != c.want.about || !b.Begun {
				t.Errorf("got %+v, want %+v", b, c.want)
			}
			conns, got, _ := f.snapshot()
			var to []string
			for _, m := range got {
				to = append(to, m.To[:1])
			}
			have := strings.Join(to, " ")
			if have != c.want.stored || conns != c.want.conns || f.count("RSET") != c.want.rset ||
				f.count("BDAT") != c.want.bdat {
				t.Errorf("stored %q over %d connections, %d RSETs, %d BDATs, want %+v", have, conns, f.count("RSET"),
					f.count("BDAT"), c.want)
			}
		})
	}
}

// TestChunkAborted: the pool is aborted between two answers to a message that went out in one
// write. All the answers have come already. The message is in doubt up to the last one. This has
// failed: when all answers read so far were a yes, and the session was closed, Send panicked.
func TestChunkAborted(t *testing.T) {
	t.Parallel()
	for after, want := range []reply.Class{reply.Unknown, reply.Unknown, reply.OK} { // MAIL, RCPT, the end
		synctest.Test(t, func(t *testing.T) {
			f := &fake{caps: []string{"PIPELINING", "CHUNKING"}}
			p, err := New(f.pipe())
			if err != nil {
				t.Fatal(err)
			}
			armed, answers := false, 0
			p.tune = func(o *smtp.Options) {
				o.Trace = func(server bool, _ string) {
					if !server || !armed {
						return
					}
					if answers == after {
						p.Abort()
					}
					answers++
				}
			}
			if out := p.Send(t.Context(), message("a@example.org"), always); out.Class != reply.OK {
				t.Fatalf("a: %+v", out)
			}
			out := p.Send(t.Context(), message("b@example.org"),
				func(context.Context) error { armed = true; return nil })
			if out.Class != want || !out.Begun || f.count("DATA") != 1 {
				t.Errorf("aborted after answer %d: got %+v, want %s", after, out, want)
			}
			p.Close()
		})
	}
}

// TestChunkBytes: BDAT carries the same bytes as DATA, dots and all. A message over the limit, or
// of unknown size, goes by DATA.
func TestChunkBytes(t *testing.T) {
	t.Parallel()
	f := &fake{caps: []string{"PIPELINING", "CHUNKING"}}
	cfg := f.listen(t)
	cfg.ChunkLimit = 1000
	p := newPool(t, cfg)
	large, unknown := message("b@example.org"), message("b@example.org")
	large.Body = text(strings.Repeat("..........\r\n", 200))
	large.Size = 2400
	unknown.Size = 0
	for i, m := range []Mail{message("a@example.org"), message("b@example.org"), large, unknown} {
		if out := p.Send(t.Context(), m, always); out.Class != reply.OK {
			t.Fatalf("got %+v", out)
		}
		_, got, _ := f.snapshot()
		if got[i].Data != string(m.Body.(text)) {
			t.Errorf("message %d arrived as %q", i, got[i].Data)
		}
	}
	if f.count("BDAT") != 1 || f.count("DATA") != 3 {
		t.Errorf("%d by BDAT, %d by DATA", f.count("BDAT"), f.count("DATA"))
	}
}

// TestChunkBegin: before begin, and without it, nothing is written. With begin called and its error
// ignored, b's message was stored.
func TestChunkBegin(t *testing.T) {
	t.Parallel()
	f := &fake{caps: []string{"PIPELINING", "CHUNKING"}}
	cfg := f.listen(t)
	p := newPool(t, cfg)
	if out := p.Send(t.Context(), message("a@example.org"), always); out.Class != reply.OK {
		t.Fatalf("a: %+v", out)
	}
	no := errors.New("on the suppression list")
	out := p.Send(t.Context(), message("b@example.org"), func(context.Context) error { return no })
	if out.Class != "" || out.Begun || !errors.Is(out.Err, no) || out.Stage != "" {
		t.Errorf("got %+v", out)
	}
	bad := message("b@example.org")
	bad.Body = text("a\nb\r\n")
	if out := p.Send(t.Context(), bad, always); out.Class != reply.Message || out.Begun {
		t.Errorf("got %+v", out)
	}
	if out := p.Send(t.Context(), message("c@example.org"), always); out.Class != reply.OK {
		t.Errorf("c: %+v", out)
	}
	if conns, got, _ := f.snapshot(); conns != 1 || len(got) != 2 || f.count("MAIL") != 2 {
		t.Errorf("%d connections, stored %v, %d MAILs", conns, got, f.count("MAIL"))
	}
}
