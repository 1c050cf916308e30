package history

import (
	"fmt"
	"strings"
	"testing"

	"mailshot/campaign/accounts"
	"mailshot/campaign/ledger"
	"mailshot/render"
)

// wantID is the Message-ID of a person's message from example.org: of the campaign one, which an older version planned,
// the long one.
func wantID(secret []byte, r PersonRow) string {
	form := render.ShortID
	if r.Campaign.ID == "one" {
		form = render.LongID
	}
	return render.MessageID(form, secret, r.Campaign.ID, r.Key) + "@example.org"
}

// Proven by the short form for all: the Message-IDs of one were none that was sent.
func TestFind(t *testing.T) {
	t.Parallel()
	one, two, a := t.TempDir(), t.TempDir(), openAccounts(t)
	first := planned(t, one, "one", "", row(2, "ann", "ann@example.com", ledger.Pending),
		row(3, "bob", "bob@example.com", ledger.Pending),
		row(4, "ann's", "ann@example.com", ledger.Pending))
	second := planned(t, two, "two", "", row(2, "x", "ann@example.com", ledger.Pending),
		row(3, "y", "dan@example.com", ledger.Suppressed), row(4, "z", "gil@example.com", ledger.Pending))
	sentOf(t, second, "z")
	sent(t, first, map[string]ledger.State{"bob": ledger.Refused})
	for _, e := range []accounts.Entry{{Domain: "example.org", Key: "bob@example.com", Reason: "refused"},
		{Key: "@example.net"}} {
		if err := a.Suppress(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.Forget(t.Context(), "eve@example.com"); err != nil {
		t.Fatal(err)
	}
	secret, err := a.Secret(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ledgers := []string{one + "/.mailshot/state.db", two + "/.mailshot/state.db"}
	for _, tt := range []struct {
		name, key  string
		accounts   *accounts.Accounts
		ledgers    []string
		suppressed []string // keys
		rows       string
		tried      int // of the rows, those with a Message-ID
	}{
		{"in both", "ann@example.com", a, ledgers, nil,
			"one people.csv:2 sent, one people.csv:4 sent, two people.csv:2 pending", 2},
		{"in one", "ann@example.com", a, ledgers[1:], nil, "two people.csv:2 pending", 0},
		{"without accounts", "ann@example.com", nil, ledgers[:1], nil, "one people.csv:2 sent, one people.csv:4 sent",
			0},
		{"refused, and on the list", "bob@example.com", a, ledgers, []string{"bob@example.com"},
			"one people.csv:3 refused", 1},
		{"by the domain", "kim@example.net", a, ledgers, []string{"@example.net"}, "", 0},
		{"forgotten: under the address that was asked for", "eve@example.com", a, ledgers, []string{"eve@example.com"},
			"", 0},
		{"never tried", "dan@example.com", a, ledgers, nil, "two people.csv:3 suppressed", 0},
		{"of this version", "gil@example.com", a, ledgers, nil, "two people.csv:4 sent", 1},
		{"nobody", "nobody@example.com", a, nil, nil, "", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, err := Find(t.Context(), tt.key, tt.accounts, tt.ledgers)
			if err != nil {
				t.Fatal(err)
			}
			var keys, rows []string
			tried := 0
			for _, e := range p.Suppressed {
				keys = append(keys, e.Key)
			}
			for _, r := range p.Rows {
				rows = append(rows, fmt.Sprintf("%s %s %s", r.Campaign.ID, r.Place, r.State))
				if r.MessageID != "" {
					if tried++; r.MessageID != wantID(secret, r) {
						t.Errorf("Message-ID %q", r.MessageID)
					}
				}
				if !strings.HasSuffix(r.Ledger, "state.db") {
					t.Errorf("ledger %q", r.Ledger)
				}
			}
			got := fmt.Sprint(p.AddressKey, keys, strings.Join(rows, ", "), tried)
			if want := fmt.Sprint(tt.key, tt.suppressed, tt.rows, tt.tried); got != want {
				t.Errorf("key, suppressed, rows, tried: %s, want %s", got, want)
			}
		})
	}
	if _, err := Find(t.Context(), "ann@example.com", a,
		[]string{write(t, t.TempDir(), "state.db", strings.Repeat("dear diary ", 200))}); err == nil {
		t.Error("a damaged ledger was passed over")
	}
}
