package results

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"net/mail"
	"os"
	"path"
	"strings"

	"mailshot/campaign/digest"
	"mailshot/campaign/history"
	"mailshot/campaign/ledger"
	"mailshot/campaign/message"
	"mailshot/cmd/mailshot/web/shelf"
	"mailshot/internal/mailbox"
)

// kept are the files of messages that a sending has left: a rehearsal's own, or the campaign's archive. They are read
// only below the window's folder.
type kept struct {
	root *os.Root
	dir  string // below the root; "" = there is none
	by   func(ledger.Record) string
}

// kept finds the files of a sending.
func (s *results) kept(c *shelf.Campaign, of sending) kept {
	k := kept{root: s.Shelf.Root}
	switch {
	case of.Kind == "sink":
		k.dir, k.by = path.Join(of.dir, "messages"), func(r ledger.Record) string { return r.Address }
	case of.Kind == "campaign" && c.Def != nil && c.Def.Archive != "":
		k.dir, k.by = path.Join(path.Dir(c.File), c.Def.Archive), func(r ledger.Record) string { return r.Key }
	default:
		return k
	}
	if info, err := k.root.Stat(k.dir); err != nil || !info.IsDir() {
		k.dir = ""
	}
	return k
}

func (k kept) any() bool { return k.dir != "" }

// name is the name that the first message to a row has.
func (k kept) name(r ledger.Record) string { return path.Join(k.dir, mailbox.FileName(k.by(r))) }

// likely is the name of the file with a row's message, if there is one by that name; "" = there is none. Whether it is
// the row's is seen when it is opened.
func (k kept) likely(r ledger.Record) string {
	if k.dir == "" || r.Key == "" {
		return ""
	}
	name := k.name(r) + ".eml"
	if _, err := k.root.Stat(name); err != nil {
		return ""
	}
	return path.Base(name)
}

// mostAlike is how many files of one name are looked into.
const mostAlike = 50

// errNotKept says that no file has a row's message.
var errNotKept = errors.New("no file has this message")

// message is the latest message to a row that is kept, by its Message-ID: rows may have files of the same name.
func (k kept) message(r ledger.Record, id string) ([]byte, error) {
	if k.dir == "" || r.Key == "" || id == "" {
		return nil, errNotKept
	}
	base := k.name(r)
	var found []byte
	for n := 1; n <= mostAlike; n++ {
		name := base + ".eml"
		if n > 1 {
			name = base + "-" + itoa(n) + ".eml"
		}
		b, err := k.root.ReadFile(name)
		if errors.Is(err, fs.ErrNotExist) {
			break
		}
		if err != nil {
			return nil, err
		}
		m, err := mail.ReadMessage(bytes.NewReader(b))
		if err == nil && strings.Trim(m.Header.Get("Message-Id"), "<> ") == id {
			found = b
		}
	}
	if found == nil {
		return nil, errNotKept
	}
	return found, nil
}

// each calls visit for every message that is kept.
func (k kept) each(visit func(name string, r io.Reader) error) error {
	entries, err := fs.ReadDir(k.root.FS(), k.dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !e.Type().IsRegular() || path.Ext(e.Name()) != ".eml" || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		f, err := k.root.Open(path.Join(k.dir, e.Name()))
		if err != nil {
			return err
		}
		err = visit(e.Name(), f)
		if cerr := f.Close(); err == nil {
			err = cerr
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// messageID is that of a row's message, without angle brackets.
func messageID(c *shelf.Campaign, h *history.Campaign, secret []byte, r ledger.Record) string {
	if r.Key == "" || c.Def == nil || secret == nil {
		return ""
	}
	return message.ID(c.Def, digest.Parse(h.Kept.Definition).IDs(), secret, h.ID, r.Key)
}
