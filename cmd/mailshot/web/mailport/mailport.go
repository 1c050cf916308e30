// Package mailport serves the HTML of mails to the window's frames. The mail is hostile to the window: so it comes
// from a port of its own, which is another origin for a browser, into a frame with every restriction of sandbox,
// under a policy that runs nothing. Cookies ignore ports, so this one takes none: each message has a secret in its
// path instead.
//
// Images from elsewhere are not loaded until a person asks for them. The program itself fetches nothing.
package mailport

import (
	"crypto/rand"
	"io"
	"mime"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/net/html"

	"mailshot/cmd/mailshot/opened"
)

// How many messages are kept, and how many bytes of them; the oldest goes first, and the newest always stays.
const (
	most      = 64
	mostBytes = 96 << 20
)

// Port has the messages that the window shows. It is safe for concurrent use.
type Port struct {
	Host   string // of this port, as in a Host header
	Window string // the window's origin, which alone may frame a mail

	mu    sync.Mutex
	order []string
	kept  map[string]*opened.Message
	bytes int // of kept
}

// Origin is the port's own, as http://127.0.0.1:4712.
func (p *Port) Origin() string { return "http://" + p.Host }

// Keep keeps a message, and returns the address of its HTML. The address ends with a slash; "images" behind it shows
// the same with the images from elsewhere, "files/0" is the first of its files, and the query "forced" has its own
// images ready for a frame whose colours are turned round.
func (p *Port) Keep(m *opened.Message) string {
	secret := rand.Text()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.kept == nil {
		p.kept = map[string]*opened.Message{}
	}
	p.kept[secret], p.order = m, append(p.order, secret)
	for p.bytes += weight(m); len(p.order) > most || p.bytes > mostBytes && len(p.order) > 1; p.order = p.order[1:] {
		p.bytes -= weight(p.kept[p.order[0]])
		delete(p.kept, p.order[0])
	}
	return p.Origin() + "/" + secret + "/"
}

// weight is about how many bytes of memory a message takes.
func weight(m *opened.Message) int {
	n := len(m.Text) + len(m.HTML)
	for _, f := range m.Files {
		n += len(f.Body)
	}
	return n
}

// policy is that of a mail. sandbox holds also when somebody opens the address outside of a frame.
const policy = "default-src 'none'; style-src 'unsafe-inline'; font-src data:; form-action 'none'; base-uri 'none'; sandbox; "

// Handler answers for the port. It refuses another Host, and what a page of another site asks for. A mail's own frame
// is of no origin, and so of another site: nothing in a mail leads back here.
func (p *Port) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{secret}/{$}", func(w http.ResponseWriter, r *http.Request) { p.show(w, r, "data:") })
	mux.HandleFunc("GET /{secret}/images", func(w http.ResponseWriter, r *http.Request) { p.show(w, r, "data: https: http:") })
	mux.HandleFunc("GET /{secret}/files/{n}", p.file)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		site, origin := r.Header.Get("Sec-Fetch-Site"), r.Header.Get("Origin")
		if r.Host != p.Host || site == "cross-site" || origin != "" && origin != p.Window {
			http.Error(w, "mailshot: another address, or another page asked for this", http.StatusForbidden)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// blank has links ask for a window of their own, which the sandbox refuses: nothing opens, and the mail stays. It
// stands behind the mail, which may begin with a doctype.
const blank = `<base target="_blank">`

// still is the HTML with blank, and with links that lead nowhere: a browser opens a link in a new tab, whatever the
// sandbox says, when somebody holds a key. It also connects to what <link> names, whatever the policy says. Links still
// look like links, and the rest stays byte for byte.
func still(text string) string {
	out := quiet(text)
	if leadsOut(out) { // a browser takes it apart in another way: then no attribute has such a name
		out = leading.ReplaceAllString(out, "x-$0")
	}
	return out + blank
}

// quiet is the HTML with tags that lead nowhere.
func quiet(text string) string {
	var b strings.Builder
	z := html.NewTokenizer(strings.NewReader(text))
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			b.Write(z.Raw())
			return b.String()
		}
		raw := string(z.Raw())
		if kind == html.StartTagToken || kind == html.SelfClosingTagToken {
			t := z.Token()
			if t.Data == "noscript" { // nothing runs in the frame, so that a browser shows what is in it
				z.NextIsNotRawText()
			}
			if t.Data == "a" || t.Data == "area" || t.Data == "base" || slices.ContainsFunc(t.Attr, func(a html.Attribute) bool {
				return leads(t.Data, a)
			}) {
				raw = nowhere(t)
			}
		}
		b.WriteString(raw)
	}
}

// leading are the names of attributes that lead somewhere, and of the one that an animation changes.
var leading = regexp.MustCompile(`(?i)href|srcdoc|attributename`)

// leads reports whether an attribute of an element leads out of the mail, or has another page in it.
func leads(element string, a html.Attribute) bool {
	key := strings.ToLower(a.Key)
	href := key == "href" || strings.HasSuffix(key, ":href")
	switch element {
	case "a", "area":
		return href && a.Val != "#" || key == "target" || key == "ping" || key == "download"
	case "base", "link":
		return href || element == "base"
	}
	return key == "srcdoc" || key == "attributename" && strings.Contains(strings.ToLower(a.Val), "href")
}

// leadsOut reports whether a browser that runs nothing finds something that leads out of the mail.
func leadsOut(text string) bool {
	doc, err := html.ParseWithOptions(strings.NewReader(text), html.ParseOptionEnableScripting(false))
	if err != nil { // too deep to be known
		return true
	}
	for n := range doc.Descendants() {
		if n.Type == html.ElementNode && slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return leads(n.Data, a) }) {
			return true
		}
	}
	return false
}

// nowhere is a tag without what leads somewhere.
func nowhere(t html.Token) string {
	t.Attr = slices.DeleteFunc(t.Attr, func(a html.Attribute) bool {
		link := t.Data == "a" || t.Data == "area"
		return leads(t.Data, a) && (!link || !strings.HasSuffix(a.Key, "href"))
	})
	for i := range t.Attr {
		if a := &t.Attr[i]; leads(t.Data, *a) {
			a.Val = "#"
		}
	}
	return t.String()
}

// turned turns images back whose frame turns all colours round: programs that force dark colours leave images alone.
const turned = "<style>img,video,[background]{filter:invert(1) hue-rotate(180deg)!important}</style>"

func (p *Port) show(w http.ResponseWriter, r *http.Request, images string) {
	m := p.message(w, r, images)
	if m == nil {
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	text := still(m.Inlined())
	if r.URL.Query().Has("forced") {
		text += turned
	}
	_, _ = io.WriteString(w, text) // whoever asked may be gone
}

// file gives one of a message's files to be kept. A browser opens none of them.
func (p *Port) file(w http.ResponseWriter, r *http.Request) {
	m := p.message(w, r, "'none'")
	if m == nil {
		return
	}
	n, err := strconv.Atoi(r.PathValue("n"))
	if err != nil || n < 0 || n >= len(m.Files) {
		http.Error(w, "the message has no such file", http.StatusNotFound)
		return
	}
	name := path.Base(strings.ReplaceAll(m.Files[n].Name, `\`, "/"))
	if name == "." || name == "/" {
		name = "file-" + strconv.Itoa(n+1)
	}
	h := w.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	_, _ = w.Write(m.Files[n].Body)
}

// message is the message that a request is about. It sets the header of the answer. If there is no message, it answers,
// and returns nil.
func (p *Port) message(w http.ResponseWriter, r *http.Request, images string) *opened.Message {
	p.mu.Lock()
	m := p.kept[r.PathValue("secret")]
	p.mu.Unlock()
	h := w.Header()
	h.Set("Content-Security-Policy", policy+"img-src "+images+"; frame-ancestors "+p.Window)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	h.Set("Cross-Origin-Resource-Policy", "same-site")
	h.Set("X-DNS-Prefetch-Control", "off")
	if m == nil {
		http.Error(w, "this message is not kept any more; load the page again", http.StatusNotFound)
	}
	return m
}
