package desk

import (
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"mailshot/campaign/accounts"
	"mailshot/campaign/leaving"
)

// mostBody is how large the body of a POST may be, in octets.
const mostBody = 8 << 10

// The reasons of the entries. They tell these entries from entries that a person makes by hand.
const (
	clicked = leaving.Reason + " with one click"
	pressed = leaving.Reason + " on the page"
)

// form is what a POST asks for.
type form struct {
	oneClick bool
	leave    bool     // the button was pressed
	scopes   []string // "this", "all"
	topics   []string
	undo     string // a sealed note
	lang     string
}

// asked reads the body of a POST, as a form in either encoding of RFC 8058. A body that is not a form asks for nothing.
func asked(w http.ResponseWriter, r *http.Request) (form, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, mostBody))
	if err != nil {
		return form{}, err
	}
	kind, about, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	values := url.Values{}
	if kind == "multipart/form-data" {
		parts := multipart.NewReader(strings.NewReader(string(body)), about["boundary"])
		for len(values) < 50 {
			p, err := parts.NextPart()
			if err != nil {
				break
			}
			text, err := io.ReadAll(p)
			if err != nil {
				break
			}
			values.Add(p.FormName(), string(text))
		}
	} else if strings.HasPrefix(kind, "application/x-www-form-urlencoded") || kind == "" || kind == "text/plain" {
		values, _ = url.ParseQuery(strings.TrimSpace(string(body))) // what can be read of it
	}
	f := form{
		leave: values.Get("act") == "leave", scopes: values["scope"], topics: values["topic"],
		undo: values.Get("undo"), lang: values.Get("lang"),
	}
	for name, all := range values {
		if strings.EqualFold(strings.TrimSpace(name), "List-Unsubscribe") {
			f.oneClick = f.oneClick || slices.ContainsFunc(all, func(v string) bool {
				return strings.EqualFold(strings.TrimSpace(v), "One-Click")
			})
		}
	}
	return f, nil
}

// looks reports whether a request says that it is a prefetch.
func looks(h http.Header) bool {
	for _, name := range []string{"Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"} {
		v := strings.ToLower(h.Get(name))
		if strings.Contains(v, "prefetch") || strings.Contains(v, "prerender") || strings.Contains(v, "preview") {
			return true
		}
	}
	return false
}

// post answers a POST.
func (d *Desk) post(w http.ResponseWriter, r *http.Request, lang int) {
	f, err := asked(w, r)
	if err != nil {
		status := http.StatusBadRequest
		if large := (*http.MaxBytesError)(nil); errors.As(err, &large) {
			status = http.StatusRequestEntityTooLarge
		}
		w.Header().Set("Connection", "close")
		d.answer(w, r, status, lang, failed, "")
		return
	}
	if f.lang != "" {
		lang = d.c.Words.Pick(f.lang, r.URL.Query().Get("lang"), r.Header.Get("Accept-Language"))
	}
	switch {
	case !d.names(r):
		d.answer(w, r, http.StatusNotFound, lang, missing, "")
	case looks(r.Header):
		d.answer(w, r, http.StatusOK, lang, ask, "")
	case f.oneClick:
		d.leave(w, r, lang, OneClick, form{scopes: []string{"this"}})
	case f.undo != "":
		d.undo(w, r, lang, f.undo)
	case f.leave && len(f.scopes) == 0 && len(f.topics) == 0:
		d.answer(w, r, http.StatusOK, lang, none, "")
	case f.leave:
		d.leave(w, r, lang, Page, f)
	default:
		d.answer(w, r, http.StatusOK, lang, ask, "")
	}
}

// leave unsubscribes the person of a request from the mail that they chose, and answers when this is on the disk.
func (d *Desk) leave(w http.ResponseWriter, r *http.Request, lang int, way string, f form) {
	now := d.c.Now()
	act := Act{Time: now, Way: way}
	t, err := d.find(r)
	var j job
	if err == nil {
		act.Campaign = t.Campaign
		j.changes, err = d.entries(t, f, reason(way), now)
	}
	if !d.settle(w, r, lang, &j, act, err) {
		return
	}
	n := note{until: now.Add(undoable), now: now, first: now}
	for _, c := range j.changes {
		act.Act, act.Topic = Unsubscribed, c.Entry.Topic
		if !c.Done {
			act.Act = Again
			if e := c.Entry; (e.Reason == clicked || e.Reason == pressed) && now.Sub(e.Time) < undoable {
				n.first = e.Time // the same button, pressed twice
			}
		}
		d.c.Observe(act)
	}
	if way == OneClick { // a mail program asked, and shows nothing of the answer
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write([]byte("unsubscribed\n"))
		return
	}
	d.answer(w, r, http.StatusOK, lang, done, n.close(d.seal, address(r)))
}

func reason(way string) string {
	if way == OneClick {
		return clicked
	}
	return pressed
}

// settle waits until the changes are on the disk. If unusable says why nothing can be done, there are no changes. It
// reports whether the request must still be answered; otherwise the person was told that nothing has changed.
func (d *Desk) settle(w http.ResponseWriter, r *http.Request, lang int, j *job, act Act, unusable error) bool {
	err := unusable
	if u := (*leaving.UnusableError)(nil); errors.As(err, &u) {
		act.Act, act.Why, err = Nothing, u.Err.Error(), nil
	} else if errors.Is(err, errActsOnNobody) {
		act.Act, act.Why, err = Nothing, err.Error(), nil
	}
	if err == nil {
		err = d.group.commit(j)
	}
	if err != nil {
		act.Act, act.Why = Failed, err.Error()
		d.c.Observe(act)
		w.Header().Set("Retry-After", "300")
		d.answer(w, r, http.StatusServiceUnavailable, lang, failed, "")
		return false
	}
	if act.Act == Nothing {
		d.c.Observe(act)
	}
	return true
}

// errActsOnNobody is for genuine tokens that are not for unsubscribing.
var errActsOnNobody = errors.New("a token of a rehearsal, a return path or an envelope id, which unsubscribes nobody")

// entries returns the changes that a person chose: to leave the mail that brought them here, topics, or all newsletters
// and notices.
func (d *Desk) entries(t *leaving.Token, f form, reason string, now time.Time) ([]*accounts.Change, error) {
	e, err := t.Entry()
	if err != nil {
		return nil, errActsOnNobody
	}
	e.Topic, e.Reason, e.Time = strings.ToLower(e.Topic), reason, now
	var topics []string
	if slices.Contains(f.scopes, "this") {
		topics = append(topics, e.Topic)
	}
	for _, topic := range f.topics {
		if topic = strings.ToLower(topic); d.topical[topic] {
			topics = append(topics, topic)
		}
	}
	if slices.Contains(f.scopes, "all") {
		topics = append(topics, accounts.Bulk)
	}
	var all []*accounts.Change
	for i, topic := range topics {
		if e.Topic = topic; !slices.Contains(topics[:i], topic) {
			all = append(all, &accounts.Change{Entry: e})
		}
	}
	return all, nil
}

// undo takes back the entries of an unsubscribe.
func (d *Desk) undo(w http.ResponseWriter, r *http.Request, lang int, sealed string) {
	now := d.c.Now()
	n, ok := open(d.seal, sealed, address(r), now)
	if !ok {
		d.answer(w, r, http.StatusOK, lang, late, "")
		return
	}
	act := Act{Time: now, Way: Page}
	t, err := d.find(r)
	var j job
	if err == nil {
		act.Campaign = t.Campaign
		j.changes, err = d.off(t, n)
	}
	if !d.settle(w, r, lang, &j, act, err) {
		return
	}
	taken := false
	for _, c := range j.changes {
		if c.Done {
			taken = true
			act.Act, act.Topic = Undone, c.Entry.Topic
			d.c.Observe(act)
		}
	}
	if err == nil && !taken {
		act.Act, act.Why = Nothing, "there is no entry of that moment"
		d.c.Observe(act)
	}
	d.answer(w, r, http.StatusOK, lang, undone, "")
}

// off returns the changes that remove the entries that were made at the times of a note.
func (d *Desk) off(t *leaving.Token, n note) (all []*accounts.Change, err error) {
	every := form{scopes: []string{"this", "all"}}
	for topic := range d.topical {
		every.topics = append(every.topics, topic)
	}
	moments := []time.Time{n.now}
	if !n.first.Equal(n.now) {
		moments = append(moments, n.first)
	}
	for _, why := range []string{clicked, pressed} {
		for _, at := range moments {
			some, err := d.entries(t, every, why, at)
			if err != nil {
				return nil, err
			}
			for _, c := range some {
				c.Off = true
			}
			all = append(all, some...)
		}
	}
	return all, nil
}
