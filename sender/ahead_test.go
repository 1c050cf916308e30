package sender

import (
	"context"
	"errors"
	"testing"

	"mailshot/sender/reply"
)

// follow sends to b, with what b does ahead, while a is under way on the only connection, and returns when b has ended.
// a goes on when ready has a value or b has ended.
func follow(t *testing.T, p *Pool, ready <-chan struct{}, ahead func(context.Context, <-chan struct{}) error,
) (a, b Outcome, begun bool) {
	t.Helper()
	ended := make(chan struct{})
	a = p.Send(t.Context(), message("a@example.org"), func(context.Context) error {
		go func() {
			m := message("b@example.org")
			m.Ahead = ahead
			b = p.Send(t.Context(), m, func(context.Context) error { begun = true; return nil })
			close(ended)
		}()
		select {
		case <-ready:
		case <-ended:
		}
		return nil
	})
	<-ended
	return a, b, begun
}

// TestAhead: what a message needs is done while another one is on the wire. With Ahead called behind the wait, a waited
// for ever.
func TestAhead(t *testing.T) {
	t.Parallel()
	f := &fake{caps: []string{"PIPELINING"}}
	cfg := f.listen(t)
	cfg.Connections = 1
	ready := make(chan struct{}, 1)
	a, b, begun := follow(t, newPool(t, cfg), ready, func(context.Context, <-chan struct{}) error {
		ready <- struct{}{}
		return nil
	})
	if a.Class != reply.OK || b.Class != reply.OK || !begun {
		t.Errorf("a %+v, b %+v", a, b)
	}
	if conns, got, _ := f.snapshot(); conns != 1 || len(got) != 2 {
		t.Errorf("%d connections, stored %v", conns, got)
	}
}

// TestAheadFails: b may not go. Nothing of it is written, whether the server has heard of it or not, and a and c do not
// notice. b's outcome says whether the server has heard of it, because then b's use of the caps is spent. With nothing
// in the place of cutShort, "in its turn" ended without a stage.
func TestAheadFails(t *testing.T) {
	t.Parallel()
	no := errors.New("no")
	for name, c := range map[string]struct {
		ahead func(ready chan<- struct{}, turn <-chan struct{}) error
		stage reply.Stage
		conns int
	}{
		"at once": {func(chan<- struct{}, <-chan struct{}) error { return no }, "", 1},
		"in its turn": {func(ready chan<- struct{}, turn <-chan struct{}) error { close(ready); <-turn; return no },
			reply.Data, 2},
		"behind its turn": {func(ready chan<- struct{}, turn <-chan struct{}) error { close(ready); <-turn; return nil },
			"", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &fake{caps: []string{"PIPELINING"}}
			cfg := f.listen(t)
			cfg.Connections = 1
			p := newPool(t, cfg)
			ready := make(chan struct{})
			a, b, begun := follow(t, p, ready, func(_ context.Context,
				turn <-chan struct{}) error {
				return c.ahead(ready, turn)
			})
			ok := name == "behind its turn"
			if a.Class != reply.OK || begun != ok || ok != (b.Class == reply.OK) || !ok && !errors.Is(b.Err, no) {
				t.Errorf("a %+v, b %+v", a, b)
			}
			if !ok && b.Stage != c.stage {
				t.Errorf("b ended at %q, want %q", b.Stage, c.stage)
			}
			if out := p.Send(t.Context(), message("c@example.org"), always); out.Class != reply.OK {
				t.Errorf("c: %+v", out)
			}
			conns, got, _ := f.snapshot()
			if last := got[len(got)-1]; last.To != "c@example.org" || conns != c.conns {
				t.Errorf("%d connections, stored %v", conns, got)
			}
		})
	}
}

// TestCalledAndGone: a Send that is called to open a connection, and leaves, does not keep the next one waiting.
// Without the nudge in leave, c waited for ever.
func TestCalledAndGone(t *testing.T) {
	t.Parallel()
	f := &fake{}
	cfg := f.listen(t)
	cfg.Connections, cfg.MessagesPerConnection = 1, 1
	p := newPool(t, cfg)
	no := errors.New("no")
	ends := make(chan Outcome, 2)
	a := p.Send(t.Context(), message("a@example.org"), func(context.Context) error {
		go func() {
			m := message("b@example.org")
			m.Ahead = func(_ context.Context, turn <-chan struct{}) error { <-turn; return no }
			ends <- p.Send(t.Context(), m, always)
		}()
		queued(p, 1)
		go func() { ends <- p.Send(t.Context(), message("c@example.org"), always) }()
		queued(p, 2)
		return nil
	})
	b, c := <-ends, <-ends
	if a.Class != reply.OK || !errors.Is(b.Err, no) || b.Stage != "" || c.Class != reply.OK {
		t.Errorf("a %+v, b %+v, c %+v", a, b, c)
	}
}
