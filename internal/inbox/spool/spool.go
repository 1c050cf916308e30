// Package spool keeps what webhooks brought until it was read. [Open] opens the folder, [Spool.Put] keeps a body, and
// [Spool.Box] reads the events in what is kept.
//
// A body is a file of its own, whole and on the disk when Put returns, whatever happens then. Its name is a digest of
// what is in it, so that what a provider sends again is the same file. Nothing is removed but by [Box.Done], which
// removes what was read, and by [Spool.Sweep]. Several programs may use a folder at once.
package spool

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"mailshot/internal/disk"
	"mailshot/internal/inbox/events"
)

// Spool is a folder of bodies. It is safe for concurrent use.
type Spool struct {
	dir  string
	once sync.Mutex
}

// Open opens the folder, and makes it where it is not there. Nobody but this user can look into it.
func Open(dir string) (*Spool, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		return nil, err
	}
	return &Spool{dir: dir}, nil
}

// Dir is the folder.
func (s *Spool) Dir() string { return s.dir }

// suffix ends the name of a body's file.
const suffix = ".body"

// Put keeps a body that p sent. When it returns nil, the body is on the disk.
func (s *Spool) Put(p events.Provider, body []byte) error {
	_, err := s.claim(string(p)+"-"+digest(body)+suffix, body)
	return err
}

// claim writes a file, unless there is one of its name.
func (s *Spool) claim(name string, text []byte) (mine bool, err error) {
	f, err := disk.New(filepath.Join(s.dir, name))
	if err != nil {
		return false, err
	}
	if _, err := f.Write(text); err != nil {
		return false, errors.Join(err, f.Discard())
	}
	if mine, err = f.Claim(); err != nil {
		return false, err
	}
	return mine, disk.SyncFolder(s.dir) // also where another has just written it, and not yet synced the name
}

// used begins the names of files that say what a token was used for.
const used = ".used-"

// Once reports whether a token is new, or was used for this very body, and remembers durably that it is used. A
// provider that got no answer sends the same again; nobody can use its token for another body.
func (s *Spool) Once(token string, body []byte) (bool, error) {
	s.once.Lock()
	defer s.once.Unlock()
	name, mark := used+digest([]byte(token)), []byte(digest(body))
	mine, err := s.claim(name, mark)
	if err != nil || mine {
		return err == nil, err
	}
	was, err := os.ReadFile(filepath.Join(s.dir, name))
	return err == nil && bytes.Equal(was, mark), err
}

// Sweep removes what is older than age: bodies that nobody has read, marks of tokens, and what a crash has left of
// files that were not whole. bodies false keeps the bodies.
func (s *Spool) Sweep(age time.Duration, bodies bool) error {
	list, err := os.ReadDir(s.dir)
	if err != nil {
		return err
	}
	var failed []error
	for _, e := range list {
		old := strings.HasPrefix(e.Name(), used) || disk.Unfinished(e.Name()) ||
			bodies && strings.HasSuffix(e.Name(), suffix)
		if info, err := e.Info(); !old || err != nil || time.Since(info.ModTime()) < age {
			continue
		}
		if err := os.Remove(filepath.Join(s.dir, e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			failed = append(failed, err)
		}
	}
	return errors.Join(failed...)
}

// Names are the files of the bodies that are kept, the oldest first.
func (s *Spool) Names() (all []string, err error) {
	list, err := s.kept()
	for _, k := range list {
		all = append(all, k.name)
	}
	return all, err
}

// kept is a body in the folder.
type kept struct {
	name     string
	provider events.Provider
	at       time.Time
}

// kept lists the bodies, the oldest first.
func (s *Spool) kept() (all []kept, err error) {
	list, err := os.ReadDir(s.dir)
	for _, e := range list {
		p, _, ok := strings.Cut(e.Name(), "-")
		if !ok || !strings.HasSuffix(e.Name(), suffix) || !slices.Contains(events.Providers(), events.Provider(p)) {
			continue
		}
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() {
			all = append(all, kept{e.Name(), events.Provider(p), info.ModTime()})
		}
	}
	slices.SortStableFunc(all, func(a, b kept) int { return a.at.Compare(b.at) })
	return all, err
}

func digest(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}
