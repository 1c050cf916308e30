// Package guard decides who may ask the window anything. The window listens on this machine alone, but a browser also
// brings requests of other pages, and a machine may have other users. Call [New] for the address that the window
// listens on, give [Guard.Address] to the person, and put [Guard.Wrap] around everything that the window answers.
//
// Six rules hold for every request, a stream of events included:
//
//   - Its Host is the window's own address, so that no name that leads here by the DNS is taken for it (rebinding).
//   - Its Origin, where it has one, is the window's own, and so is its Sec-Fetch-Site. The same host with another port
//     is another site here.
//   - [http.CrossOriginProtection] holds for whatever changes something.
//   - It has the window's cookie. A browser gets the cookie once, for a ticket in the first address.
//   - On Linux it comes from a program of the same user. Other users of the machine may see the first address among the
//     arguments of a browser that is started with it. They may also see the cookie: cookies ignore ports, so that a
//     browser gives this one to any server of this machine that its person looks at.
//   - The answer says by its Content-Security-Policy that the page loads nothing but what the window serves.
//
// A Guard is safe for concurrent use.
package guard

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"sync"
	"time"
)

// Enter is the path of the first address.
const Enter = "/enter"

// Guard is the door of a window. Make one with New.
type Guard struct {
	at     string // what the window listens on
	host   string // as in a Host header
	cookie string // the cookie's name: cookies ignore ports, so it has the port in it
	secret string // the cookie's value
	policy string
	same   func(peer, at string) bool // sameUser

	mu     sync.Mutex
	ticket string // "" = used
	cross  *http.CrossOriginProtection
}

// New makes the guard of a window at a loopback address. mail is the origin of the frames that show mail, as
// http://127.0.0.1:4711.
func New(at netip.AddrPort, mail string) *Guard {
	port := strconv.Itoa(int(at.Port()))
	host := at.String()
	if at.Port() == 80 { // a browser leaves it out
		host = host[:len(host)-len(":80")]
	}
	return &Guard{
		at: at.String(), host: host, cookie: "mailshot-" + port,
		secret: rand.Text(), ticket: rand.Text(), cross: http.NewCrossOriginProtection(), same: sameUser,
		policy: "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
			"font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; frame-src " + mail,
	}
}

// Loopback parses an address to listen on. Anything but this machine's own is refused: everybody on the network could
// read the list and send with the person's password.
func Loopback(listen string) (netip.AddrPort, error) {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return netip.AddrPort{}, err
	}
	if host == "localhost" {
		host = "127.0.0.1"
	}
	at, err := netip.ParseAddrPort(net.JoinHostPort(host, port))
	if err != nil {
		return at, err
	}
	if !at.Addr().IsLoopback() {
		return at, &net.AddrError{Err: "not an address of this machine alone", Addr: listen}
	}
	return at, nil
}

// Origin is the window's own, as http://127.0.0.1:4711.
func (g *Guard) Origin() string { return "http://" + g.host }

// Address is the address to open first. It works once.
func (g *Guard) Address() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.Origin() + Enter + "?" + url.Values{"ticket": {g.ticket}}.Encode()
}

// Wrap lets through to next only what may ask. It answers the first address itself.
func (g *Guard) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", g.policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin") // with no-referrer a form's Origin is null
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		h.Set("X-DNS-Prefetch-Control", "off") // no name in a link is looked up before somebody follows it
		switch {
		case r.Host != g.host:
			refuse(w, "this window has another address")
		case !g.sameSite(r) || g.cross.Check(r) != nil: // also for the ticket, so that no page can use it up
			refuse(w, "another page asked for this; paste the address into the browser")
		case !g.sameUser(r):
			refuse(w, "this window belongs to another user of this machine")
		case r.URL.Path == Enter && r.Method == http.MethodGet:
			g.enter(w, r)
		case !g.known(r):
			refuse(w, "this window belongs to whoever started it; open the address that mailshot ui has printed, "+
				"or start mailshot ui again")
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// enter changes the ticket into the cookie, and takes it out of the address.
func (g *Guard) enter(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	ok := g.ticket != "" && equal(r.URL.Query().Get("ticket"), g.ticket)
	if ok {
		g.ticket = ""
	}
	g.mu.Unlock()
	if !ok {
		if g.known(r) { // a reload of the first address
			http.Redirect(w, r, "/", http.StatusSeeOther)
			return
		}
		refuse(w, "this address worked once; start mailshot ui again for another")
		return
	}
	http.SetCookie(w, &http.Cookie{Name: g.cookie, Value: g.secret, Path: "/", HttpOnly: true,
		SameSite: http.SameSiteStrictMode})
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// sameSite reports whether the window's own pages, or the person, ask.
func (g *Guard) sameSite(r *http.Request) bool {
	if o := r.Header.Get("Origin"); o != "" && o != g.Origin() {
		return false
	}
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "same-origin":
		return true
	case "none": // an address that a person typed or opened
		return r.Method == http.MethodGet || r.Method == http.MethodHead
	}
	return false
}

// asker is the key under which a connection's context says whether it is of the same user.
type asker struct{}

// Connection is for http.Server.ConnContext: it has the user of a connection looked up once, when something is asked on
// it, and not again for each request.
func (g *Guard) Connection(ctx context.Context, c net.Conn) context.Context {
	peer := c.RemoteAddr().String()
	return context.WithValue(ctx, asker{}, sync.OnceValue(func() bool { return g.same(peer, g.at) }))
}

// sameUser reports whether a request comes from a program of this process's user, as far as that can be known.
func (g *Guard) sameUser(r *http.Request) bool {
	if is, ok := r.Context().Value(asker{}).(func() bool); ok {
		return is()
	}
	return g.same(r.RemoteAddr, g.at)
}

func (g *Guard) known(r *http.Request) bool {
	for _, c := range r.CookiesNamed(g.cookie) {
		if equal(c.Value, g.secret) {
			return true
		}
	}
	return false
}

func equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// patience is how long the rest of a refused request may take.
const patience = 5 * time.Second

func refuse(w http.ResponseWriter, why string) {
	// The server reads on before it answers: whoever is refused is not waited for.
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(patience)) // not every ResponseWriter has one
	http.Error(w, "mailshot: "+why, http.StatusForbidden)
}
