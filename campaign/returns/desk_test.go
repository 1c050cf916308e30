package returns_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"mailshot/campaign/accounts"
	"mailshot/campaign/leaving"
	"mailshot/campaign/ledger"
	"mailshot/campaign/ledger/ledgertest"
	"mailshot/campaign/returns"
	"mailshot/render"
	"mailshot/render/token"
)

var news = token.Campaign{ID: "news-1", Domain: "acme.example", Topic: "news"}

// world is one machine with a campaign that was sent to p0 … p5. The keys are k0 … k5.
type world struct {
	t        *testing.T
	accounts *accounts.Accounts
	secret   []byte
	state    string
	now      time.Time
}

func newWorld(t *testing.T) *world {
	t.Helper()
	dir := t.TempDir()
	a, err := accounts.Open(filepath.Join(dir, "user", "accounts.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	secret, err := a.Secret(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t, a, secret, filepath.Join(dir, ".mailshot", "state.db"), time.Now().Add(-time.Hour)}
	w.plan(news.ID)
	w.send(news.ID)
	if err := leaving.Issue(t.Context(), a, news, w.now); err != nil {
		t.Fatal(err)
	}
	return w
}

// copied is the same machine in another folder. The accounts of the first one are closed.
func (w *world) copied() *world {
	w.t.Helper()
	dir := w.t.TempDir()
	err := os.CopyFS(dir, os.DirFS(filepath.Dir(filepath.Dir(w.state))))
	for _, private := range []string{"user/accounts.db", ".mailshot/state.db"} {
		path := filepath.Join(dir, filepath.FromSlash(private))
		err = errors.Join(err, os.Chmod(filepath.Dir(path), 0o700), os.Chmod(path, 0o600))
	}
	if err != nil {
		w.t.Fatal(err)
	}
	a, err := accounts.Open(filepath.Join(dir, "user", "accounts.db"))
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { a.Close() })
	return &world{w.t, a, w.secret, filepath.Join(dir, ".mailshot", "state.db"), w.now}
}

// with works on the ledger.
func (w *world) with(work func(*ledger.Ledger) error) {
	w.t.Helper()
	ledgertest.With(w.t, w.state, work)
}

func person(i int) string { return ledgertest.Person(i) }

// plan freezes a campaign of six people.
func (w *world) plan(id string) {
	w.t.Helper()
	ledgertest.Plan(w.t, w.state, ledger.Campaign{ID: id, From: "Acme <news@acme.example>"}, 6)
}

// send sends the campaign, but to p4, of whom nobody knows, and to p5, who was refused.
func (w *world) send(id string) {
	w.t.Helper()
	ledgertest.Send(w.t, w.state, id, w.now, func(key string) ledger.Result {
		switch key {
		case "k4":
			return ledger.Result{State: ledger.Unknown, Stage: "dot", Text: "the connection broke", Time: w.now}
		case "k5":
			return ledger.Result{State: ledger.Refused, Stage: "rcpt", Code: 550, Text: "no such user", Time: w.now}
		}
		return ledgertest.Sent(w.now)
	})
}

// back decides about a message that came back, and has it recorded.
func (w *world) back(msg returns.Message, set ...func(*returns.Desk)) []returns.Decision {
	w.t.Helper()
	d, err := returns.Open(w.t.Context(), w.accounts, []string{w.state})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, f := range set {
		f(d)
	}
	all, err := d.Decide(w.t.Context(), &msg)
	if err == nil {
		_, err = d.Apply(w.t.Context(), all)
	}
	if err = errors.Join(err, d.Close()); err != nil {
		w.t.Fatal(err)
	}
	return all
}

// state is where a delivery is.
func (w *world) where(i int) (state ledger.State) {
	w.t.Helper()
	w.with(func(l *ledger.Ledger) error {
		for r, err := range l.Deliveries(w.t.Context(), news.ID, ledger.Filter{Keys: []string{fmt.Sprintf("k%d", i)}}) {
			if err != nil {
				return err
			}
			state = r.State
		}
		return nil
	})
	return state
}

// listed are the keys on the suppression list.
func (w *world) listed() (all []string) {
	w.t.Helper()
	for e, err := range w.accounts.Suppressions(w.t.Context()) {
		if err != nil {
			w.t.Fatal(err)
		}
		all = append(all, e.Key+" "+e.Domain+" "+e.Topic+": "+e.Reason)
	}
	return all
}

// made makes the token of a row, or with token.Unsubscribe of an address.
func (w *world) made(u token.Use, name string) string {
	return string(token.New(w.secret, news, u, false).Append(nil, name))
}

// returnPath is the address to which a bounce of the row's message comes.
func (w *world) returnPath(i int) []string {
	return []string{"b+" + w.made(token.ReturnPath, fmt.Sprintf("k%d", i)) + "@acme.example"}
}

// messageID is that of the row's message.
func (w *world) messageID(i int) []string {
	return []string{render.MessageID(render.ShortID, w.secret, news.ID, fmt.Sprintf("k%d", i)) + "@acme.example"}
}

// hard is a report that somebody's mailbox is gone.
func hard(who string) []returns.Report {
	return []returns.Report{{Kind: "bounce", Reason: "hard", Recipient: who, Code: 550, Enhanced: "5.1.1",
		Confidence: 1, Line: "550 5.1.1 no such user"}}
}

// said is a report of a kind.
func said(kind, reason, who string) []returns.Report {
	return []returns.Report{{Kind: kind, Reason: reason, Recipient: who, Confidence: 1}}
}
