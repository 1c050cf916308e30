package belonging

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"mailshot/campaign/belonging/text"
	"mailshot/campaign/belonging/words"
	"mailshot/internal/disk"
)

// texts keeps the texts of files, in one file for each campaign file. A plan writes that file anew with the texts of
// its own files, so old texts are gone with the next plan. Each text is encrypted by AES-256-GCM with a key made from
// the accounts' secret, and found by a keyed hash of the file's content. If the file cannot be read or written, texts
// are read again, which is only slower.
type texts struct {
	path string // "" = nothing is kept
	mac  []byte
	box  cipher.AEAD

	mu      sync.Mutex
	opened  bool
	old     *os.File
	before  map[textKey]span // in old
	new     *os.File         // under a temporary name
	now     map[textKey]span // in new
	end     int64
	changed bool // new has texts that old does not have
}

type textKey [16]byte

// span is a part of a file.
type span struct{ at, length int64 }

// edition begins the file. It changes when files are read or compared in a new way.
const edition = "mailshot texts 2\n"

const folder = "texts"

// leftover begins the name of a new file before it has its place.
const leftover = ".texts-"

// mostText is how many bytes of one file are kept.
const mostKept = 8 << 20

func openTexts(c Config) *texts {
	key := func(what string) []byte {
		m := hmac.New(sha256.New, c.Secret)
		m.Write([]byte("mailshot texts: " + what))
		return m.Sum(nil)
	}
	block, err := aes.NewCipher(key("box"))
	if err != nil {
		panic(err) // 32 bytes are a key
	}
	box, err := cipher.NewGCM(block)
	if err != nil {
		panic(err) // AES has blocks of 16 bytes
	}
	t := &texts{mac: key("names"), box: box, before: map[textKey]span{}, now: map[textKey]span{}}
	if c.Home != "" {
		sum := sha256.Sum256([]byte(c.Name))
		t.path = filepath.Join(c.Home, folder, hex.EncodeToString(sum[:8]))
	}
	return t
}

// key names a file's text.
func (t *texts) key(sum [32]byte, name string, again bool) (k textKey) {
	m := hmac.New(sha256.New, t.mac)
	m.Write(sum[:])
	m.Write([]byte(strings.ToLower(path.Ext(name))))
	if again {
		m.Write([]byte("\nagain"))
	}
	copy(k[:], m.Sum(nil))
	return k
}

// open opens the old file, once, and begins the new file. The caller holds t.mu.
func (t *texts) open() {
	if t.opened || t.path == "" {
		return
	}
	t.opened = true
	dir := filepath.Dir(t.path)
	if os.MkdirAll(dir, 0o700) != nil || disk.Create(filepath.Join(dir, ".gitignore"), "*\n") != nil {
		return
	}
	t.sweep(dir)
	if old, err := os.Open(t.path); err == nil {
		t.old = old
		t.index()
	}
	if t.new, _ = os.CreateTemp(dir, leftover+"*"); t.new != nil {
		n, _ := t.new.WriteString(edition)
		t.end = int64(n)
	}
}

// sweep removes the files of runs that were killed. A living run writes to its own file at least once a day.
func (t *texts) sweep(dir string) {
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		info, err := e.Info()
		if err == nil && strings.HasPrefix(e.Name(), leftover) && time.Since(info.ModTime()) > 24*time.Hour {
			_ = os.Remove(filepath.Join(dir, e.Name())) // else the next run does
		}
	}
}

// index finds the texts in the old file.
func (t *texts) index() {
	head := make([]byte, len(edition))
	if _, err := t.old.ReadAt(head, 0); err != nil || string(head) != edition {
		return
	}
	var b [20]byte
	for at := int64(len(edition)); ; {
		if _, err := t.old.ReadAt(b[:], at); err != nil {
			return
		}
		length := int64(binary.BigEndian.Uint32(b[16:]))
		if at += int64(len(b)); length > mostKept {
			return
		}
		t.before[textKey(b[:16])] = span{at, length}
		at += length
	}
}

// get returns a text that is kept.
func (t *texts) get(k textKey) (s said, known bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.open()
	from, at, is := t.new, span{}, false
	if at, is = t.now[k]; !is {
		if at, is = t.before[k]; !is {
			return said{}, false
		}
		from = t.old
	}
	b := make([]byte, at.length)
	if _, err := from.ReadAt(b, at.at); err != nil || len(b) < t.box.NonceSize() {
		return said{}, false
	}
	n := t.box.NonceSize()
	plain, err := t.box.Open(nil, b[:n], b[n:], k[:])
	if err != nil { // damaged, or of another secret
		return said{}, false
	}
	if from == t.old {
		t.append(k, b)
	}
	return decode(plain)
}

// put keeps a text.
func (t *texts) put(k textKey, s said) {
	b := s.encode()
	nonce := make([]byte, t.box.NonceSize())
	_, _ = rand.Read(nonce) // never fails, see crypto/rand
	b = t.box.Seal(nonce, nonce, b, k[:])
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.open(); len(b) <= mostKept {
		t.changed = true
		t.append(k, b)
	}
}

// append writes a text to the new file. The caller holds t.mu.
func (t *texts) append(k textKey, b []byte) {
	if t.new == nil {
		return
	}
	record := binary.BigEndian.AppendUint32(append([]byte{}, k[:]...), uint32(len(b)))
	if _, err := t.new.Write(append(record, b...)); err != nil {
		t.drop()
		return
	}
	t.now[k] = span{t.end + int64(len(record)), int64(len(b))}
	t.end += int64(len(record) + len(b))
}

// drop gives up the new file. The caller holds t.mu.
func (t *texts) drop() {
	if t.new != nil {
		t.new.Close()
		os.Remove(t.new.Name())
	}
	t.new, t.now = nil, map[textKey]span{}
}

// save puts the new file in place of the old one. Unless all files were examined, the old texts stay.
func (t *texts) save(all bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	same := !t.changed && (!all || len(t.now) == len(t.before))
	if !all && !same {
		t.rest()
	}
	if t.old != nil {
		t.old.Close()
	}
	if t.new != nil && !same && t.new.Close() == nil {
		_ = os.Rename(t.new.Name(), t.path) // else it is read again
	}
	t.drop()
	t.old, t.before, t.opened, t.changed = nil, map[textKey]span{}, false, false
}

// rest appends the texts that the old file has and the new file does not have. The caller holds t.mu.
func (t *texts) rest() {
	for k, at := range t.before {
		if _, known := t.now[k]; known || t.new == nil {
			continue
		}
		b := make([]byte, at.length)
		if _, err := t.old.ReadAt(b, at.at); err == nil {
			t.append(k, b)
		}
	}
}

// encode writes the text of a file.
func (s said) encode() []byte {
	flags := byte(0)
	if s.PDF {
		flags |= 1
	}
	if s.Reason != nil {
		return []byte(string(rune(flags|2)) + s.Reason.Code + "\x00" + s.Reason.Text + "\x00" + s.Reason.Hint)
	}
	b := []byte{flags}
	for _, t := range s.tokens {
		n := uint64(t.Runes) << 1
		if t.Right {
			n |= 1
		}
		b = binary.BigEndian.AppendUint64(binary.AppendUvarint(b, n), t.Hash)
	}
	return b
}

func decode(b []byte) (s said, ok bool) {
	if len(b) == 0 {
		return said{}, false
	}
	s.PDF = b[0]&1 != 0
	if b[0]&2 != 0 {
		parts := bytes.Split(b[1:], []byte{0})
		if len(parts) != 3 {
			return said{}, false
		}
		s.Reason = &text.Reason{Code: string(parts[0]), Text: string(parts[1]), Hint: string(parts[2])}
		return s, true
	}
	for b = b[1:]; len(b) > 0; {
		n, width := binary.Uvarint(b)
		if width <= 0 || len(b) < width+8 {
			return said{}, false
		}
		s.tokens = append(s.tokens, words.Token{Hash: binary.BigEndian.Uint64(b[width:]), Runes: uint16(n >> 1),
			Right: n&1 != 0})
		b = b[width+8:]
	}
	return s, true
}

// Folder returns where texts are kept. home is as in [Config].
func Folder(home string) string { return filepath.Join(home, folder) }

// Forget removes the texts of all files, and says whether there were any. The texts are read again when they are
// needed, so nobody has to know which person they belong to. home is as in [Config].
func Forget(home string) (removed bool, err error) {
	if _, err := os.Lstat(Folder(home)); errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return true, os.RemoveAll(Folder(home))
}
