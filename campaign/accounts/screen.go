package accounts

import (
	"context"
	"database/sql"
	"hash/maphash"
	"strings"

	"mailshot/internal/sqlite"
)

// Screen is the suppression list as it was at one moment, made to be asked for every row of a long list: for most
// addresses that are not on the list it answers without reading the file. It takes some 20 bytes for each entry. It is
// safe for concurrent use.
type Screen struct {
	a      *Accounts
	domain string
	seed   maphash.Seed
	hashes map[uint64]struct{} // of the entries' keys
	hidden bool                // entries of people who were forgotten are among them
}

// Screen reads the entries that hold for a sender of this domain or for all senders.
func (a *Accounts) Screen(ctx context.Context, domain string) (*Screen, error) {
	s := &Screen{a: a, domain: domain, seed: maphash.MakeSeed(), hashes: map[uint64]struct{}{}}
	rows, err := a.db.Reading.QueryContext(ctx,
		"SELECT key FROM suppressions WHERE domain IN (?, '')", strings.ToLower(domain))
	err = sqlite.Each(rows, err, func(r *sql.Rows) error {
		var key sql.RawBytes
		err := r.Scan(&key)
		s.hashes[maphash.Bytes(s.seed, key)] = struct{}{}
		s.hidden = s.hidden || strings.HasPrefix(string(key), Hidden)
		return err
	})
	return s, a.db.Explain(err)
}

// Suppressed answers as Accounts.Suppressed does for an address that was on the list when the Screen was made. For an
// address that was put on the list later, it may answer so or say that it is not on it.
func (s *Screen) Suppressed(ctx context.Context, key string) (Entry, bool, error) {
	if len(s.hashes) == 0 {
		return Entry{}, false, ctx.Err()
	}
	keys := SuppressedBy(key)
	if s.hidden {
		hidden, err := s.a.hidden(ctx, key)
		if err != nil {
			return Entry{}, false, err
		}
		keys = append(keys, hidden)
	}
	for _, k := range keys {
		if _, maybe := s.hashes[maphash.String(s.seed, k)]; maybe {
			return s.a.Suppressed(ctx, s.domain, key)
		}
	}
	return Entry{}, false, ctx.Err()
}
