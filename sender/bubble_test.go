package sender

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"mailshot/sender/reply"
)

// TestTimeouts: each wait ends, and what that means depends on whether the dot was sent.
func TestTimeouts(t *testing.T) {
	t.Parallel()
	// silent says nothing at a stage; slow one byte each ten seconds, for ever.
	silent := func(stage string) func(*peer, string, string) bool {
		return func(p *peer, s, _ string) bool { return s == stage }
	}
	slow := func(stage string) func(*peer, string, string) bool {
		return func(p *peer, s, _ string) bool {
			if s != stage {
				return false
			}
			for _, err := io.WriteString(p.conn, "2"); err == nil; _, err = io.WriteString(p.conn, "5") {
				time.Sleep(10 * time.Second) // synctest: no time passes
			}
			return true
		}
	}
	stuck := func(p *peer, s, _ string) bool {
		if s == "body" {
			time.Sleep(time.Hour) // reads nothing
		}
		return s == "body"
	}
	for name, c := range map[string]struct {
		on    func(*peer, string, string) bool
		class reply.Class
		after time.Duration
	}{
		"silent greeting":        {silent("greeting"), reply.Retry, 5 * time.Minute},
		"silent ehlo":            {silent("ehlo"), reply.Retry, 5 * time.Minute},
		"silent mail":            {silent("mail"), reply.Retry, 5 * time.Minute},
		"silent rcpt":            {silent("rcpt"), reply.Retry, 5 * time.Minute},
		"silent data":            {silent("data"), reply.Retry, 5 * time.Minute},
		"silent after the dot":   {silent("end"), reply.Unknown, 10 * time.Minute},
		"slow greeting":          {slow("greeting"), reply.Retry, 5 * time.Minute},
		"slow rcpt":              {slow("rcpt"), reply.Retry, 5 * time.Minute},
		"slow after the dot":     {slow("end"), reply.Unknown, 10 * time.Minute},
		"stops reading the body": {stuck, reply.Retry, 3 * time.Minute},
		"answer after 9 minutes": {func(p *peer, s, to string) bool {
			if s == "end" {
				time.Sleep(9 * time.Minute)
			}
			return false
		}, reply.OK, 9 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := &fake{on: c.on}
				p, err := New(f.pipe())
				if err != nil {
					t.Fatal(err)
				}
				start := time.Now()
				out := p.Send(t.Context(), message("a@example.org"), always)
				took := time.Since(start)
				if out.Class != c.class || took != c.after {
					t.Errorf("class %s after %v (%v), want %s after %v", out.Class, took, out.Err, c.class, c.after)
				}
				p.Abort()
				p.Close()
				time.Sleep(2 * time.Hour) // the server finds out
			})
		})
	}
}

// TestRefusedConnections: however many ask, and however often, a server that cannot be reached is
// tried seldom. When it is back, mail goes.
func TestRefusedConnections(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{}
		cfg := f.pipe()
		polite := cfg.Dial
		var mu sync.Mutex
		dials, up := 0, false
		cfg.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			mu.Lock()
			defer mu.Unlock()
			if dials++; !up {
				return nil, syscall.ECONNREFUSED
			}
			return polite(ctx, network, address)
		}
		cfg.Connections = 8
		p, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() {
				for range 1000 {
					out := p.Send(t.Context(), message("a@example.org"), always)
					if out.Class != reply.Retry || out.About != "server" || out.HoldOff <= 0 || out.Begun {
						t.Errorf("got %+v", out)
						return
					}
					time.Sleep(10 * time.Second)
				}
			})
		}
		wg.Wait() // 10,000 refusals in 10,000 s
		if dials < 8 || dials > 30 {
			t.Errorf("%d attempts to connect", dials)
		}
		mu.Lock()
		up = true
		mu.Unlock()
		out := p.Send(t.Context(), message("a@example.org"), always)
		time.Sleep(out.HoldOff)
		if out := p.Send(t.Context(), message("a@example.org"), always); out.Class != reply.OK {
			t.Errorf("got %+v", out)
		}
		p.Close()
	})
}

// TestFewConnections: a server that allows two connections gets two, and all the mail.
func TestFewConnections(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		open, most, refused := 0, 0, 0
		f := &fake{}
		f.on = func(p *peer, stage, _ string) bool {
			mu.Lock()
			defer mu.Unlock()
			switch stage {
			case "greeting":
				if open >= 2 {
					refused++
					p.say("421 4.7.0 too many connections")
					p.drop()
					return true
				}
				open++
				most = max(most, open)
			case "quit":
				open--
			}
			return false
		}
		cfg := f.pipe()
		cfg.Connections = 8
		p, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Check(t.Context()); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for w := range 16 {
			wg.Go(func() {
				for i := range 50 {
					out := p.Send(t.Context(), message(fmt.Sprintf("p%d-%d@example.org", w, i)), always)
					if out.Class != reply.OK {
						t.Errorf("got %+v", out)
					}
				}
			})
		}
		wg.Wait()
		if _, got, _ := f.snapshot(); len(got) != 800 || most > 2 || refused > 30 {
			t.Errorf("%d messages, %d connections at most, %d refused", len(got), most, refused)
		}
		p.Close()
	})
}

// TestRefusedBesideOthers: a server refuses a second connection. Before its answer is here, the
// first connection has carried all that it may and is gone. The server is not down: the next
// attempt is made at once. This has failed: the message came back with a wait of a minute.
func TestRefusedBesideOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		second, over := make(chan bool), make(chan bool)
		f := &fake{}
		f.on = func(p *peer, stage, _ string) bool {
			switch {
			case stage == "end" && p.n == 1:
				<-second
			case stage == "quit" && p.n == 1:
				defer close(over)
			case stage == "greeting" && p.n == 2:
				close(second)
				<-over
				time.Sleep(time.Second)
				p.say("421 4.7.0 too many connections")
				p.drop()
				return true
			}
			return false
		}
		cfg := f.pipe()
		cfg.Connections, cfg.MessagesPerConnection = 2, 1
		p, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Check(t.Context()); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for _, to := range []string{"a@example.org", "b@example.org"} {
			wg.Go(func() {
				if out := p.Send(t.Context(), message(to), always); out.Class != reply.OK {
					t.Errorf("%s: got %+v", to, out)
				}
			})
			synctest.Wait()
		}
		wg.Wait()
		if conns, got, _ := f.snapshot(); conns != 3 || len(got) != 2 {
			t.Errorf("%d connections, %d messages", conns, len(got))
		}
		p.Close()
	})
}

// TestReuse: messages per connection, the idle time, and QUIT at the end.
func TestReuse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{}
		cfg := f.pipe()
		cfg.MessagesPerConnection = 3
		events := map[EventKind]int{}
		var mu sync.Mutex
		cfg.Observe = func(e Event) { mu.Lock(); events[e.Kind]++; mu.Unlock() }
		p, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		send := func(n int) {
			for range n {
				if out := p.Send(t.Context(), message("a@example.org"), always); out.Class != reply.OK {
					t.Fatalf("got %+v", out)
				}
			}
			synctest.Wait()
		}
		send(7)
		if conns, _, _ := f.snapshot(); conns != 3 || f.count("QUIT") != 2 {
			t.Errorf("%d connections, %d QUITs for 7 messages, 3 a connection", conns, f.count("QUIT"))
		}
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if f.count("QUIT") != 3 {
			t.Error("an idle connection was kept")
		}
		send(1)
		p.Close()
		conns, _, _ := f.snapshot()
		if conns != 4 || f.count("QUIT") != 4 || events["opened"] != 4 || events["closed"] != 4 {
			t.Errorf("%d connections, %d QUITs, events %v", conns, f.count("QUIT"), events)
		}
		out := p.Send(t.Context(), message("a@example.org"), always)
		if !errors.Is(out.Err, ErrClosed) || out.Class != "" {
			t.Errorf("after Close: %+v", out)
		}
	})
}

// TestInterrupted ends ctx, and then the pool, at each moment of a transaction.
//
// It guards "never lost": with the transaction still tied to ctx after begin, the row "end" came
// back unknown instead of sent.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"ctx", "abort"} {
		for stage, want := range map[string]map[string]reply.Class{
			"greeting": {"ctx": "", "abort": ""},
			"ehlo":     {"ctx": "", "abort": ""},
			"mail":     {"ctx": "", "abort": ""},
			"data":     {"ctx": "", "abort": ""},
			"begin":    {"ctx": reply.OK, "abort": reply.Retry},
			"end":      {"ctx": reply.OK, "abort": reply.Unknown},
		} {
			t.Run(how+" at "+stage, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					ctx, cancel := context.WithCancel(t.Context())
					defer cancel()
					var p *Pool
					end := func() {
						if how == "ctx" {
							cancel()
						} else {
							p.Abort()
						}
						time.Sleep(time.Second)
					}
					f := &fake{on: func(_ *peer, s, _ string) bool {
						if s == stage {
							end()
						}
						return false
					}}
					p, err := New(f.pipe())
					if err != nil {
						t.Fatal(err)
					}
					begun := false
					out := p.Send(ctx, message("a@example.org"), func(context.Context) error {
						begun = true
						if stage == "begin" {
							end()
						}
						return nil
					})
					if out.Class != want[how] || out.Begun != begun || begun != (stage == "begin" || stage == "end") {
						t.Errorf("class %q begun %v, want %q: %v", out.Class, out.Begun, want[how], out.Err)
					}
					if out.Class == "" && how == "ctx" && !errors.Is(out.Err, context.Canceled) ||
						out.Class == "" && how == "abort" && !errors.Is(out.Err, ErrAborted) {
						t.Errorf("error %v", out.Err)
					}
					time.Sleep(time.Minute)
					p.Abort()
					p.Close()
				})
			})
		}
	}
}

// TestWaiting: a Send that waits for a connection leaves when ctx ends.
func TestWaiting(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{on: func(_ *peer, s, _ string) bool {
			if s == "end" {
				time.Sleep(time.Minute)
			}
			return false
		}}
		cfg := f.pipe()
		cfg.Connections = 1
		p, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		first := make(chan Outcome)
		go func() { first <- p.Send(t.Context(), message("a@example.org"), always) }()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		out := p.Send(ctx, message("b@example.org"), always)
		if out.Class != "" || !errors.Is(out.Err, context.DeadlineExceeded) {
			t.Errorf("got %+v", out)
		}
		if out := <-first; out.Class != reply.OK {
			t.Errorf("got %+v", out)
		}
		p.Close()
	})
}
