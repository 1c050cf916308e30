package results

import (
	"errors"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"

	"mailshot/campaign/accounts"
	"mailshot/campaign/history"
	"mailshot/campaign/leaving"
	"mailshot/campaign/ledger"
	"mailshot/cmd/mailshot/web/desk"
	"mailshot/cmd/mailshot/web/frame"
	"mailshot/cmd/mailshot/web/shelf"
	"mailshot/cmd/mailshot/web/words"
)

// The decisions of a person. Each is one call of the ledger, which keeps who made it, and when. None of them sends.

// chosen are the rows that a form marks; all says that it marks none and means all of the states that its page shows.
func chosen(r *http.Request) (ids []int64, all bool) {
	all = r.PostFormValue("all") != ""
	for _, text := range r.PostForm["id"] {
		if id, err := strconv.ParseInt(text, 10, 64); err == nil {
			ids = append(ids, id)
		}
	}
	return ids, all
}

// result is what an act came to: what was done, as the next page says it, or why it was not.
type result struct {
	done  url.Values
	wrong string
}

// act does something with a campaign's ledger, and goes back to the list that the form is from.
func (s *results) act(w http.ResponseWriter, r *http.Request,
	do func(*history.Campaign, *shelf.Campaign, shown) (result, error)) {
	c := s.Campaign(w, r)
	if c == nil {
		return
	}
	back, err := url.ParseQuery(strings.TrimPrefix(r.PostFormValue("back"), "?"))
	if err != nil {
		back = url.Values{}
	}
	d := shown{asked: ask(back)}
	h, err := s.exactly(r, c, &d)
	if err != nil || h == nil {
		s.notThere(w, r, err)
		return
	}
	defer h.Close()
	got, err := settled(r, h, func() (result, error) { return do(h, c, d) })
	var locked *ledger.LockedError
	switch {
	case errors.As(err, &locked):
		say := frame.Words(r).Say
		if got.wrong = say("results.locked", int64(locked.PID)); locked.PID == os.Getpid() {
			got.wrong = say("results.locked-here")
		}
	case err != nil:
		s.Failed(w, r, err)
		return
	}
	if got.wrong != "" {
		d.Wrong = got.wrong
		s.page(w, r, c, d)
		return
	}
	q, _ := url.ParseQuery(strings.TrimPrefix(d.query(), "?")) // it was made from a query
	for name, values := range got.done {
		q[name] = values
	}
	http.Redirect(w, r, desk.Frame(c).Path("results")+"?"+q.Encode(), http.StatusSeeOther)
}

// settled does something with a campaign that still stands as the page of the form has shown it: the person has seen
// all that they decide about. Nobody else can change it meanwhile.
func settled(r *http.Request, h *history.Campaign, do func() (result, error)) (got result, err error) {
	lock, err := h.Ledger.Lock(h.ID)
	if err != nil {
		return got, err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	if h.Kept, err = h.Ledger.Campaign(r.Context(), h.ID); err != nil {
		return got, err
	}
	sum, err := h.Summary(r.Context())
	if err != nil {
		return got, err
	}
	if desk.Seen(h, sum) != r.PostFormValue("seen") {
		return result{wrong: frame.Words(r).Say("results.changed")}, nil
	}
	return do()
}

// counted is what was done with n rows.
func counted(what string, n int64) url.Values {
	return url.Values{"done": {what}, "n": {strconv.FormatInt(n, 10)}}
}

// done says what an address says was done.
func done(q url.Values, w *words.Words) string {
	n, _ := strconv.ParseInt(q.Get("n"), 10, 64)
	var text string
	switch what := q.Get("done"); what {
	case "sent", "refused", "resend", "retry", "cancel":
		text = w.Say("results.done."+what, n)
	default:
		return ""
	}
	for _, more := range []string{"left", "listed"} {
		if n, err := strconv.ParseInt(q.Get(more), 10, 64); err == nil && n > 0 {
			text += " " + w.Say("results.done."+more, n)
		}
	}
	return text
}

// decide says what became of unknown rows.
func (s *results) decide(w http.ResponseWriter, r *http.Request) {
	as := r.PostFormValue("as")
	to, ok := map[string]ledger.State{"sent": ledger.Sent, "refused": ledger.Refused, "resend": ledger.Pending}[as]
	if !ok {
		http.Error(w, "mailshot: no such decision", http.StatusBadRequest)
		return
	}
	s.act(w, r, func(h *history.Campaign, _ *shelf.Campaign, _ shown) (result, error) {
		ids, all := chosen(r)
		if len(ids) == 0 && !all {
			return result{wrong: frame.Words(r).Say("results.none-marked")}, nil
		}
		if all {
			ids = nil
		}
		n, err := h.Ledger.Resolve(r.Context(), h.ID, ledger.Filter{States: []ledger.State{ledger.Unknown}, IDs: ids}, to)
		if err == nil && n == 0 {
			return result{wrong: frame.Words(r).Say("results.none-unknown")}, nil
		}
		return result{done: counted(as, n)}, err
	})
}

// retry makes rows pending again.
func (s *results) retry(w http.ResponseWriter, r *http.Request) {
	s.act(w, r, func(h *history.Campaign, c *shelf.Campaign, d shown) (result, error) {
		say := frame.Words(r).Say
		ids, all := chosen(r)
		f := ledger.Filter{IDs: ids, States: append(retryable(nil), ledger.Suppressed)}
		switch {
		case all:
			f = ledger.Filter{States: retryable(d.States)}
			if len(f.States) == 0 {
				return result{wrong: say("results.none-again")}, nil
			}
			if len(d.States) == 0 {
				f.States = nil // what a retry without a name takes
			}
		case len(ids) == 0:
			return result{wrong: say("results.none-marked")}, nil
		}
		n, byHand, err := h.Ledger.Retry(r.Context(), h.ID, f)
		if err != nil {
			return result{}, err
		}
		if n == 0 && byHand > 0 {
			return result{wrong: say("results.only-by-hand", byHand)}, nil
		}
		if n == 0 {
			return result{wrong: say("results.none-again")}, nil
		}
		got := counted("retry", n)
		got.Set("left", strconv.FormatInt(byHand, 10))
		if err := s.listed(r, h, c, f, got); err != nil {
			return result{}, err
		}
		return result{done: got}, nil
	})
}

// listed says how many of the rows of a retry are on the suppression list, so that the next send leaves them out.
func (s *results) listed(r *http.Request, h *history.Campaign, c *shelf.Campaign, f ledger.Filter, got url.Values) error {
	return s.withAccounts(func(a *accounts.Accounts, _ []byte) error {
		if a == nil {
			return nil
		}
		n, _, err := h.Suppressed(r.Context(), a, leaving.MailOf(c.Def), f)
		got.Set("listed", strconv.FormatInt(n, 10))
		return err
	})
}

// cancel takes out what has not been sent.
func (s *results) cancel(w http.ResponseWriter, r *http.Request) {
	s.act(w, r, func(h *history.Campaign, _ *shelf.Campaign, _ shown) (result, error) {
		n, err := h.Ledger.Cancel(r.Context(), h.ID)
		return result{done: counted("cancel", n)}, err
	})
}
