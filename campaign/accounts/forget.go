package accounts

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"mailshot/internal/sqlite"
)

// Hide puts a person on the suppression list by an entry that can only be found with the address itself. It comes
// before the person's rows are erased: whoever is erased and not on the list would be mailed by the next campaign.
// fresh says that there was no such entry.
func (a *Accounts) Hide(ctx context.Context, addressKey string) (fresh bool, err error) {
	hidden, err := a.hidden(ctx, addressKey)
	if err != nil {
		return false, err
	}
	err = a.db.Write(func(t *sqlite.Tx) error {
		n, err := hide(t, hidden)
		fresh = n > 0
		return err
	})
	return fresh, err
}

func hide(t *sqlite.Tx, hidden string) (int64, error) {
	return t.Exec(`INSERT OR IGNORE INTO suppressions(domain, key, topic, reason, source, time)
		VALUES ('', ?, '', 'forgotten on request', 'forget', ?)`, hidden, time.Now().UnixNano())
}

// Unhide takes the entry of Hide back.
func (a *Accounts) Unhide(ctx context.Context, addressKey string) error {
	hidden, err := a.hidden(ctx, addressKey)
	if err != nil {
		return err
	}
	return a.db.Write(func(t *sqlite.Tx) error {
		_, err := t.Exec("DELETE FROM suppressions WHERE key = ? AND domain = '' AND topic = ''", hidden)
		return err
	})
}

// Forget keeps a person off all campaigns without keeping the address. The person's entries are taken off the
// suppression list, with their reasons and sources, and an entry takes their place that can only be found with the
// address itself. Which messages the person got is forgotten, too, and how they ended. The file is written anew.
func (a *Accounts) Forget(ctx context.Context, addressKey string) error {
	hidden, err := a.hidden(ctx, addressKey)
	if err != nil {
		return err
	}
	person, err := a.Person(ctx)
	if err != nil {
		return err
	}
	hash, err := a.AddressHash(ctx)
	if err != nil {
		return err
	}
	err = a.db.Write(func(t *sqlite.Tx) error {
		if _, err := t.Exec("DELETE FROM suppressions WHERE key = ?", addressKey); err != nil {
			return err
		}
		if err := forgetSofts(t, hash(addressKey)); err != nil {
			return err
		}
		if err := a.forgetCopies(t, person(addressKey)); err != nil {
			return err
		}
		_, err := hide(t, hidden)
		return err
	})
	if err != nil {
		return err
	}
	return a.db.Rewrite(ctx)
}

// Hidden is what the key of an entry whose address was forgotten begins with.
const Hidden = "#"

// hidden returns the key of the entry that takes the place of a forgotten address.
func (a *Accounts) hidden(ctx context.Context, addressKey string) (string, error) {
	hash, err := a.AddressHash(ctx)
	if err != nil {
		return "", err
	}
	return HiddenKey(hash(addressKey)), nil
}

// HiddenKey is the key of an entry for an address of which only the hash is known.
func HiddenKey(hash [16]byte) string { return Hidden + hex.EncodeToString(hash[:]) }

// HashOf is the hash in the key of an entry; ok is false for an address.
func HashOf(key string) (hash [16]byte, ok bool) {
	text, ok := strings.CutPrefix(key, Hidden)
	b, err := hex.DecodeString(text)
	if !ok || err != nil || len(b) != len(hash) {
		return hash, false
	}
	return [16]byte(b), true
}

// AddressHash returns the function that hashes an address's key for the suppression list and for tokens, with the
// secret of these accounts.
func (a *Accounts) AddressHash(ctx context.Context) (func(addressKey string) [16]byte, error) {
	secret, err := a.Secret(ctx)
	if err != nil {
		return nil, err
	}
	return func(addressKey string) [16]byte {
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte("forgotten\x00" + addressKey))
		return [16]byte(mac.Sum(nil))
	}, nil
}

// KeyHash returns the function for ledger.Ledger.KeyHash: a hash of a campaign's key, made with the secret of these
// accounts.
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
