package page

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"mailshot/cmd/mailshot/opened"
	"mailshot/internal/disk"
	"mailshot/internal/mailbox"
)

// beside are the files of a gallery that is a folder: each message as an .eml file, and each different attachment.
type beside struct {
	dir    string
	box    mailbox.Writer
	mu     sync.Mutex
	files  map[[sha256.Size]byte]string // by content and name
	number map[string]int               // by name: how often it is taken
}

// Open begins a gallery at path, as [New] does. With folder, each message is a file below messages beside the gallery,
// and each attachment is a file below files. The gallery links to these files and does not contain them.
func Open(path, id string, folder bool) (*Viewer, error) {
	v, err := New(path, id)
	if err != nil || !folder {
		return v, err
	}
	dir := filepath.Dir(path)
	v.beside = &beside{dir: dir, files: map[[sha256.Size]byte]string{}, number: map[string]int{}}
	if err = os.Mkdir(filepath.Join(dir, "files"), 0o700); err == nil {
		v.beside.box, err = mailbox.Open("eml", filepath.Join(dir, "messages"), mailbox.Options{})
	}
	if err != nil {
		return nil, err
	}
	return v, nil
}

// keep writes the files of a message. It returns their addresses for links.
func (b *beside) keep(m *Message) (path string, files []string, err error) {
	name := cmp.Or(m.File, m.Key)
	name, err = b.box.Add(mailbox.Item{To: m.Address, Name: name, Body: octets(m.Octets)})
	if err != nil {
		return "", nil, err
	}
	seen, err := opened.Read(m.Octets)
	if err != nil {
		return "", nil, fmt.Errorf("%s: read the finished message back: %w", m.Place, err)
	}
	for _, f := range seen.Files {
		file, err := b.file(f)
		if err != nil {
			return "", nil, err
		}
		files = append(files, file)
	}
	return link("messages", filepath.Base(name)), files, nil
}

// file writes a file, unless a file with the same name and content is there.
func (b *beside) file(f opened.File) (string, error) {
	name := f.Name
	if name == "" {
		name = f.CID
	}
	sum := sha256.Sum256(append([]byte(name+"\x00"), f.Body...))
	b.mu.Lock()
	defer b.mu.Unlock()
	if at, ok := b.files[sum]; ok {
		return at, nil
	}
	ending := filepath.Ext(mailbox.FileName(name))
	stem := strings.TrimSuffix(mailbox.FileName(name), ending)
	key := strings.ToLower(stem + ending) // some systems do not tell large letters from small ones
	b.number[key]++
	if n := b.number[key]; n > 1 {
		stem = fmt.Sprintf("%s~%d", stem, n)
	}
	file := stem + ending
	if err := os.WriteFile(filepath.Join(b.dir, "files", file), f.Body, 0o600); err != nil {
		return "", err
	}
	b.files[sum] = link("files", file)
	return b.files[sum], nil
}

// link is an address from the gallery to a file below its folder.
func link(folder, name string) string { return folder + "/" + url.PathEscape(name) }

// octets are octets that write themselves.
type octets []byte

// WriteTo writes the octets.
func (o octets) WriteTo(w io.Writer) (int64, error) {
	n, err := w.Write(o)
	return int64(n), err
}

// Home makes the folder below a campaign's .mailshot for a gallery that nobody has named a place for. A .gitignore
// there keeps personal data out of version control.
func Home(home, dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return disk.Create(filepath.Join(home, ".gitignore"), "*\n")
}

// Address returns the address of a file, for a browser.
func Address(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") { // C:/x
		path = "/" + path
	}
	return (&url.URL{Scheme: "file", Path: path}).String(), nil
}
