package imap

import (
	"context"
	"errors"
	"testing"
	"time"

	"mailshot/internal/inbox/server"
)

// TestIdle waits at a server that says that there is something new, or that misbehaves meanwhile. What became of the
// connection does not matter: the next Each reads the box.
func TestIdle(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		idle func(p *peer) // behind IDLE; p.tag is its tag
	}{
		{"something new", func(p *peer) {
			tag := p.tag
			p.say("+ idling\r\n* 3 EXISTS\r\n")
			p.hear()
			p.say("%s OK done\r\n", tag)
		}},
		{"only talk", func(p *peer) { p.say("+ idling\r\n* OK still here\r\n"); p.hear(); p.hear() }},
		{"NO", func(p *peer) { p.say("%s NO not now\r\n", p.tag) }},
		{"hangs up", func(p *peer) { p.say("+ idling\r\n"); panic(over{}) }},
		{"hangs up at once", func(*peer) { panic(over{}) }},
		{"BYE", func(p *peer) { p.say("+ idling\r\n* BYE so long\r\n"); panic(over{}) }},
		{"endless talk", func(p *peer) { p.say("+ idling\r\n"); p.flood("* OK still here\r\n") }},
		{"endless line", func(p *peer) { p.say("+ idling\r\n* "); p.flood("x") }},
		{"a literal", func(p *peer) { p.say("+ idling\r\n* 1 FETCH (UID 3 BODY[] {400000}\r\n"); p.flood("x") }},
		{"many continuations", func(p *peer) { p.say("+\r\n+\r\n+\r\n"); p.hear() }},
		{"silence", func(p *peer) { p.hear() }},
		{"silence at the end", func(p *peer) { p.say("+ idling\r\n"); p.hear(); p.hear() }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			cfg, _ := serve(t, server.Implicit, func(p *peer) {
				behave(p, "examine", func(p *peer) {
					p.say("* 0 EXISTS\r\n* OK [UIDVALIDITY 7] \r\n")
					p.ok()
					for {
						if p.hear() == "IDLE" {
							c.idle(p)
							continue
						}
						p.say("* 0 EXISTS\r\n* OK [UIDVALIDITY 7] \r\n")
						p.ok()
					}
				})
			})
			cfg.Timeouts = Timeouts{Answer: time.Minute, Poll: time.Millisecond, Idle: 100 * time.Millisecond}
			switch c.name {
			case "something new":
				cfg.Timeouts.Idle = time.Hour
			case "only talk", "silence", "silence at the end", "many continuations":
				cfg.Timeouts.Answer = 3 * time.Second
			}
			b, err := New(cfg)
			if err != nil {
				t.Fatal(err)
			}
			defer b.Close()
			for range 2 {
				if found, err := eachOf(t.Context(), b); err != nil || len(found) > 0 {
					t.Fatalf("%v %v", found, err)
				}
				if err := b.Wait(t.Context()); err != nil {
					t.Error(err)
				}
			}
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			if err := b.Wait(ctx); !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		})
	}
}
