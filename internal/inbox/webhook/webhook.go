// Package webhook takes what mail providers send of deliveries, and keeps what is theirs. [New] makes an http.Handler
// with a path for each provider: /ses, /sendgrid, /postmark, /mailgun and /brevo. It answers 200 when what it got is on
// the disk, and not before; the events are read from there, by the box of the spool.
//
// Nobody but the provider's own account can bring an event. SendGrid and SNS sign the whole body. Mailgun signs a
// token, which is good for one body. Postmark and Brevo sign nothing, and show a secret. A provider without a secret
// has no path. What is not verified is answered 401 or 403, and nothing in it is read.
package webhook

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"mailshot/internal/inbox"
	"mailshot/internal/inbox/events"
	"mailshot/internal/inbox/spool"
)

// Config says which providers may bring events. A provider whose field is nil has no path.
type Config struct {
	Spool    *spool.Spool // keeps what was verified; required
	SES      *SES
	SendGrid *SendGrid
	Mailgun  *Mailgun
	Postmark *Secret
	Brevo    *Secret
	Base     string  // the path before those of the providers, such as "/hooks"; default none
	Rate     float64 // requests a second, on average, of all senders; default 100
	// Say tells the person what they must know or do; default nobody is told. It must be safe for concurrent use.
	Say func(format string, args ...any)
	Now func() time.Time // default time.Now
}

// Handler is the http.Handler. Make it with New. It is safe for concurrent use.
type Handler struct {
	c         Config
	verifiers map[events.Provider]verifier
	limit     *rate.Limiter
	busy      chan struct{} // a place for each body in memory
	kept      atomic.Int64
	left      atomic.Int64
	refused   atomic.Int64
}

// verifier says whether a request is of the provider's own account.
type verifier interface {
	// before looks at what comes before the body; rest is the path after the provider's name.
	before(h http.Header, rest string) error
	// verify looks at the body. keep is false for what has no events.
	verify(ctx context.Context, h http.Header, body []byte) (keep bool, err error)
}

// The limits of a request, and of all.
const (
	MaxBody = 5 << 20 // bytes of a body; SendGrid sends 768 KB at most
	bodies  = 32      // bodies in memory at once
	burst   = 5       // seconds' worth of requests that may come at once
	drift   = 5 * time.Minute
)

// New makes the handler. The secrets and keys are checked.
func New(c Config) (*Handler, error) {
	if c.Say == nil {
		c.Say = func(string, ...any) {}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Rate <= 0 {
		c.Rate = 100
	}
	c.Base = strings.TrimRight(c.Base, "/")
	h := &Handler{c: c, verifiers: map[events.Provider]verifier{}, busy: make(chan struct{}, bodies),
		limit: rate.NewLimiter(rate.Limit(c.Rate), max(1, int(c.Rate*burst)))}
	var bad []error
	add := func(p events.Provider, v verifier, err error) {
		if err != nil {
			bad = append(bad, errors.New(string(p)+": "+err.Error()))
		}
		h.verifiers[p] = v
	}
	if c.SES != nil {
		v, err := c.SES.verifier(c)
		add(events.SES, v, err)
	}
	if c.SendGrid != nil {
		v, err := c.SendGrid.verifier(c)
		add(events.SendGrid, v, err)
	}
	if c.Mailgun != nil {
		v, err := c.Mailgun.verifier(c)
		add(events.Mailgun, v, err)
	}
	for p, s := range map[events.Provider]*Secret{events.Postmark: c.Postmark, events.Brevo: c.Brevo} {
		if s != nil {
			v, err := s.verifier()
			add(p, v, err)
		}
	}
	if len(h.verifiers) == 0 {
		bad = append(bad, errors.New("no provider has a secret, so that no webhook could be verified"))
	}
	return h, errors.Join(bad...)
}

// Paths are the paths of the providers that have a secret, sorted. A secret is in none of them.
func (h *Handler) Paths() (all []string) {
	for _, p := range events.Providers() {
		if h.verifiers[p] != nil {
			all = append(all, h.c.Base+"/"+string(p))
		}
	}
	return all
}

// Counts are how many requests were kept, had nothing to keep, and were refused.
func (h *Handler) Counts() (kept, left, refused int64) {
	return h.kept.Load(), h.left.Load(), h.refused.Load()
}

// ServeHTTP answers a request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	p, rest, v := h.find(r.URL.Path)
	switch {
	case v == nil:
		h.refuse(w, http.StatusNotFound, "nothing is here")
		return
	case r.Method != http.MethodPost:
		w.Header().Set("Allow", http.MethodPost)
		h.refuse(w, http.StatusMethodNotAllowed, "webhooks are POSTs")
		return
	case !h.limit.Allow():
		w.Header().Set("Retry-After", "10")
		h.refuse(w, http.StatusTooManyRequests, "too many requests")
		return
	case r.Header.Get("Content-Encoding") != "":
		h.refuse(w, http.StatusUnsupportedMediaType, "a body is not packed")
		return
	}
	if err := v.before(r.Header, rest); err != nil {
		h.deny(w, err)
		return
	}
	select {
	case h.busy <- struct{}{}:
		defer func() { <-h.busy }()
	default:
		w.Header().Set("Retry-After", "10")
		h.refuse(w, http.StatusServiceUnavailable, "too many requests at once")
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBody))
	if big := (*http.MaxBytesError)(nil); errors.As(err, &big) {
		h.refuse(w, http.StatusRequestEntityTooLarge, "a body has at most 5 MiB")
		return
	}
	if err != nil {
		h.refuse(w, http.StatusBadRequest, "the body ends too early")
		return
	}
	h.take(r.Context(), w, p, v, r.Header, body)
}

// take keeps a body that is verified.
func (h *Handler) take(ctx context.Context, w http.ResponseWriter, p events.Provider, v verifier, head http.Header,
	body []byte,
) {
	keep, err := v.verify(ctx, head, body)
	if err != nil {
		h.deny(w, err)
		return
	}
	if !keep || nothing(ctx, p, body) {
		h.left.Add(1)
	} else if err := h.c.Spool.Put(p, body); err != nil {
		h.c.Say("an event of %s could not be kept, so that it was not taken: %v", p, err)
		h.refuse(w, http.StatusServiceUnavailable, "it cannot be kept; send it again")
		return
	} else {
		h.kept.Add(1)
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(w, "ok\n") // whoever is not there any more sends it again
}

// find is whose path it is, and what comes after it.
func (h *Handler) find(path string) (p events.Provider, rest string, v verifier) {
	path, ok := strings.CutPrefix(path, h.c.Base+"/")
	if !ok {
		return "", "", nil
	}
	name, rest, deeper := strings.Cut(path, "/")
	p = events.Provider(name)
	v = h.verifiers[p]
	if _, secret := v.(*shown); deeper && !secret {
		return "", "", nil
	}
	return p, rest, v
}

// nothing reports whether a body has only events that say nothing about a delivery, such as openings. What cannot be
// read is not nothing: whoever reads it later says so.
func nothing(ctx context.Context, p events.Provider, body []byte) bool {
	something := errors.New("something")
	err := events.Read(ctx, strings.NewReader(string(body)), events.Stream{Provider: p}, nil, func(inbox.Message) error {
		return something
	})
	return err == nil && len(strings.TrimSpace(string(body))) > 0
}

// denied is why a request is not the provider's, for the answer.
type denied struct {
	status int
	text   string
	basic  bool // the provider may show a secret if it is asked
}

func (d *denied) Error() string { return d.text }

// deny answers a request that is not verified. What is wrong with it is not said in full: who knows the secret need not
// be told.
func (h *Handler) deny(w http.ResponseWriter, err error) {
	if d := (*denied)(nil); errors.As(err, &d) {
		if d.basic {
			w.Header().Set("WWW-Authenticate", `Basic realm="mailshot"`)
		}
		h.refuse(w, d.status, d.text)
		return
	}
	h.c.Say("a webhook could not be verified: %v", err)
	h.refuse(w, http.StatusServiceUnavailable, "it cannot be verified now; send it again")
}

func (h *Handler) refuse(w http.ResponseWriter, status int, text string) {
	h.refused.Add(1)
	w.Header().Set("Connection", "close") // the rest of a body is not waited for
	http.Error(w, "mailshot: "+text, status)
}

// forged is the answer to what is not verified.
var errForged = &denied{status: http.StatusForbidden, text: "not verified"}

// same compares two texts in a time that says nothing of them, nor of their lengths.
func same(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

// seconds is a time in seconds since 1970, as signatures have it; ok is false for anything else.
func seconds(s string) (t time.Time, ok bool) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || n > 1<<40 || len(s) > 13 {
		return time.Time{}, false
	}
	return time.Unix(n, 0), true
}

// fresh reports whether a signature was made at most age ago, and not in the future.
func fresh(now, made time.Time, age time.Duration) bool {
	return now.Sub(made) <= age && made.Sub(now) <= drift
}
