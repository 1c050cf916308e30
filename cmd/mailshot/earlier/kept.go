package earlier

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"net/mail"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"mailshot/campaign/recipients"
	"mailshot/cmd/mailshot/opened"
	"mailshot/cmd/mailshot/page"
	"mailshot/internal/mailbox"
)

// kept are messages in files. Only where each is stays in memory.
type kept struct {
	all  []where
	byID map[string]int
	byTo map[string][]int // by address, in small letters
	mu   sync.Mutex       // of seen
	seen map[int]bool
}

// where is where a message is: a file, or a piece of an mbox.
type where struct {
	path     string
	from, to int64 // of an mbox; 0, 0 = the whole file
}

func newKept() *kept {
	return &kept{byID: map[string]int{}, byTo: map[string][]int{}, seen: map[int]bool{}}
}

// find finds the messages of a folder or a file. Folders below are looked into: a Maildir, and what preview writes.
func (k *kept) find(name string) error {
	before := len(k.all)
	err := filepath.WalkDir(name, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || strings.HasPrefix(e.Name(), ".") && path != name {
			return err
		}
		in := filepath.Base(filepath.Dir(path))
		switch {
		case strings.EqualFold(filepath.Ext(path), ".mbox"):
			return k.mbox(path)
		case strings.EqualFold(filepath.Ext(path), ".eml"), in == "new", in == "cur":
			return k.add(where{path: path})
		}
		return nil
	})
	if err == nil && len(k.all) == before {
		err = &UnknownError{Name: name, Why: name +
			" has no messages: it should be a folder with .eml files, a Maildir or an .mbox file"}
	}
	return err
}

// add reads the header of a message, and remembers where it is.
func (k *kept) add(w where) error {
	raw, err := w.read(64 << 10)
	if err != nil {
		return err
	}
	if end := bytes.Index(raw, []byte("\n\r\n")); end > 0 {
		raw = raw[:end+3]
	}
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return nil // a file of another kind
	}
	n := len(k.all)
	k.all = append(k.all, w)
	if id := m.Header.Get("Message-Id"); id != "" {
		k.byID[id] = n
	}
	if to := addressee(m.Header.Get("To")); to != "" {
		k.byTo[to] = append(k.byTo[to], n)
	}
	return nil
}

// addressee is the address of a To field, in small letters.
func addressee(field string) string {
	all, err := mail.ParseAddressList(field)
	if err != nil || len(all) == 0 {
		return ""
	}
	return strings.ToLower(all[0].Address)
}

// mbox finds the messages of an mbox file.
func (k *kept) mbox(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	r := bufio.NewReaderSize(f, 1<<16)
	var at, from int64
	for blank := true; ; {
		line, err := r.ReadSlice('\n')
		for errors.Is(err, bufio.ErrBufferFull) {
			at += int64(len(line))
			blank = false
			line, err = r.ReadSlice('\n')
		}
		if blank && bytes.HasPrefix(line, []byte("From ")) || err != nil && len(line) == 0 {
			if from > 0 {
				if err := k.add(where{path, from, at}); err != nil {
					return err
				}
			}
			from = at + int64(len(line))
		}
		at += int64(len(line))
		blank = len(line) > 0 && len(bytes.TrimRight(line, "\r\n")) == 0
		if err != nil {
			if errors.Is(err, io.EOF) {
				if len(line) > 0 && from > 0 {
					return k.add(where{path, from, at})
				}
				return nil
			}
			return err
		}
	}
}

// read gives the octets of a message, at most so many; 0 = all. A message of an mbox gets back its ends of lines.
func (w where) read(most int64) ([]byte, error) {
	f, err := os.Open(w.path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var r io.Reader = f
	if w.to > 0 {
		r = io.NewSectionReader(f, w.from, w.to-w.from)
	}
	if most > 0 {
		r = io.LimitReader(r, most)
	}
	raw, err := io.ReadAll(r)
	if err != nil || w.to == 0 {
		return raw, err
	}
	var out bytes.Buffer
	for line := range bytes.Lines(raw) {
		line = bytes.TrimRight(line, "\r\n")
		if rest := bytes.TrimLeft(line, ">"); len(rest) < len(line) && bytes.HasPrefix(rest, []byte("From ")) {
			line = line[1:]
		}
		out.Write(line)
		out.WriteString("\r\n")
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\r\n")), nil // the blank line that ends a message of an mbox
}

// message is the earlier message of a row: the one with the same Message-ID, else the one to the address, else of
// several the one whose file has the key's name. It returns nil if there is none.
func (k *kept) message(id, address, key string) ([]byte, error) {
	n, ok := k.byID[id]
	if !ok {
		all := k.byTo[strings.ToLower(address)]
		switch {
		case len(all) == 0:
			return nil, nil
		case len(all) == 1:
			n = all[0]
		default:
			i := slices.IndexFunc(all, func(n int) bool { return base(k.all[n].path) == mailbox.FileName(key) })
			if i < 0 {
				return nil, nil // which of them it is, nobody knows
			}
			n = all[i]
		}
	}
	k.mu.Lock()
	k.seen[n] = true
	k.mu.Unlock()
	return k.all[n].read(0)
}

// rest yields the messages that nobody asked for.
func (k *kept) rest(yield func(page.Message, error) bool) {
	for n, w := range k.all {
		if k.seen[n] {
			continue
		}
		raw, err := w.read(0)
		if err != nil {
			yield(page.Message{}, err)
			return
		}
		m := page.Message{Place: w.path, Key: base(w.path), Change: &page.Change{Kind: page.IsGone, Was: raw}}
		if head, err := mail.ReadMessage(bytes.NewReader(raw)); err == nil {
			m.Address = addressee(head.Header.Get("To"))
			if m.Subject, err = new(mime.WordDecoder).DecodeHeader(head.Header.Get("Subject")); err != nil {
				m.Subject = head.Header.Get("Subject")
			}
		}
		if !yield(m, nil) {
			return
		}
	}
}

// differing says what differs between two messages that a reader sees.
func differing(was, is []byte) (words []string, err error) {
	a, err := opened.Read(was)
	if err != nil {
		return nil, fmt.Errorf("the earlier message: %w", err)
	}
	b, err := opened.Read(is)
	if err != nil {
		return nil, err
	}
	field := func(m *opened.Message, name string) string {
		for _, f := range m.Header {
			if strings.EqualFold(f[0], name) {
				return f[1]
			}
		}
		return ""
	}
	for _, name := range []string{"From", "To", "Cc", "Reply-To", "Subject"} {
		if field(a, name) != field(b, name) {
			words = append(words, "the field "+name)
		}
	}
	if a.Text != b.Text {
		words = append(words, "the text")
	}
	if a.HTML != b.HTML {
		words = append(words, "the HTML")
	}
	return append(words, files(a.Files, b.Files)...), nil
}

// files says which files differ, by name and content.
func files(was, is []opened.File) (words []string) {
	sums := func(all []opened.File) map[string][32]byte {
		m := map[string][32]byte{}
		for i, f := range all {
			name := f.Name
			if name == "" {
				name = f.CID
			}
			if _, taken := m[name]; taken {
				name = fmt.Sprintf("%s (%d)", name, i+1)
			}
			m[name] = sha256.Sum256(f.Body)
		}
		return m
	}
	a, b := sums(was), sums(is)
	for name, sum := range a {
		if other, ok := b[name]; !ok {
			words = append(words, fmt.Sprintf("the file %q is not there any more", name))
		} else if other != sum {
			words = append(words, fmt.Sprintf("the file %q is another", name))
		}
	}
	for name := range b {
		if _, ok := a[name]; !ok {
			words = append(words, fmt.Sprintf("the file %q is new", name))
		}
	}
	slices.Sort(words)
	return words
}

// ofGroup stands before the name of a column in a row of a group.
const ofGroup = " of the group: "

// between are the cells that differ between two rows, or two groups of rows.
func between(was, is *recipients.Row) (cells []page.Cell) {
	all := func(r *recipients.Row) []*recipients.Row {
		if len(r.Group) > 0 {
			return r.Group
		}
		return []*recipients.Row{r}
	}
	a, b := all(was), all(is)
	for i := range max(len(a), len(b)) {
		var then, now map[string]string
		if i < len(a) {
			then = a[i].Text()
		}
		if i < len(b) {
			now = b[i].Text()
		}
		of := ""
		if max(len(a), len(b)) > 1 {
			of = fmt.Sprintf("row %d%s", i+1, ofGroup)
		}
		var names []string
		for name := range then {
			names = append(names, name)
		}
		for name := range now {
			if _, ok := then[name]; !ok {
				names = append(names, name)
			}
		}
		slices.Sort(names)
		for _, name := range names {
			if then[name] != now[name] {
				cells = append(cells, page.Cell{Column: of + name, Was: then[name], Is: now[name]})
			}
		}
	}
	return cells
}
