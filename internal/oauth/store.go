package oauth

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/gofrs/flock"
	"github.com/zalando/go-keyring"

	"mailshot/internal/disk"
	system "mailshot/internal/keyring"
)

// record has what is kept of a login.
type record struct {
	Username string    `json:"username"` // for people who look into the file
	Host     string    `json:"host"`
	Refresh  string    `json:"refresh_token"`
	Access   string    `json:"access_token,omitempty"`
	Obtained time.Time `json:"obtained"`
	Expiry   time.Time `json:"expiry"`
	Refused  string    `json:"refused,omitempty"` // why the server no longer takes the login; "" = it does
}

// fresh reports whether the access token is good for a connection that is opened now: it has five minutes left, or half
// its life if that is shorter.
func (r *record) fresh(now time.Time) bool {
	return r.Access != "" && r.Expiry.Sub(now) > min(early, r.Expiry.Sub(r.Obtained)/2)
}

// usable reports whether the access token is good at all.
func (r *record) usable(now time.Time) bool { return r.Access != "" && r.Expiry.After(now) }

// service is the name under which a keyring keeps our tokens.
const service = "mailshot"

// store keeps the login of one account, in the system's keyring or in a file that only the user can read. If there are
// both, the file goes first, because nobody needs to unlock it.
type store struct {
	dir, name string
	keyring   func() bool
}

func (c Config) store() store {
	// The mail server is part of the name, so that a token for one server is never sent to another.
	sum := sha256.Sum256([]byte(strings.Join([]string{c.Username, strings.ToLower(c.Host), c.TokenURL, c.ClientID},
		"\x00")))
	return store{dir: c.Dir, name: "token-" + hex.EncodeToString(sum[:16]), keyring: c.Keyring}
}

// SystemKeyring reports whether this system has a keyring that can be asked. On Linux and the BSDs that needs a session
// bus, which is never started for it.
func SystemKeyring() bool { return system.System() }

func (s store) file() string { return filepath.Join(s.dir, s.name+".json") }

// lock makes processes take turns.
func (s store) lock(ctx context.Context) (unlock func(), err error) {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return nil, &Error{Code: "store", Text: "keeping tokens: " + err.Error()}
	}
	l := flock.New(filepath.Join(s.dir, s.name+".lock"))
	if _, err := l.TryLockContext(ctx, 50*time.Millisecond); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, &Error{Code: "store", Text: "keeping tokens: " + err.Error()}
	}
	return func() { _ = l.Close() }, nil // if Close fails, the system frees the lock at the end
}

// load returns the login; nil if there is none.
func (s store) load() (*record, error) {
	b, err := readPrivate(s.file())
	if errors.Is(err, fs.ErrNotExist) {
		if !s.keyring() {
			return nil, nil
		}
		text, err := keyring.Get(service, s.name)
		if errors.Is(err, keyring.ErrNotFound) {
			return nil, nil
		}
		if err != nil {
			return nil, &Error{Code: "store", Text: "the system's keyring: " + tidy(err.Error(), nil),
				Hint: "is it locked? mailshot login --file keeps the login in a file"}
		}
		b = []byte(text)
	} else if err != nil {
		return nil, err
	}
	r := &record{}
	if json.Unmarshal(b, r) != nil || r.Refresh == "" {
		return nil, &Error{Code: "store", Text: "the login that is kept cannot be read", Hint: "log in again"}
	}
	return r, nil
}

// save keeps the login where a login is already, else in the keyring, else in a file; inFile: always in a file. The
// login is then in one place only, and is durable when save returns. save returns where it is, in words for a person.
func (s store) save(r *record, inFile bool) (string, error) {
	if _, err := os.Lstat(s.file()); err == nil {
		inFile = true
	}
	if !inFile && s.keyring() && s.toKeyring(r) == nil {
		return "the system's keyring", nil
	}
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return "", err
	}
	if err := writePrivate(s.file(), append(b, '\n')); err != nil {
		return "", &Error{Code: "store", Text: "keeping the login: " + err.Error()}
	}
	if s.keyring() {
		_ = keyring.Delete(service, s.name) // an old login that stays there is never read again
	}
	return s.file(), nil
}

// toKeyring leaves the access token out if the keyring has no room for it.
func (s store) toKeyring(r *record) error {
	for _, access := range []string{r.Access, ""} {
		short := *r
		short.Access = access
		b, err := json.Marshal(short)
		if err != nil {
			return err
		}
		if err = keyring.Set(service, s.name, string(b)); !errors.Is(err, keyring.ErrSetDataTooBig) {
			return err
		}
	}
	return keyring.ErrSetDataTooBig
}

// remove forgets the login, wherever it is, and reports whether there was one.
func (s store) remove() (bool, error) {
	err := os.Remove(s.file())
	found := err == nil
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, &Error{Code: "store", Text: "forgetting the login: " + err.Error()}
	}
	if found {
		if err := disk.SyncFolder(s.dir); err != nil {
			return true, err
		}
	}
	if s.keyring() {
		switch err := keyring.Delete(service, s.name); {
		case err == nil:
			found = true
		case !errors.Is(err, keyring.ErrNotFound):
			return found, &Error{Code: "store", Text: "the system's keyring: " + tidy(err.Error(), nil)}
		}
	}
	return found, nil
}

// readPrivate reads a file that only its owner may read.
func readPrivate(path string) ([]byte, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, &Error{Code: "store", Text: path + " is not a regular file"}
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		text := fmt.Sprintf("%s: other users may read it (mode %04o), and it holds a login", path, info.Mode().Perm())
		return nil, &Error{Code: "store", Text: text,
			Hint: "log out and in again, and end the old login with your provider"}
	}
	return os.ReadFile(path)
}

// writePrivate replaces a file as a whole: whatever happens, the old file or the new one is there.
func writePrivate(path string, b []byte) error {
	err := disk.Replace(path, func(w io.Writer) error {
		_, err := w.Write(b)
		return err
	})
	if err != nil {
		return err
	}
	return disk.SyncFolder(filepath.Dir(path))
}
