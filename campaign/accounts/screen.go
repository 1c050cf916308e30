package accounts

import (
	"context"
	"hash/maphash"
	"strings"
	"sync"

	"mailshot/internal/sqlite"
)

// Screen is the suppression list as it was at the last [Screen.News], made to be asked for every row of a long list:
// for most addresses that are not on the list it answers without reading the file. It takes some 20 bytes for each
// entry. It is safe for concurrent use.
type Screen struct {
	a    *Accounts
	mail Mail
	seed maphash.Seed

	mu     sync.RWMutex
	seen   int64               // how often the list had grown
	hashes map[uint64]struct{} // of the entries' keys
	hidden bool                // entries of people who were forgotten are among them
}

// Screen reads the entries that hold for this mail.
func (a *Accounts) Screen(ctx context.Context, m Mail) (*Screen, error) {
	s := &Screen{a: a, mail: m, seed: maphash.MakeSeed(), seen: -1, hashes: map[uint64]struct{}{}}
	return s, s.News(ctx)
}

// News reads what was put on the list since the last News. It is cheap if there is nothing.
func (s *Screen) News(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	// How often the list has grown is read first: what comes meanwhile is read once more by the next News.
	var n int64
	err := s.a.db.Read("SELECT n FROM changes", nil, func(r *sqlite.Row) error {
		n = r.Int()
		return nil
	})
	if err != nil || n == s.seen {
		return s.a.db.Explain(err)
	}
	const added = "SELECT key FROM suppressions WHERE seq > ? AND domain IN (?, '') AND topic IN ('', ?, ?)"
	own, bulk := s.mail.topics()
	args := []any{s.seen, strings.ToLower(s.mail.Domain), strings.ToLower(own), bulk}
	err = s.a.db.Read(added, args, func(r *sqlite.Row) error {
		key := r.Text()
		s.hashes[maphash.String(s.seed, key)] = struct{}{}
		s.hidden = s.hidden || strings.HasPrefix(key, Hidden)
		return r.Err()
	})
	if err == nil {
		s.seen = n
	}
	return s.a.db.Explain(err)
}

// Empty reports whether nobody was on the list at the last News.
func (s *Screen) Empty() bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.hashes) == 0
}

// Suppressed answers as Accounts.Suppressed does for an address that was on the list at the last News. For an address
// that was put on the list later, it may answer so or say that it is not on it.
func (s *Screen) Suppressed(ctx context.Context, key string) (Entry, bool, error) {
	maybe, err := s.maybe(ctx, key)
	if err != nil || !maybe {
		return Entry{}, false, err
	}
	return s.a.Suppressed(ctx, s.mail, key)
}

// maybe reports whether an entry of the address may be on the list.
func (s *Screen) maybe(ctx context.Context, key string) (bool, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if len(s.hashes) == 0 {
		return false, ctx.Err()
	}
	if s.hidden {
		hidden, err := s.a.hidden(ctx, key)
		if err != nil || s.has(hidden) {
			return true, err
		}
	}
	for _, k := range SuppressedBy(key) {
		if s.has(k) {
			return true, nil
		}
	}
	return false, ctx.Err()
}

// has reports whether a key may be among the entries'; s.mu is held.
func (s *Screen) has(key string) bool {
	_, maybe := s.hashes[maphash.String(s.seed, key)]
	return maybe
}
