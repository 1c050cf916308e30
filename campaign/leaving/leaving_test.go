package leaving_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mailshot/campaign/accounts"
	"mailshot/campaign/leaving"
	"mailshot/campaign/ledger"
	"mailshot/campaign/ledger/ledgertest"
	"mailshot/render"
	"mailshot/render/token"
)

// desk is one machine: its accounts, and a ledger in which the campaigns are that were sent.
type desk struct {
	t        *testing.T
	accounts *accounts.Accounts
	secret   []byte
	state    string
}

var news = token.Campaign{ID: "news-1", Domain: "example.org", Topic: "news"}

// newDesk has one campaign, news-1, to p0, p1 and p2, whose keys are k0, k1 and k2. With issued its accounts know it.
func newDesk(t *testing.T, issued bool) *desk {
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
	d := &desk{t, a, secret, filepath.Join(dir, ".mailshot", "state.db")}
	d.plan(news.ID)
	if issued {
		d.issue(news)
	}
	return d
}

func (d *desk) issue(c token.Campaign) {
	d.t.Helper()
	if err := leaving.Issue(d.t.Context(), d.accounts, c, time.Now()); err != nil {
		d.t.Fatal(err)
	}
}

// plan freezes a campaign of three people.
func (d *desk) plan(id string) {
	d.t.Helper()
	ledgertest.Plan(d.t, d.state, ledger.Campaign{ID: id, From: "Club <club@example.org>"}, 3)
}

// purge removes the campaign from the ledger.
func (d *desk) purge(id string) {
	d.t.Helper()
	ledgertest.Send(d.t, d.state, id, time.Now(), nil)
	ledgertest.With(d.t, d.state, func(l *ledger.Ledger) error {
		done, err := l.Purge(d.t.Context(), time.Now().Add(time.Hour))
		if len(done) != 1 {
			d.t.Errorf("%v purged", done)
		}
		return err
	})
}

// find reads a token with this desk's accounts and ledger.
func (d *desk) find(text string) (*leaving.Token, error) {
	d.t.Helper()
	return leaving.Find(d.t.Context(), text, d.accounts, []string{d.state})
}

// token is that of a person of news-1, or of a row if the use asks for one.
func (d *desk) token(c token.Campaign, u token.Use, rehearsal bool, name string) string {
	return string(token.New(d.secret, c, u, rehearsal).Append(nil, name))
}

// says checks what a token is found to say.
func (d *desk) says(text string, want leaving.Token) {
	d.t.Helper()
	got, err := d.find(text)
	if err != nil {
		d.t.Errorf("%q: %v", text, err)
		return
	}
	if got.Use != want.Use || got.Rehearsal != want.Rehearsal || got.Campaign != want.Campaign ||
		got.Domain != want.Domain ||
		got.Topic != want.Topic || got.AddressKey != want.AddressKey {
		d.t.Errorf("%q: %+v, want %+v", text, *got, want)
	}
}

// refused checks that a text names nobody, and why.
func (d *desk) refused(text string, want error) {
	d.t.Helper()
	got, err := d.find(text)
	var unusable *leaving.UnusableError
	if !errors.As(err, &unusable) || !errors.Is(err, want) {
		d.t.Errorf("%q: %+v, %v; want %v", text, got, err, want)
	}
}

var p1 = leaving.Token{Campaign: "news-1", Domain: "example.org", Topic: "news", AddressKey: "p1@example.com"}

func of(u token.Use) leaving.Token {
	want := p1
	want.Use = u
	return want
}

// A token of each use names its person: that for unsubscribing by the address, the others by the row. Only the first
// has an entry on the suppression list. Each of them is understood as people and programs write it down.
func TestUses(t *testing.T) {
	t.Parallel()
	d := newDesk(t, true)
	for u, name := range map[token.Use]string{token.Unsubscribe: "p1@example.com", token.ReturnPath: "k1",
		token.Envelope: "k1"} {
		text := d.token(news, u, false, name)
		for _, written := range []string{text, strings.ToUpper(text), "  " + text + "\r\n", text[:17] + " " + text[17:],
			text[:40] + "\r\n\t" + text[40:], "https://example.org/u/" + text, "<https://example.org/u/" +
				strings.ToUpper(text) + ">"} {
			d.says(written, of(u))
		}
		got, err := d.find(text)
		if err != nil {
			t.Fatal(err)
		}
		e, err := got.Entry()
		if leaves := u == token.Unsubscribe; leaves != (err == nil) {
			t.Errorf("%s: %+v, %v", u, e, err)
		} else if leaves && (e.Key != "p1@example.com" || e.Topic != "news" || e.Domain != "example.org" ||
			e.Source != "campaign news-1" || e.Reason != leaving.Reason) {
			t.Errorf("%+v", e)
		} else if !leaves && !strings.Contains(err.Error(), u.String()) {
			t.Errorf("%v does not name the use %q", err, u)
		}
	}
	// The name of one use in a token of another is nobody: a row's key is not an address.
	d.says(d.token(news, token.Unsubscribe, false, "k1"), leaving.Token{Use: token.Unsubscribe, Campaign: "news-1",
		Domain: "example.org", Topic: "news"})
	d.says(d.token(news, token.ReturnPath, false, "p1@example.com"),
		leaving.Token{Use: token.ReturnPath, Campaign: "news-1",
			Domain: "example.org", Topic: "news"})
}

// What nobody here has made is refused, with the reason.
//
// Seen to fail: without the comparison of the MAC in token.Read, and without the question whether the campaign was sent
// from here.
func TestHostile(t *testing.T) {
	t.Parallel()
	d, other := newDesk(t, true), newDesk(t, true)
	for _, u := range []token.Use{token.Unsubscribe, token.ReturnPath, token.Envelope} {
		text := d.token(news, u, false, "p1@example.com")
		for i := 2; i < len(text); i++ { // the first two letters have the use and the key's id
			letter := "a"
			if text[i] == 'a' {
				letter = "b"
			}
			altered := text[:i] + letter + text[i+1:]
			if got, err := d.find(altered); err == nil {
				t.Fatalf("altered at %d: %+v", i, got)
			}
		}
		for _, other := range []token.Use{token.Unsubscribe, token.ReturnPath, token.Envelope} {
			if relabelled := d.token(news, other, false, "p1@example.com")[:2] + text[2:]; other != u {
				d.refused(relabelled, token.ErrForged)
			}
		}
		rehearsed := d.token(news, u, true, "p1@example.com")
		d.refused(text[:2]+rehearsed[2:], token.ErrForged) // a rehearsal's made to act
		for _, cut := range []string{text[:51], text[1:], text[:26], text + "a", text + text, "", " ", "a@" + text, text +
			"@example.com"} {
			d.refused(cut, token.ErrNone)
		}
		d.refused(text[:32], leaving.ErrNobody) // the length of an old one
		// Of another machine's secret: with the other accounts it is a forgery, whatever their ledger has.
		theirs := other.token(news, u, false, "p1@example.com")
		if got, err := d.find(theirs); !errors.Is(err, token.ErrOther) && !errors.Is(err, token.ErrForged) {
			t.Errorf("another secret: %+v, %v", got, err)
		}
	}
	// Genuine, and of a campaign, a topic or a domain that was not sent from here.
	for _, c := range []token.Campaign{{ID: "news-2", Domain: "example.org", Topic: "news"},
		{ID: "news-1", Domain: "example.org"},
		{ID: "news-1", Domain: "example.com", Topic: "news"}} {
		d.refused(d.token(c, token.Unsubscribe, false, "p1@example.com"), leaving.ErrUnknown)
	}
	for _, text := range []string{"\x00", strings.Repeat("a", 1<<20), strings.Repeat(" ", 1<<16), strings.Repeat("ſ", 52),
		strings.Repeat("K", 52), "https://", "'; DROP TABLE tokens; --", strings.Repeat("2", 51) + "\u202e"} {
		d.refused(text, token.ErrNone)
	}
	d.refused(strings.Repeat("a", 52), token.ErrNone) // of a version that there is not
	d.refused(strings.Repeat("a", 32), leaving.ErrNobody)
}

// A token of one person in front of another's: the first that is genuine counts, and a forged one before it does not
// hide it.
func TestSeveral(t *testing.T) {
	t.Parallel()
	d := newDesk(t, true)
	one, two := d.token(news, token.Unsubscribe, false, "p1@example.com"), d.token(news, token.Unsubscribe, false,
		"p2@example.com")
	forged := one[:51] + "a"
	if forged == one {
		forged = one[:51] + "q"
	}
	d.says("https://example.org/u/"+forged+"/"+one+"?"+two, of(token.Unsubscribe))
}

// A rehearsal's token acts on nobody, also where its campaign was sent, and needs no campaign to be told from others.
func TestRehearsal(t *testing.T) {
	t.Parallel()
	for _, issued := range []bool{false, true} {
		d := newDesk(t, issued)
		for _, u := range []token.Use{token.Unsubscribe, token.ReturnPath, token.Envelope} {
			text := d.token(news, u, true, "p1@example.com")
			d.says(text, leaving.Token{Use: u, Rehearsal: true})
			got, err := d.find(text)
			if err != nil {
				t.Fatal(err)
			}
			if e, err := got.Entry(); err == nil || !strings.Contains(err.Error(), "rehearsal") {
				t.Errorf("%+v, %v", e, err)
			}
		}
	}
}

// Forgotten or purged, the token says what it ends and no longer whom: its entry has the hash, and keeps that person
// from the topic. With the ledger gone as a whole it is the same.
func TestAfterwards(t *testing.T) {
	t.Parallel()
	for name, gone := range map[string]func(d *desk){
		"forget": func(d *desk) {
			ledgertest.With(d.t, d.state, func(l *ledger.Ledger) (err error) {
				if l.KeyHash, err = d.accounts.KeyHash(t.Context()); err != nil {
					return err
				}
				_, err = l.Forget(t.Context(), "p1@example.com")
				return err
			})
		},
		"purge":     func(d *desk) { d.purge(news.ID) },
		"no ledger": func(d *desk) { d.state = filepath.Join(t.TempDir(), "state.db") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, true)
			text := d.token(news, token.Unsubscribe, false, "p1@example.com")
			back := d.token(news, token.ReturnPath, false, "k1")
			gone(d)
			ledgers := []string{d.state}
			if name == "no ledger" {
				ledgers = nil
			}
			got, err := leaving.Find(t.Context(), text, d.accounts, ledgers)
			if err != nil || got.AddressKey != "" || got.Campaign != "news-1" || got.Topic != "news" {
				t.Fatalf("%+v, %v", got, err)
			}
			e, err := got.Entry()
			if err != nil || !strings.HasPrefix(e.Key, accounts.Hidden) || strings.Contains(e.Key, "p1") {
				t.Fatalf("%+v, %v", e, err)
			}
			if err := d.accounts.Suppress(t.Context(), e); err != nil {
				t.Fatal(err)
			}
			for address, want := range map[string]bool{"p1@example.com": true, "p2@example.com": false} {
				_, left, err := d.accounts.Suppressed(t.Context(), accounts.Mail{Domain: "example.org", Topic: "news"}, address)
				if err != nil || left != want {
					t.Errorf("%s: %t, %v", address, left, err)
				}
			}
			if got, err := leaving.Find(t.Context(), back, d.accounts, ledgers); err != nil || got.AddressKey != "" ||
				got.Campaign != "news-1" || got.Key() != "" {
				t.Errorf("return path: %+v, %v", got, err)
			}
		})
	}
}

// With the accounts of another machine a token is not genuine, although the ledger has its person; with a copy of the
// right ones it is. A ledger that cannot be read is an error, and not a token of nobody.
func TestOtherAccounts(t *testing.T) {
	t.Parallel()
	d, other := newDesk(t, true), newDesk(t, true)
	text := d.token(news, token.Unsubscribe, false, "p1@example.com")
	if got, err := leaving.Find(t.Context(), text, other.accounts, []string{d.state}); !errors.Is(err, token.ErrOther) &&
		!errors.Is(err, token.ErrForged) {
		t.Errorf("%+v, %v", got, err)
	}
	copied := filepath.Join(t.TempDir(), "user", "accounts.db")
	if err := os.Mkdir(filepath.Dir(copied), 0o700); err != nil {
		t.Fatal(err)
	}
	from := filepath.Join(filepath.Dir(filepath.Dir(d.state)), "user", "accounts.db")
	if err := d.accounts.Close(); err != nil {
		t.Fatal(err)
	}
	if err := copyFile(copied, from); err != nil {
		t.Fatal(err)
	}
	a, err := accounts.Open(copied)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	got, err := leaving.Find(t.Context(), text, a, []string{other.state, d.state})
	if err != nil || got.AddressKey != "p1@example.com" {
		t.Errorf("%+v, %v", got, err)
	}
	broken := filepath.Join(t.TempDir(), "state.db")
	if err := os.WriteFile(broken, []byte(strings.Repeat("not a database", 500)), 0o600); err != nil {
		t.Fatal(err)
	}
	var unusable *leaving.UnusableError
	if got, err := leaving.Find(t.Context(), text, a, []string{broken}); err == nil || errors.As(err, &unusable) {
		t.Errorf("a broken ledger: %+v, %v", got, err)
	}
}

func copyFile(to, from string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// A token of an older plan is found by its row, as long as there is one: with the domain of From, and with the topic if
// the campaign's tokens are known. It has no hash of the address in it, so it dies with the row.
func TestOld(t *testing.T) {
	t.Parallel()
	for _, issued := range []bool{false, true} {
		d := newDesk(t, issued)
		text := render.OldToken(d.secret, "news-1", "k1")
		want := leaving.Token{Use: token.Unsubscribe, Campaign: "news-1", Domain: "example.org", AddressKey: "p1@example.com"}
		if issued {
			want.Topic = "news"
		}
		for _, written := range []string{text, strings.ToUpper(text), text[:9] + "\n" + text[9:], "https://example.org/u/" +
			text} {
			d.says(written, want)
		}
		d.refused(render.OldToken(d.secret, "news-2", "k1"), leaving.ErrNobody)
		d.refused(render.OldToken([]byte("another secret"), "news-1", "k1"), leaving.ErrNobody)
		d.purge(news.ID)
		d.refused(text, leaving.ErrNobody)
	}
}
