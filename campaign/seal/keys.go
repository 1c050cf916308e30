package seal

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"mailshot/campaign/definition/sealing"
	"mailshot/render/address"
	"mailshot/render/naming"
	"mailshot/render/pgp"
	"mailshot/render/smime"
)

// publicKey is a key to which something is encrypted: a *smime.Certificate or a *pgp.Key.
type publicKey interface {
	Addresses() []string
	Identity() string
	Since() time.Time
	Unfit(now time.Time) (code, why string)
}

// mostBytes is how large a file with keys may be: a keyring of some thousand people.
const mostBytes = 32 << 20

// endings are those of files with keys.
var endings = map[string][]string{
	sealing.SMIME: {".pem", ".crt", ".cer", ".der"},
	sealing.PGP:   {".asc", ".gpg", ".pgp", ".pub", ".key"},
}

// parse reads the keys of a file.
func parse(way string, b []byte) (keys []publicKey, err error) {
	if way == sealing.SMIME {
		all, err := smime.Certificates(b)
		for _, c := range all {
			keys = append(keys, c)
		}
		return keys, err
	}
	all, err := pgp.Keys(b)
	for _, k := range all {
		keys = append(keys, k)
	}
	return keys, err
}

// others are the endings of files that have certificates in a form that is not read, and why not.
var others = map[string]string{".p12": pkcs12, ".pfx": pkcs12, ".p7b": pkcs7, ".p7c": pkcs7}

const (
	pkcs12 = "PKCS #12; openssl pkcs12 -in FILE -clcerts -nokeys -out FILE.pem takes the certificate out"
	pkcs7  = "PKCS #7; openssl pkcs7 -in FILE -print_certs -out FILE.pem takes the certificates out"
)

// merge makes one key of two copies of it.
func merge(a, b publicKey) (publicKey, error) {
	if x, is := a.(*pgp.Key); is {
		return pgp.Merge(x, b.(*pgp.Key))
	}
	return a, nil
}

// found is a key with the files that have a copy of it.
type found struct {
	key   publicKey
	files []string
}

// shelf is the keys of a folder, by address. It is read again when the folder or a file that is asked for has changed.
// It is safe for concurrent use.
type shelf struct {
	root   *os.Root
	way    string
	folder string

	mu      sync.RWMutex
	changed time.Time              // of the folder, when it was read
	files   map[string]fs.FileInfo // before they were read; nil = it leads nowhere
	by      map[string][]*found    // by the address's key
	broken  []string               // files that could not be read, and why
}

// newShelf reads a folder below root.
func newShelf(root *os.Root, way, folder string) (*shelf, error) {
	s := &shelf{root: root, way: way, folder: path.Clean(folder)}
	return s, s.read()
}

// read reads the folder. The caller has the lock, or is alone.
func (s *shelf) read() error {
	info, err := s.root.Stat(filepath.FromSlash(s.folder))
	if err != nil {
		return bare(err)
	}
	entries, err := fs.ReadDir(s.root.FS(), s.folder)
	if err != nil {
		return bare(err)
	}
	s.changed, s.files, s.by, s.broken = info.ModTime(), map[string]fs.FileInfo{}, map[string][]*found{}, nil
	all, order := map[string]*found{}, []*found(nil)
	for _, e := range entries {
		name, ending := e.Name(), strings.ToLower(path.Ext(e.Name()))
		if why := others[ending]; why != "" && s.way == sealing.SMIME {
			s.broken = append(s.broken, naming.Show(name)+" ("+why+")")
		}
		if e.IsDir() || strings.HasPrefix(name, ".") || !slices.Contains(endings[s.way], ending) {
			continue
		}
		file := path.Join(s.folder, name)
		s.files[file], _ = s.root.Stat(filepath.FromSlash(file))
		keys, err := open(s.root, s.way, file)
		if err != nil {
			s.broken = append(s.broken, naming.Show(name)+" ("+err.Error()+")")
			continue
		}
		for _, k := range keys {
			f := all[k.Identity()]
			if f == nil {
				f = &found{key: k}
				all[k.Identity()], order = f, append(order, f)
			} else if f.key, err = merge(f.key, k); err != nil {
				return err
			}
			f.files = append(f.files, file)
		}
	}
	for _, f := range order {
		for _, text := range f.key.Addresses() {
			if a, err := address.Parse(text); err == nil && !slices.Contains(s.by[a.Key()], f) {
				s.by[a.Key()] = append(s.by[a.Key()], f)
			}
		}
	}
	return nil
}

// open reads the keys of a file below root. It does not wait: a FIFO in place of a file must not hold up the run.
func open(root *os.Root, way, name string) ([]publicKey, error) {
	f, err := root.OpenFile(filepath.FromSlash(name), os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, bare(err)
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, bare(err)
	case !info.Mode().IsRegular():
		return nil, errors.New("not a regular file")
	case info.Size() > mostBytes:
		return nil, fmt.Errorf("larger than %d MB", mostBytes>>20)
	}
	b, err := io.ReadAll(io.LimitReader(f, mostBytes))
	if err != nil {
		return nil, bare(err)
	}
	return parse(way, sealing.Plain(b))
}

// bare is an error of the file system without operation and path.
func bare(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return errors.New("no such file")
	case strings.Contains(err.Error(), "escapes"): // os.Root's error has no name
		return errors.New("it leads out of the campaign's folder")
	}
	return err
}

// of returns the keys of an address, of which the files are as they were read. Where there is none and each is true,
// each file is looked at: the key may have been put into one of them.
func (s *shelf) of(key string, each bool) ([]*found, []string, error) {
	s.mu.RLock()
	all, broken, same := s.by[key], s.broken, s.same(key, each)
	s.mu.RUnlock()
	if same {
		return all, broken, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.same(key, each) { // somebody else has read it meanwhile
		return s.by[key], s.broken, nil
	}
	if err := s.read(); err != nil {
		return nil, nil, err
	}
	return s.by[key], s.broken, nil
}

// same says whether the folder, and the files that have keys of an address, are as they were read; each is that of of.
// The caller has the lock.
func (s *shelf) same(key string, each bool) bool {
	info, err := s.root.Stat(filepath.FromSlash(s.folder))
	if err != nil || !info.ModTime().Equal(s.changed) {
		return false
	}
	if each && len(s.by[key]) == 0 {
		for name := range s.files {
			if !s.unchanged(name) {
				return false
			}
		}
	}
	for _, f := range s.by[key] {
		if slices.ContainsFunc(f.files, func(name string) bool { return !s.unchanged(name) }) {
			return false
		}
	}
	return true
}

func (s *shelf) unchanged(name string) bool {
	was := s.files[name]
	info, err := s.root.Stat(filepath.FromSlash(name))
	if err != nil || was == nil {
		return err != nil && was == nil
	}
	return info.Size() == was.Size() && info.ModTime().Equal(was.ModTime()) && os.SameFile(info, was)
}

// newest chooses among the keys of one person: the one that was made last of those that are fit at a time. Where none
// is, it says why the last one is not. several says that there were more that are fit.
func newest(all []publicKey, now time.Time) (best publicKey, several bool, code, why string) {
	var last publicKey
	for _, k := range all {
		bad, words := k.Unfit(now)
		if bad != "" {
			if last == nil || k.Since().After(last.Since()) {
				last, code, why = k, bad, words
			}
			continue
		}
		several = best != nil
		if best == nil || k.Since().After(best.Since()) {
			best = k
		}
	}
	if best != nil {
		return best, several, "", ""
	}
	return nil, false, code, why
}
