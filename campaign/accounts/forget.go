package accounts

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"mailshot/internal/sqlite"
)

// Forget keeps a person off all campaigns without their address: their entries on the list of people never to be mailed go, and one
// takes their place that only the address itself leads to. Reasons and sources go with them.
func (a *Accounts) Forget(ctx context.Context, addressKey string) error {
	hidden, err := a.hidden(ctx, addressKey)
	if err != nil {
		return err
	}
	err = a.db.Write(func(t *sqlite.Tx) error {
		if _, err := t.Exec("DELETE FROM suppressions WHERE key = ?", addressKey); err != nil {
			return err
		}
		_, err := t.Exec("INSERT OR IGNORE INTO suppressions(domain, key, reason, source, time) VALUES ('', ?, 'forgotten on request', 'forget', ?)",
			hidden, time.Now().UnixNano())
		return err
	})
	if err != nil {
		return err
	}
	return a.db.Rewrite(ctx)
}

// Hidden marks the key of an entry whose address was forgotten: it begins with this.
const Hidden = "#"

// hidden is what stands on the list of people never to be mailed in place of a forgotten address.
func (a *Accounts) hidden(ctx context.Context, addressKey string) (string, error) {
	secret, err := a.Secret(ctx)
	if err != nil {
		return "", err
	}
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte("forgotten\x00" + addressKey))
	return Hidden + hex.EncodeToString(mac.Sum(nil)[:16]), nil
}

// KeyHash is what Ledger.KeyHash is to be: a hash of a campaign's key, made with the secret of these accounts.
func (a *Accounts) KeyHash(ctx context.Context) (func(campaign, key string) []byte, error) {
	secret, err := a.Secret(ctx)
	if err != nil {
		return nil, err
	}
	return func(campaign, key string) []byte {
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte("row\x00" + campaign + "\x00" + key))
		return mac.Sum(nil)[:16]
	}, nil
}
