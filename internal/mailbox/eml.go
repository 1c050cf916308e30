package mailbox

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"mailshot/internal/disk"
)

// maxName is the longest base name in bytes. File systems allow 255; the rest is for a number, the extension and the
// folders of other systems.
const maxName = 120

// folder writes one .eml file a message.
type folder struct {
	dir  string
	sync bool

	mu   sync.Mutex
	next map[string]int // by base name that collided: the number to try next
}

func openFolder(dir string, o Options) (*folder, error) {
	if err := makeFolder(dir); err != nil {
		return nil, fmt.Errorf("mailbox: %w", err)
	}
	return &folder{dir: dir, sync: o.Sync, next: make(map[string]int)}, nil
}

func (f *folder) Add(it Item) (string, error) {
	wish := it.Name
	if wish == "" {
		wish = it.To
	}
	base := FileName(wish)
	tmp, err := writeTemp(f.dir, it.Body, f.sync)
	if err != nil {
		return "", fmt.Errorf("mailbox: %s: %w", base, err)
	}
	name, err := f.settle(tmp, base)
	if err != nil {
		return "", fmt.Errorf("mailbox: %s: %w", base, errors.Join(err, os.Remove(tmp)))
	}
	if f.sync {
		if err := disk.SyncFolder(f.dir); err != nil {
			return "", fmt.Errorf("mailbox: %w", err)
		}
	}
	return name, nil
}

// settle finds a free name for the finished file tmp. It asks the file system, which knows what other programs wrote
// and which names are the same to it.
func (f *folder) settle(tmp, base string) (string, error) {
	f.mu.Lock()
	n := f.next[base]
	f.mu.Unlock()
	for {
		name := base + ".eml"
		if n > 1 {
			name = fmt.Sprintf("%s-%d.eml", base, n)
		}
		err := place(tmp, filepath.Join(f.dir, name))
		if !errors.Is(err, os.ErrExist) {
			return name, err
		}
		n = max(n, 1) + 1
		f.mu.Lock()
		n = max(n, f.next[base])
		f.next[base] = n
		f.mu.Unlock()
	}
}

func (f *folder) Close() error {
	if err := disk.SyncFolder(f.dir); err != nil {
		return fmt.Errorf("mailbox: %w", err)
	}
	return nil
}

// FileName makes a base name of any text. Letters, digits and marks of every script stay, and so do "-", "_", "+", "@"
// and inner dots; everything else becomes one "_". The result is one path element on every system, never hidden, and
// never taken for an option.
func FileName(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == utf8.RuneError:
			r = '_'
		case unicode.IsLetter(r), unicode.IsDigit(r), unicode.IsMark(r):
		case strings.ContainsRune("-_+@.", r):
		default:
			r = '_'
		}
		if r == '_' && strings.HasSuffix(b.String(), "_") {
			continue
		}
		if b.Len()+utf8.RuneLen(r) > maxName {
			break
		}
		b.WriteRune(r)
	}
	name := strings.TrimRight(strings.TrimLeft(b.String(), ".-"), ".")
	if strings.Trim(name, "_") == "" {
		return "message"
	}
	if stem, _, _ := strings.Cut(name, "."); reserved(stem) {
		name = "_" + name
	}
	return name
}

// reserved reports whether a name is that of a device, which Windows refuses for files with any extension.
func reserved(stem string) bool {
	switch s := strings.ToUpper(stem); s {
	case "CON", "PRN", "AUX", "NUL":
		return true
	default:
		return len(s) == 4 && (s[:3] == "COM" || s[:3] == "LPT") && s[3] >= '0' && s[3] <= '9'
	}
}
