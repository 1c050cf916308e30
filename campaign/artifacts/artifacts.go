// Package artifacts keeps the files that are made for people, so that what was planned is what is sent. A program makes
// other bytes each time it runs: the time is in them, or random numbers. So it runs once, and [Store] keeps what it made
// until the message has gone.
//
// [Open] opens a campaign's store. [File] makes an attachment by way of it, and [Protected] one that has a password. [Forget]
// removes a person's files, and [Purge] those of campaigns.
//
// A file is known by three things: its edition, its person and its recipe. The recipe is what the file is made of: the
// command line after the templates, or the page that is printed. The edition is how the campaign's folder was when the
// file was made: the name, size and time of each file in it. A check, a preview and a plan use files of the edition that
// the folder has now, so that whatever was edited is made anew. A delivery uses the edition in which its message is the
// planned one.
//
// Files lie in .mailshot/made, for their user alone: a folder for each edition, in it one file for each that was made.
// Names are keyed hashes. A file appears when it is whole, and ends with a sum by which damage is found.
package artifacts

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"

	"mailshot/internal/disk"
	"mailshot/render"
)

// Config says where a store is, and of which folder its files are made.
type Config struct {
	Home string   // see definition.Home; the store is in made below it
	Root *os.Root // the campaign's folder
	Skip []string // what in it is not looked at, by slash-separated path: the campaign file, an archive
}

// Store keeps files that were made. It is safe for concurrent use.
type Store struct {
	Config
	slots chan struct{} // programs that run at once

	opened sync.Once
	key    []byte // of the names
	closed error  // why the store cannot be opened

	looked sync.Once
	now    string // the edition of the folder as it is; "" = nobody has asked
	failed error  // why there is none

	flights singleflight.Group
	late    atomic.Int32 // programs in a row that were too slow

	mu       sync.Mutex
	editions []string // the one that was right last is first
	listed   bool
	lost     sync.Map // why what all people share could not be made, by path
}

// Open returns the store of a campaign. Nothing is read or written yet.
func Open(c Config) *Store {
	return &Store{Config: c, slots: make(chan struct{}, runtime.GOMAXPROCS(0))}
}

const (
	folder  = "made"
	keyName = "key"
	marker  = "plan-" // begins the names of files that say which campaigns' plans need an edition
)

// dir is the folder of the store, or of an edition.
func (s *Store) dir(edition string) string { return filepath.Join(s.Home, folder, edition) }

// open makes the store's folder and reads its key, once.
func (s *Store) open() error {
	s.opened.Do(func() {
		key := filepath.Join(s.dir(""), keyName)
		err := os.MkdirAll(s.dir(""), 0o700)
		if err == nil {
			err = disk.Create(filepath.Join(s.dir(""), ".gitignore"), "*\n")
		}
		if err == nil {
			s.key, err = os.ReadFile(key)
		}
		if errors.Is(err, fs.ErrNotExist) {
			if _, err = claim(key, []byte(rand.Text())); err == nil { // another process may do so at the same time
				s.key, err = os.ReadFile(key)
			}
		}
		s.closed = err
	})
	return s.closed
}

// edition finds the edition of the folder as it is, once, and makes room for it.
func (s *Store) edition() (string, error) {
	s.looked.Do(func() {
		s.now = hash(s.key, "edition", s.looks())
		err := os.Mkdir(s.dir(s.now), 0o700)
		if errors.Is(err, fs.ErrExist) {
			at := time.Now()
			err = os.Chtimes(s.dir(s.now), at, at) // it is in use again, see prune
		}
		if s.failed = err; err == nil {
			s.prune()
			s.Right(s.now)
		}
	})
	return s.now, s.failed
}

// looks sums up how the campaign's folder looks: what is in it, how large, and since when. What is hidden does not
// count. Where something cannot be read, its name counts.
func (s *Store) looks() string {
	h := sha256.New()
	_ = fs.WalkDir(s.Root.FS(), ".", func(path string, e fs.DirEntry, err error) error {
		if path == "." {
			return nil
		}
		hidden := strings.HasPrefix(e.Name(), ".") || slices.Contains(s.Skip, path)
		switch {
		case hidden && e.IsDir():
			return fs.SkipDir
		case hidden:
			return nil
		}
		fmt.Fprintf(h, "%q %v", path, e.Type())
		if info, err := e.Info(); err == nil && !e.IsDir() {
			fmt.Fprintf(h, " %d %d", info.Size(), info.ModTime().UnixNano())
		}
		return nil
	})
	return string(h.Sum(nil))
}

// hash is a keyed hash of texts, for names.
func hash(key []byte, texts ...string) string {
	h := hmac.New(sha256.New, key)
	for _, t := range texts {
		_ = binary.Write(h, binary.BigEndian, uint64(len(t)))
		io.WriteString(h, t)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// unneeded is how long an edition that no plan needs stays after its last use, and a file that is not whole after its last
// write, because somebody may be using it.
const unneeded = time.Hour

// prune removes the editions that no plan needs, and in the others what a kill has left of files that were not whole.
// What cannot be removed is tried again by the next one.
func (s *Store) prune() {
	folders := []string{s.dir("")}
	for _, e := range editions(s.Home) {
		if e.name != s.now && !e.planned && time.Since(e.used) > unneeded {
			_ = os.RemoveAll(s.dir(e.name))
		} else {
			folders = append(folders, s.dir(e.name))
		}
	}
	for _, dir := range folders {
		left, _ := disk.Names(dir, disk.Unfinished)
		for _, name := range left {
			if info, err := os.Lstat(name); err == nil && time.Since(info.ModTime()) > unneeded {
				_ = os.Remove(name)
			}
		}
	}
}

// edition is a folder of files.
type edition struct {
	name    string
	planned bool // a plan needs it
	used    time.Time
}

// editions lists those of a store, the newest first.
func editions(home string) (all []edition) {
	list, _ := os.ReadDir(filepath.Join(home, folder))
	for _, d := range list {
		info, err := d.Info()
		if err != nil || !d.IsDir() {
			continue
		}
		plans, _ := disk.Names(filepath.Join(home, folder, d.Name()), func(n string) bool { return strings.HasPrefix(n, marker) })
		all = append(all, edition{d.Name(), len(plans) > 0, info.ModTime()})
	}
	slices.SortFunc(all, func(a, b edition) int { return b.used.Compare(a.used) })
	return all
}

// Editions are those in which a planned message may be the planned one, the likeliest first.
func (s *Store) Editions() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.listed {
		s.listed = true
		for _, e := range editions(s.Home) {
			if !slices.Contains(s.editions, e.name) {
				s.editions = append(s.editions, e.name)
			}
		}
	}
	return slices.Clone(s.editions)
}

// Right says that an edition was the right one, so that it comes first.
func (s *Store) Right(edition string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.editions) > 0 && s.editions[0] == edition {
		return
	}
	rest := slices.DeleteFunc(slices.Clone(s.editions), func(e string) bool { return e == edition })
	s.editions = append([]string{edition}, rest...)
}

// Keep notes durably that a campaign's plan needs what was made, so that only Purge and Forget remove it.
func (s *Store) Keep(campaign string) error {
	if s.now == "" {
		return nil // nothing was made
	}
	if err := disk.Create(filepath.Join(s.dir(s.now), markerOf(campaign)), ""); err != nil {
		return fmt.Errorf("keep the files that were made: %w", err)
	}
	return errors.Join(disk.SyncFolder(s.dir(s.now)), disk.SyncFolder(s.dir("")))
}

func markerOf(campaign string) string {
	sum := sha256.Sum256([]byte(campaign))
	return marker + hex.EncodeToString(sum[:8])
}

// Gone is the code of the fault that a file is not kept in an edition.
const Gone = "made-file-gone"

// patience is how many programs in a row may be too slow before no other is run.
const patience = 8

// get returns a file that is kept, or has it made. shared says that it is the same for all people.
func (s *Store) get(to render.Recipient, shared bool, recipe []string,
	run func(context.Context) ([]byte, error)) ([]byte, error) {
	in, err := to.Edition, s.open()
	if err == nil && in == "" {
		in, err = s.edition()
	}
	if err != nil {
		return nil, &render.Fault{Code: "unwritable-folder", Text: "files that are made cannot be kept: " + err.Error()}
	}
	owners := slices.Repeat([]string{strings.Repeat("0", 32)}, 2)
	if !shared {
		owners = []string{hash(s.key, "person", to.Person), hash(s.key, "person", to.Key)} // see Forget
	}
	name := strings.Join(append(owners, hash(s.key, append([]string{"recipe"}, recipe...)...)), "-")
	path := filepath.Join(s.dir(in), name)
	if b := read(path); b != nil {
		return b, nil
	}
	if to.Edition != "" {
		return nil, &render.Fault{Code: Gone, Text: "the file that was made is not there any more"}
	}
	if why, is := s.lost.Load(path); is {
		return nil, why.(error)
	}
	ctx := to.Context
	if ctx == nil {
		ctx = context.Background()
	}
	made, err, _ := s.flights.Do(path, func() (any, error) {
		if b := read(path); b != nil {
			return b, nil
		}
		b, err := s.run(ctx, run)
		if err == nil {
			b, err = publish(path, b)
		}
		if err != nil && ctx.Err() == nil && shared {
			s.lost.Store(path, err)
		}
		return b, err
	})
	b, _ := made.([]byte)
	return b, err
}

// run runs a program when there is a place for it.
func (s *Store) run(ctx context.Context, run func(context.Context) ([]byte, error)) ([]byte, error) {
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if s.late.Load() >= patience {
		return nil, &render.Fault{Code: "make-timeout", Hint: "mend that first",
			Text: fmt.Sprintf("not made, because %d programs in a row did not end in time", patience)}
	}
	b, err := run(ctx)
	if fault := (*render.Fault)(nil); !errors.As(err, &fault) || fault.Code != "make-timeout" {
		s.late.Store(0)
	} else {
		s.late.Add(1)
	}
	return b, err
}

// read returns the file at a path; nil if it is not there, or not whole.
func read(path string) []byte {
	b, err := os.ReadFile(path)
	at := len(b) - sha256.Size
	if err != nil || at < 1 || !bytes.Equal(b[at:], sum(path, b[:at])) {
		return nil
	}
	return slices.Clip(b[:at])
}

// publish keeps a file that was made, and returns the one that is kept: where another process has made the file
// meanwhile, that one, which may be in a plan already.
func publish(path string, b []byte) ([]byte, error) {
	whole := slices.Concat(b, sum(path, b))
	mine, err := claim(path, whole)
	if err == nil && !mine {
		if kept := read(path); kept != nil {
			return kept, nil
		}
		err = disk.Replace(path, func(w io.Writer) error { // what is there is damaged
			_, err := w.Write(whole)
			return err
		})
	}
	if err != nil {
		return nil, &render.Fault{Code: "unwritable-folder", Text: "what was made cannot be kept: " + err.Error()}
	}
	return b, nil
}

// claim writes a file unless there is one of that name, and says whether it did.
func claim(path string, b []byte) (mine bool, err error) {
	f, err := disk.New(path)
	if err != nil {
		return false, err
	}
	if _, err := f.Write(b); err != nil {
		return false, errors.Join(err, f.Discard())
	}
	return f.Claim()
}

// sum is what a file ends with. It has the file's name in it, so that no file is taken for another.
func sum(path string, b []byte) []byte {
	h := sha256.New()
	io.WriteString(h, filepath.Base(filepath.Dir(path))+"/"+filepath.Base(path)+"\n")
	h.Write(b)
	return h.Sum(nil)
}
