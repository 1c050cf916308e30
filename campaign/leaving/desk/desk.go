// Package desk is the web page on which people unsubscribe: [New] makes a [Desk], which is an http.Handler. A GET shows
// a page and changes nothing. A POST acts, and is answered when its result is on the disk.
//
// A POST acts if its body is the one of RFC 8058 (List-Unsubscribe=One-Click), or the one of the button on the page. It
// needs no cookie and no login, and its answer is not a redirect. The token in the address says what the POST may do:
// only the person who got the message has the token. The token has the hash of the person's address, and the accounts
// keep what a campaign's tokens mean. So the desk needs no ledger, and never knows an address.
//
// The answer is the same for a genuine token, a token that is not genuine, and a token of a rehearsal: the same text,
// status, length and time, because each POST that may act waits for a transaction of the accounts. One transaction
// serves all POSTs that wait for it.
//
// An unsubscribe can be taken back for an hour, by a form on the answer to the button. One click is answered in a word,
// because nobody sees the answer; a person who then presses the button can take both back. The form has a sealed note
// of when the entry was made, so the desk keeps nothing in memory. Taking back removes only the entry that this
// person's unsubscribe has made.
package desk

import (
	"context"
	"crypto/cipher"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"mailshot/campaign/accounts"
	"mailshot/campaign/leaving"
	"mailshot/campaign/leaving/visitors"
	"mailshot/campaign/leaving/words"
)

// Config is what a desk is made from. Only Accounts is required.
type Config struct {
	Accounts *accounts.Accounts // it stays open until the last request was answered
	Ledgers  []string           // files of ledgers that know tokens of plans older than tokens of 52 letters; default none
	Words    *words.Set         // default: words.BuiltIn()
	Base     string             // the path below which links lead here, as /mail; default ""

	// Sender and Domain say who sends, as the page shows it; default: they are not shown. Topics are the topics that a
	// person can choose to leave besides the topic that brought them here; default none.
	Sender string
	Domain string
	Topics []Topic

	Proxies visitors.Proxies // whose X-Forwarded-For is believed; default none
	Limits  *visitors.Limits // default: no limits

	// Observe is called with each act before it is answered, from several goroutines at once; default: it is not
	// called. Forwarded is called at the first X-Forwarded-For that is not trusted, with the address that it came from.
	Observe   func(Act)
	Forwarded func(from string)
	Now       func() time.Time // default time.Now
}

// Topic is a topic with its name for people.
type Topic struct{ Key, Name string }

// Act is what became of a POST. It names nobody.
type Act struct {
	Time     time.Time
	Act      string // one of the acts
	Campaign string // the id of the campaign whose message it was; "" = not known
	Topic    string // of the entry; accounts.Bulk for all newsletters and notices
	Way      string // OneClick or Page
	Why      string // why nothing was done
}

// The acts.
const (
	Unsubscribed = "unsubscribed" // an entry was put on the list
	Again        = "again"        // it is on the list already
	Undone       = "undone"       // the entry was taken off
	Nothing      = "nothing"      // nothing was done; Why says why
	Failed       = "failed"       // the accounts could not be written, and the person was told so
)

// The ways.
const (
	OneClick = "one-click"
	Page     = "page"
)

// Desk is the handler. Make it with New.
type Desk struct {
	c       Config
	pages   []pages // by language
	policy  string
	reader  *leaving.Reader
	seal    cipher.AEAD
	group   group
	old     sync.Mutex // one search through ledgers at a time
	told    sync.Once
	topical map[string]bool
}

// New returns the desk. The error comes from the accounts.
func New(ctx context.Context, c Config) (*Desk, error) {
	if c.Words == nil {
		c.Words = words.BuiltIn()
	}
	if c.Limits == nil {
		c.Limits = &visitors.Limits{}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Observe == nil {
		c.Observe = func(Act) {}
	}
	secret, err := c.Accounts.Secret(ctx)
	if err != nil {
		return nil, err
	}
	d := &Desk{c: c, seal: sealer(secret), topical: map[string]bool{}}
	if d.reader, err = leaving.NewReader(ctx, c.Accounts); err != nil {
		return nil, err
	}
	for _, t := range c.Topics {
		d.topical[strings.ToLower(t.Key)] = true
	}
	d.group.write = func(changes []*accounts.Change) error { return c.Accounts.Settle(context.Background(), changes) }
	d.pages, d.policy = draw(c)
	return d, nil
}

// allowed are the methods that are answered.
const allowed = "GET, HEAD, POST, OPTIONS"

// ServeHTTP answers a request.
func (d *Desk) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.headers(w.Header())
	query := r.URL.Query()
	lang := d.c.Words.Pick(query.Get("lang"), r.Header.Get("Accept-Language"))
	client, ignored := d.c.Proxies.Client(r)
	if ignored && d.c.Forwarded != nil {
		d.told.Do(func() { d.c.Forwarded(client.String()) })
	}
	if !d.c.Limits.Allow(client) {
		w.Header().Set("Retry-After", "30")
		d.answer(w, r, http.StatusTooManyRequests, lang, busy, "")
		return
	}
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		switch {
		case r.URL.Path == "/robots.txt":
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			_, _ = w.Write([]byte("User-agent: *\nDisallow: /\n"))
		case r.URL.Path == "/favicon.ico":
			w.WriteHeader(http.StatusNotFound)
		case !d.names(r):
			d.answer(w, r, http.StatusNotFound, lang, missing, "")
		default:
			d.answer(w, r, http.StatusOK, lang, ask, "")
		}
	case http.MethodPost:
		d.post(w, r, lang)
	case http.MethodOptions:
		w.Header().Set("Allow", allowed)
		w.WriteHeader(http.StatusNoContent)
	default:
		w.Header().Set("Allow", allowed)
		w.WriteHeader(http.StatusMethodNotAllowed)
	}
}

// headers sets the header fields of every answer.
func (d *Desk) headers(h http.Header) {
	h.Set("Content-Security-Policy", d.policy)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Robots-Tag", "noindex, nofollow, noarchive")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Vary", "Accept-Language")
}

// names reports whether a request's address has something in place of a token, whether or not that is a token.
func (d *Desk) names(r *http.Request) bool {
	for name, values := range r.URL.Query() {
		if name != "lang" && strings.Join(values, "") != "" {
			return true
		}
	}
	path := strings.Trim(r.URL.Path, "/")
	path = strings.Trim(strings.TrimPrefix(path, strings.Trim(d.c.Base, "/")), "/")
	return path != "" && path != "u" && path != "unsubscribe"
}

// address is the text in which a request's token is looked for. It is the same for the page and for its forms.
func address(r *http.Request) string {
	text := "https://desk" + r.URL.Path
	query := r.URL.Query()
	for _, name := range slices.Sorted(maps.Keys(query)) {
		if name != "lang" {
			text += "?" + strings.Join(query[name], "?")
		}
	}
	return text
}

// find reads the token of a request. The error is a *leaving.UnusableError if it names nobody.
func (d *Desk) find(r *http.Request) (*leaving.Token, error) {
	ctx := context.WithoutCancel(r.Context()) // what a person asked for is done, even if they do not wait
	t, err := d.reader.Find(ctx, address(r))
	if errors.Is(err, leaving.ErrNobody) && len(d.c.Ledgers) > 0 {
		d.old.Lock()
		defer d.old.Unlock()
		t, err = leaving.Find(ctx, address(r), d.c.Accounts, d.c.Ledgers)
	}
	return t, err
}
