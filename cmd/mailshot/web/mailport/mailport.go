// Package mailport serves the HTML of mails to the window's frames. The mail is hostile to the window: so it comes from
// a port of its own, which is another origin for a browser, into a frame with every restriction of sandbox, under a
// policy that runs nothing. Cookies ignore ports, so this one takes none: each message has a secret in its path instead.
//
// Images from elsewhere are not loaded until a person asks for them. The program itself fetches nothing.
package mailport

import (
	"crypto/rand"
	"net/http"
	"strings"
	"sync"

	"mailshot/cmd/mailshot/opened"
)

// most is how many messages are kept; the oldest goes first.
const most = 64

// Port has the messages that the window shows. It is safe for concurrent use.
type Port struct {
	Host   string // of this port, as in a Host header
	Window string // the window's origin, which alone may frame a mail

	mu    sync.Mutex
	order []string
	kept  map[string]*opened.Message
}

// Origin is the port's own, as http://127.0.0.1:4712.
func (p *Port) Origin() string { return "http://" + p.Host }

// Keep keeps a message, and returns the address of its HTML. The address ends with a slash; "images" behind it shows the
// same with the images from elsewhere.
func (p *Port) Keep(m *opened.Message) string {
	secret := rand.Text()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.kept == nil {
		p.kept = map[string]*opened.Message{}
	}
	p.kept[secret], p.order = m, append(p.order, secret)
	if len(p.order) > most {
		delete(p.kept, p.order[0])
		p.order = p.order[1:]
	}
	return p.Origin() + "/" + secret + "/"
}

// policy is that of a mail. sandbox holds also when somebody opens the address outside of a frame.
const policy = "default-src 'none'; style-src 'unsafe-inline'; font-src data:; form-action 'none'; base-uri 'none'; sandbox; "

// Handler answers for the port. It refuses another Host, and what a page of another site asks for. A mail's own frame is
// of no origin, and so of another site: nothing in a mail leads back here.
func (p *Port) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{secret}/{$}", func(w http.ResponseWriter, r *http.Request) { p.show(w, r, "data:") })
	mux.HandleFunc("GET /{secret}/images", func(w http.ResponseWriter, r *http.Request) { p.show(w, r, "data: https: http:") })
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		site, origin := r.Header.Get("Sec-Fetch-Site"), r.Header.Get("Origin")
		if r.Host != p.Host || site == "cross-site" || origin != "" && origin != p.Window {
			http.Error(w, "mailshot: another address, or another page asked for this", http.StatusForbidden)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

func (p *Port) show(w http.ResponseWriter, r *http.Request, images string) {
	p.mu.Lock()
	m := p.kept[r.PathValue("secret")]
	p.mu.Unlock()
	h := w.Header()
	h.Set("Content-Security-Policy", policy+"img-src "+images+"; frame-ancestors "+p.Window)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	h.Set("Cross-Origin-Resource-Policy", "same-site")
	if m == nil {
		http.Error(w, "this message is not kept any more; load the page again", http.StatusNotFound)
		return
	}
	h.Set("Content-Type", "text/html; charset=utf-8")
	_, _ = strings.NewReader(m.Inlined()).WriteTo(w) // whoever asked may be gone
}
