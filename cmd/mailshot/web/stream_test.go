package web_test

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"mailshot/cmd/mailshot/web/runs"
)

// cable is between a browser and a window: a proxy that can be pulled out. Then streams of events end in the middle,
// and new ones are closed without an answer.
type cable struct {
	mu      sync.Mutex
	out     bool
	streams map[context.Context]context.CancelFunc
	tried   chan struct{} // closed when a stream was asked for while it was out
}

func (c *cable) pull() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.out, c.tried = true, make(chan struct{})
	for _, end := range c.streams {
		end()
	}
}

func (c *cable) plug() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.out = false
}

func (c *cable) open() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.streams)
}

func (c *cable) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	pass := &httputil.ReverseProxy{Rewrite: func(p *httputil.ProxyRequest) {
		p.Out.URL.Scheme, p.Out.URL.Host, p.Out.Host = "http", p.In.Host, p.In.Host
	}}
	if !strings.HasSuffix(r.URL.Path, "/events") {
		pass.ServeHTTP(w, r)
		return
	}
	ctx, end := context.WithCancel(r.Context())
	defer end()
	c.mu.Lock()
	if c.out {
		select {
		case <-c.tried:
		default:
			close(c.tried)
		}
		c.mu.Unlock()
		panic(http.ErrAbortHandler)
	}
	c.streams[ctx] = end
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		delete(c.streams, ctx)
		c.mu.Unlock()
	}()
	pass.ServeHTTP(w, r.WithContext(ctx))
}

// cabled is a cable, and what has a browser use it.
func cabled(t *testing.T) (*cable, []chromedp.ExecAllocatorOption) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cable{streams: map[context.Context]context.CancelFunc{}}
	s := &http.Server{Handler: c, ErrorLog: log.New(io.Discard, "", 0)}
	go func() { _ = s.Serve(l) }()
	t.Cleanup(func() { _ = s.Close() })
	return c, []chromedp.ExecAllocatorOption{chromedp.ProxyServer("http://" + l.Addr().String()),
		chromedp.Flag("proxy-bypass-list", "<-loopback>")}
}

// A stream of events that is cut off is taken up again, and the page shows what has come to pass meanwhile: here a run
// has gone on and ended. Seen to fail with a script that closes the stream when it hears of an error.
func TestStreamIsTakenUp(t *testing.T) {
	t.Parallel()
	c, options := cabled(t)
	w, run, begin := watching(t, options...)
	begin()
	w.wait(`[data-done="20"]`)
	if c.open() == 0 {
		t.Error("the page has no stream")
	}
	c.pull()
	select {
	case <-c.tried:
	case <-time.After(most):
		t.Fatal("the page does not ask for its stream again")
	}
	run.Pause()
	run.Abort()
	await(t, run, runs.Ended)
	if w.has("[data-exit]") {
		t.Error("the page knows the end without a stream: the test looks at nothing")
	}
	c.plug()
	w.wait("[data-exit]")
}

// hearing records what is said to those who do not see a page, and what changes in other parts that speak.
const hearing = `(() => {
	window.heard = []; window.noise = [];
	new MutationObserver(() => heard.push(document.querySelector("#spoken").textContent)).observe(
		document.querySelector("#spoken"), {childList: true, characterData: true, subtree: true});
	new MutationObserver((all) => { for (const m of all) {
		const e = m.target.nodeType === 1 ? m.target : m.target.parentElement;
		if (e?.closest("[aria-live], [role=status], [role=alert]")) noise.push(e.outerHTML.slice(0, 120));
	} }).observe(document.querySelector("main"), {childList: true, characterData: true, subtree: true});
})()`

// Those who do not see the page of a run hear how far it is, ten times at most, when it pauses and when it ends, each
// once. Seen to fail with the count of what is on the way in a part that speaks by itself. Nothing is answered before the
// test hears: on a slow machine the run was at its twentieth message by then, and said nothing more.
func TestSpoken(t *testing.T) {
	t.Parallel()
	w, run, begin := watching(t)
	w.run(chromedp.Evaluate(hearing, nil))
	begin()
	w.wait(`[data-done="20"]`)
	run.Pause()
	w.wait("main .actions summary")
	run.Abort()
	w.wait("[data-exit]")
	var heard, noise []string
	w.run(chromedp.Evaluate("heard", &heard), chromedp.Evaluate("noise", &noise))
	progress := 0
	for i, s := range heard {
		if slices.Contains(heard[:i], s) {
			t.Errorf("%q is said twice", s)
		}
		if strings.Contains(s, " of 30") {
			progress++
		}
	}
	if all := strings.Join(heard, "\n"); progress == 0 || progress > 10 || len(heard) > progress+6 ||
		!strings.Contains(all, "Pausing") || len(heard) == 0 || !strings.Contains(heard[len(heard)-1],
		w.number("[data-exit]")) {
		t.Errorf("heard %q, and the end is %q", heard, w.number("[data-exit]"))
	}
	if len(noise) > 0 {
		t.Errorf("other parts speak: %q", noise)
	}
}
