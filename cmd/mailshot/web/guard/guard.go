// Package guard decides who may ask the window anything. The window listens on this machine alone, but a browser also
// brings requests of other pages, and a machine may have other users. Call [New] for the address that the window listens
// on, give [Guard.Address] to the person, and put [Guard.Wrap] around everything that the window answers.
//
// Five rules hold for every request, a stream of events included:
//
//   - Its Host is the window's own address, so that no name that leads here by the DNS is taken for it (rebinding).
//   - Its Origin, where it has one, is the window's own, and so is its Sec-Fetch-Site. The same host with another port
//     is another site here.
//   - [http.CrossOriginProtection] holds for whatever changes something.
//   - It has the window's cookie. A browser gets the cookie once, for a ticket in the first address. Other users of the
//     machine may see that address among the arguments of a browser that is started with it, so on Linux the ticket is
//     good only for a browser of the same user.
//   - The answer says by its Content-Security-Policy that the page loads nothing but what the window serves.
//
// A Guard is safe for concurrent use.
package guard

import (
	"crypto/rand"
	"crypto/subtle"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
)

// Enter is the path of the first address.
const Enter = "/enter"

// Guard is the door of a window. Make one with New.
type Guard struct {
	host   string // as in a Host header
	cookie string // the cookie's name: cookies ignore ports, so it has the port in it
	secret string // the cookie's value
	policy string

	mu     sync.Mutex
	ticket string // "" = used
	cross  *http.CrossOriginProtection
}

// New makes the guard of a window at a loopback address. mail is the origin of the frames that show mail, as
// http://127.0.0.1:4711.
func New(at netip.AddrPort, mail string) *Guard {
	host := at.String()
	return &Guard{
		host: host, cookie: "mailshot-" + strings.TrimPrefix(host[strings.LastIndex(host, ":"):], ":"),
		secret: rand.Text(), ticket: rand.Text(), cross: http.NewCrossOriginProtection(),
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
		switch {
		case r.Host != g.host:
			refuse(w, "this window has another address")
		case !g.sameSite(r) || g.cross.Check(r) != nil: // also for the ticket, so that no page can use it up
			refuse(w, "another page asked for this; paste the address into the browser")
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
	if !sameUser(r.RemoteAddr, g.host) {
		refuse(w, "this window belongs to another user of this machine")
		return
	}
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

func (g *Guard) known(r *http.Request) bool {
	for _, c := range r.CookiesNamed(g.cookie) {
		if equal(c.Value, g.secret) {
			return true
		}
	}
	return false
}

func equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

func refuse(w http.ResponseWriter, why string) {
	http.Error(w, "mailshot: "+why, http.StatusForbidden)
}
