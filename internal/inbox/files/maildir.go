package files

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"

	"mailshot/internal/disk"
	"mailshot/internal/inbox"
)

// maildir reads as https://cr.yp.to/proto/maildir.html says, but leaves each message where it is.
type maildir struct {
	dir   string
	where map[string]string // the last listing
}

// Maildir returns the box of a Maildir, or of a folder of it ("Returns/2026"); "" and INBOX are the Maildir itself. A
// message that another program moves from new to cur, or marks, while the box is read is read once.
func Maildir(path, folder string) (inbox.Box, error) {
	dir := disk.Real(path)
	if folder == "" || strings.EqualFold(folder, "INBOX") {
		if !isMaildir(dir) {
			return nil, fmt.Errorf("%s: not a Maildir: it has no folders new and cur", path)
		}
		return &maildir{dir: dir}, nil
	}
	names := strings.FieldsFunc(folder, func(r rune) bool { return r == '/' })
	if len(names) > 1 && strings.EqualFold(names[0], "INBOX") {
		names = names[1:]
	}
	for _, name := range names {
		if strings.Trim(name, ".") == "" {
			return nil, fmt.Errorf("%s: %q is not the name of a folder", path, folder)
		}
	}
	for _, sub := range []string{
		"." + strings.Join(names, "."), "." + modifiedUTF7(strings.Join(names, ".")),
		filepath.Join(names...), modifiedUTF7(filepath.Join(names...)),
	} {
		if d := filepath.Join(dir, sub); isMaildir(d) {
			return &maildir{dir: disk.Real(d)}, nil
		}
	}
	return nil, fmt.Errorf("%s: it has no folder %q", path, folder)
}

func isMaildir(path string) bool {
	for _, sub := range []string{"new", "cur"} {
		if info, err := os.Stat(filepath.Join(path, sub)); err != nil || !info.IsDir() {
			return false
		}
	}
	return true
}

func (m *maildir) Name() string { return "maildir:" + m.dir }
func (m *maildir) Close() error { return nil }

// mostRounds is how often a Maildir is listed in one Each. A listing may miss a file that is renamed meanwhile.
const mostRounds = 16

func (m *maildir) Each(ctx context.Context, skip func(string) bool, do func(inbox.Message) error) error {
	done := map[string]bool{}
	for round := range mostRounds {
		found, err := m.list()
		if err != nil {
			return err
		}
		if round == 0 {
			again, err := m.list()
			if err != nil {
				return err
			}
			for base, path := range again {
				found[base] = path
			}
		}
		for base := range found {
			if done[base] || skip(id(base)) {
				done[base] = true
				delete(found, base)
			}
		}
		if len(found) == 0 && round > 0 {
			return nil
		}
		for base := range found {
			done[base] = true
		}
		for _, l := range m.oldest(found) {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := do(m.message(l)); err != nil {
				return err
			}
		}
	}
	return nil
}

// letter is a message of a Maildir.
type letter struct {
	base, path string
	when       time.Time
	order      string
	size       int64
}

func (m *maildir) message(l letter) inbox.Message {
	return inbox.Message{
		ID: id(l.base), Received: l.when, Size: l.size, Place: l.path,
		Open: func(ctx context.Context) (io.ReadCloser, error) { return m.open(ctx, l.base, l.path) },
	}
}

// list is where each message is, by its base name. new comes first: what moves from there to cur is in one of the two.
func (m *maildir) list() (map[string]string, error) {
	found := map[string]string{}
	for _, sub := range []string{"new", "cur"} {
		dir := filepath.Join(m.dir, sub)
		d, err := os.Open(dir)
		if err != nil {
			return nil, err
		}
		names, err := d.Readdirnames(-1)
		if err = errors.Join(err, d.Close()); err != nil {
			return nil, err
		}
		for _, name := range names {
			if !strings.HasPrefix(name, ".") {
				found[baseName(name)] = filepath.Join(dir, name)
			}
		}
	}
	return found, nil
}

// baseName is the name of a message without its flags, which are behind a colon; Windows has other characters for it.
func baseName(name string) string {
	base, _, _ := strings.Cut(name, ":")
	for _, info := range []string{";2,", "!2,"} {
		base, _, _ = strings.Cut(base, info)
	}
	return base
}

// id is a base name in which nothing is blank.
func id(base string) string {
	var b strings.Builder
	for i := range len(base) {
		if c := base[i]; c <= ' ' || c == 0x7f || c == '%' {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return strings.ToValidUTF8(b.String(), "%EF%BF%BD")
}

// oldest sorts messages by when they came: their names begin with that moment, in seconds.
func (m *maildir) oldest(found map[string]string) []letter {
	list := make([]letter, 0, len(found))
	for base, path := range found {
		l := letter{base: base, path: path, order: base, size: -1}
		info, err := os.Stat(path)
		if err != nil {
			if now, at := m.find(base); at != nil {
				l.path, info, err = now, at, nil
			}
		}
		switch {
		case err != nil: // it is gone, and open says so
		case !info.Mode().IsRegular():
			continue
		default:
			l.when, l.size = info.ModTime(), info.Size()
		}
		seconds, rest, _ := strings.Cut(base, ".")
		if n, err := strconv.ParseInt(seconds, 10, 64); err == nil {
			l.order = fmt.Sprintf("%020d.%s", n, rest)
		} else if !l.when.IsZero() {
			l.order = fmt.Sprintf("%020d.%s", l.when.Unix(), base)
		}
		list = append(list, l)
	}
	slices.SortFunc(list, func(a, b letter) int {
		return cmp.Or(strings.Compare(a.order, b.order), strings.Compare(a.base, b.base))
	})
	return list
}

// open opens a message where it is now: a mail program may have moved or marked it.
func (m *maildir) open(ctx context.Context, base, path string) (io.ReadCloser, error) {
	for range mostRounds {
		f, err := os.Open(path)
		if err == nil {
			return f, nil
		}
		if !errors.Is(err, fs.ErrNotExist) || ctx.Err() != nil {
			return nil, err
		}
		now, info := m.find(base)
		if info == nil {
			return nil, fmt.Errorf("%s: another program removed the message: %w", filepath.Join(m.dir, base), err)
		}
		path = now
	}
	return nil, fmt.Errorf("%s: another program renames the message all the time", path)
}

// find looks for a message, and gives nil if it is not there. It lists the folders only if the last listing is wrong
// too: a program may have marked all messages at once.
func (m *maildir) find(base string) (string, fs.FileInfo) {
	for range mostRounds {
		if path, is := m.where[base]; is {
			if info, err := os.Stat(path); err == nil {
				return path, info
			}
		}
		found, err := m.list() // which may miss what is renamed meanwhile
		if err != nil {
			return "", nil
		}
		m.where = found
	}
	return "", nil
}

// modifiedUTF7 is how IMAP servers write the names of folders on disk (RFC 3501 section 5.1.3).
func modifiedUTF7(s string) string {
	var b strings.Builder
	var wide []rune
	flush := func() {
		if len(wide) == 0 {
			return
		}
		var raw []byte
		for _, u := range utf16.Encode(wide) {
			raw = append(raw, byte(u>>8), byte(u))
		}
		b.WriteString("&" + strings.ReplaceAll(base64.RawStdEncoding.EncodeToString(raw), "/", ",") + "-")
		wide = nil
	}
	for _, r := range s {
		if r < ' ' || r > '~' {
			wide = append(wide, r)
			continue
		}
		flush()
		if r == '&' {
			b.WriteString("&-")
		} else {
			b.WriteRune(r)
		}
	}
	flush()
	return b.String()
}
