package history

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mailshot/campaign/accounts"
	"mailshot/campaign/digest"
	"mailshot/campaign/ledger"
)

// t0 is when everything happens.
var t0 = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// row is a row of people.csv as it is planned: its line, key, address and state.
func row(line int, key, addr string, state ledger.State) ledger.Row {
	r := ledger.Row{Number: int64(line - 1), Place: place(line), Key: key, Address: addr, AddressKey: addr,
		Fields: []byte(addr), Digest: make([]byte, 32), State: state}
	if state == ledger.Pending {
		r.Lane = "lane"
	}
	return r
}

func place(line int) string { return "people.csv:" + string(rune('0'+line)) }

// planned makes a ledger in dir with one campaign of these rows, and opens the campaign.
func planned(t *testing.T, dir, id, list string, rows ...ledger.Row) *Campaign {
	t.Helper()
	file := filepath.Join(dir, ".mailshot", "state.db")
	l, err := ledger.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	c := ledger.Campaign{ID: id, From: "Club <club@example.org>", List: list, Created: t0,
		Definition: digest.Digest{Version: digest.Version}.String()}
	if id == "one" { // from before digests had versions, and Message-IDs were short
		c.Definition = "from=1"
	}
	d, err := l.Draft(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if conflicts, err := d.Add(t.Context(), rows); err != nil || len(conflicts) > 0 {
		t.Fatal(conflicts, err)
	}
	if err := d.Freeze(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	h, err := Open(t.Context(), file, id)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	return h
}

// sent sends all pending rows. outcome says how a key ends; other keys end as sent. A delivery that ends as unknown was
// begun and never settled.
func sent(t *testing.T, c *Campaign, outcome map[string]ledger.State) {
	t.Helper()
	lock, err := c.Ledger.Lock(c.ID)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	for range 2 { // the second run finds what the first left open
		r, err := c.Ledger.Run(t.Context(), c.ID, ledger.RunOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for {
			d, err := r.Next(t.Context(), nil, t0)
			if err != nil {
				t.Fatal(err)
			}
			if d == nil {
				break
			}
			if err := errors.Join(r.Begin(t.Context(), d), r.Start(t.Context(), d)); err != nil {
				t.Fatal(err)
			}
			res := ledger.Result{State: ledger.Sent, Stage: "dot", Code: 250, Text: "ok", Server: "mx.example",
				Time: t0}
			switch outcome[d.Key] {
			case ledger.Unknown:
				continue
			case ledger.Refused:
				res.State, res.Code, res.Text = ledger.Refused, 550, "no such user"
			}
			if err := r.Settle(t.Context(), d, res); err != nil {
				t.Fatal(err)
			}
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// openAccounts opens a user's accounts.
func openAccounts(t *testing.T) *accounts.Accounts {
	t.Helper()
	a, err := accounts.Open(filepath.Join(t.TempDir(), "mailshot", "accounts.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	return a
}

// forget erases a person from the campaign's ledger, as the forget command does.
func forget(t *testing.T, c *Campaign, a *accounts.Accounts, addressKey string) {
	t.Helper()
	hash, err := a.KeyHash(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c.Ledger.KeyHash = hash
	if _, err := c.Ledger.Forget(t.Context(), addressKey); err != nil {
		t.Fatal(err)
	}
	if err := a.Forget(t.Context(), addressKey); err != nil {
		t.Fatal(err)
	}
}

// write makes a file of lines and returns its path.
func write(t *testing.T, dir, name string, lines ...string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// sentOf sends the first pending row, which has this key.
func sentOf(t *testing.T, c *Campaign, key string) {
	t.Helper()
	lock, err := c.Ledger.Lock(c.ID)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	r, err := c.Ledger.Run(t.Context(), c.ID, ledger.RunOptions{
		Only: func(d ledger.Delivery) (bool, error) { return d.Key == key, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	d, err := r.Next(t.Context(), nil, t0)
	if err == nil {
		err = errors.Join(r.Begin(t.Context(), d), r.Start(t.Context(), d), r.Settle(t.Context(), d, ledger.Result{
			State: ledger.Sent, Stage: "dot", Code: 250, Text: "ok", Server: "mx.example", Time: t0,
		}), r.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
}
