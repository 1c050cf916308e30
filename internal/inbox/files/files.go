// Package files reads what came back from files: [Maildir], [Mbox], [Folder], [File] and [Stdin] return a box, and
// [Open] tells by what lies at a path which of them it is.
//
// Nothing is written, moved, renamed or marked. A message of a Maildir is known by the base name of its file, which it
// keeps for good; any other by its content (see package content).
//
//	maildir   PATH/{new,cur}, and with a folder PATH/.FOLDER/{new,cur} (Maildir++) or PATH/FOLDER/{new,cur}
//	mbox      one file, of any of the forms: mboxo, mboxrd, mboxcl, mboxcl2
//	folder    .eml files and others that begin as a message does, also in folders below it
//	file      one message
//	stdin     one message, or an mbox
package files

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"mailshot/internal/disk"
	"mailshot/internal/inbox"
	"mailshot/internal/stdin"
)

// Options say what a box has.
type Options struct {
	// Copies is for a look at files: a message whose content is that of another is given too, with the same ID. Default:
	// each content once.
	Copies bool
}

// Open returns a box of what lies at path: a Maildir, a folder of messages, an mbox or one message.
func Open(path string, o Options) (inbox.Box, error) {
	box, err := open(path)
	if b, is := box.(*several); is {
		b.copies = o.Copies
	}
	return box, err
}

func open(path string) (inbox.Box, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		if isMaildir(path) {
			return Maildir(path, "")
		}
		return Folder(path), nil
	}
	begins, err := beginning(path)
	switch {
	case err != nil:
		return nil, err
	case isPostmark(begins) && !isEML(path):
		return Mbox(path), nil
	case isEML(path), isMessage(begins):
		return File(path), nil
	}
	return nil, fmt.Errorf("%s: neither a message nor a mailbox", path)
}

// Mbox returns the box of an mbox file. The file is locked for reading, as other programs expect it, while its messages
// are counted, and not while they are given to the callback.
func Mbox(path string) inbox.Box {
	path = disk.Real(path)
	return &several{name: "mbox:" + path, list: func() ([]*file, error) {
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			if _, err := os.Stat(filepath.Dir(path)); err == nil {
				return nil, &AbsentError{path}
			}
		}
		return []*file{{path: path, mbox: true}}, nil
	}}
}

// AbsentError is the error of Each where an mbox is not there, and its folder is. Nothing has come to it: whoever
// delivers to it makes it for the first message, and some mail programs remove it with the last one.
type AbsentError struct{ Path string }

func (e *AbsentError) Error() string { return e.Path + ": there is no such file" }

// Unwrap returns fs.ErrNotExist.
func (e *AbsentError) Unwrap() error { return fs.ErrNotExist }

// File returns the box of a file that is one message, whatever is in it.
func File(path string) inbox.Box {
	path = disk.Real(path)
	return &several{name: "file:" + path, list: func() ([]*file, error) {
		return []*file{{path: path}}, nil
	}}
}

// Stdin returns the box of what standard input gives: one message, or an mbox. What a pipe gives is copied to a file in
// a working folder below home, which Close removes.
func Stdin(in io.Reader, home string) (inbox.Box, error) {
	given, done, err := stdin.Given(in, home)
	if err != nil {
		return nil, fmt.Errorf("standard input: %w", err)
	}
	if given == nil {
		return nil, errors.Join(errors.New("standard input: there is nothing in it"), done())
	}
	begins, err := begin(given)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("standard input: %w", err), done())
	}
	f := &file{path: given.Name(), in: given, mbox: isPostmark(begins)}
	return &several{name: "stdin", list: func() ([]*file, error) { return []*file{f}, nil }, done: done}, nil
}

// several is the box of files that have messages in them.
type several struct {
	name   string
	list   func() ([]*file, error)
	done   func() error
	copies bool
	seen   map[string]*file // what was found at the last time, by path
}

func (b *several) Name() string { return b.name }

func (b *several) Close() error {
	if b.done != nil {
		return b.done()
	}
	return nil
}

func (b *several) Each(ctx context.Context, skip func(string) bool, do func(inbox.Message) error) error {
	list, err := b.list()
	if err != nil {
		return err
	}
	before := b.seen
	b.seen = map[string]*file{}
	given := map[string]bool{}
	var faults []error
	for _, f := range list {
		if was := before[f.path]; was != nil {
			f = was
		}
		b.seen[f.path] = f
		err := f.each(ctx, func(id string) bool { return !b.copies && given[id] || skip(id) }, func(m inbox.Message) error {
			given[m.ID] = true
			return do(m)
		})
		var fault *fileError
		if errors.As(err, &fault) {
			faults = append(faults, err) // the other files are read all the same
		} else if err != nil {
			return err
		}
	}
	return errors.Join(faults...)
}

// fileError is what is wrong with one file of a box.
type fileError struct{ err error }

func (e *fileError) Error() string { return e.err.Error() }
func (e *fileError) Unwrap() error { return e.err }

// beginning returns the first bytes of a file.
func beginning(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s: not a file", path) // a named pipe would keep us waiting
	}
	if err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	b, err := begin(f)
	return b, errors.Join(err, f.Close())
}

func begin(f io.ReaderAt) ([]byte, error) {
	b := make([]byte, 16<<10)
	n, err := f.ReadAt(b, 0)
	if err == io.EOF {
		err = nil
	}
	return b[:n], err
}

// IsYAML reports whether a file's name ends as that of a campaign file. Such a file begins as a message does, with from:
// and subject:, and is not one.
func IsYAML(path string) bool {
	return strings.EqualFold(filepath.Ext(path), ".yaml") || strings.EqualFold(filepath.Ext(path), ".yml")
}

func isEML(path string) bool { return strings.EqualFold(filepath.Ext(path), ".eml") }

// isMessage reports whether a text begins as a message does: with header fields, one of which each message has.
func isMessage(text []byte) bool {
	in := bufio.NewScanner(bytes.NewReader(text))
	in.Buffer(nil, len(text)+1)
	known := false
	for n := 0; in.Scan(); n++ {
		line := in.Bytes()
		switch {
		case len(line) == 0, line[0] == '\r':
			return known
		case n > 0 && (line[0] == ' ' || line[0] == '\t'):
			continue
		case n == 0 && bytes.HasPrefix(bytes.TrimPrefix(line, []byte(">")), []byte("From ")):
			continue
		}
		name, ok := fieldName(line)
		if !ok {
			return false
		}
		switch strings.ToLower(name) {
		case "from", "received", "return-path", "message-id", "date", "mime-version", "delivered-to":
			known = true
		}
	}
	return known
}

// fieldName is the name of a header field that a line begins.
func fieldName(line []byte) (string, bool) {
	name, _, ok := bytes.Cut(line, []byte(":"))
	name = bytes.TrimRight(name, " \t")
	if !ok || len(name) == 0 {
		return "", false
	}
	for _, c := range name {
		if c <= ' ' || c >= 0x7f {
			return "", false
		}
	}
	return string(name), true
}

// Folder returns the box of a folder of messages: .eml files, other files that begin as a message or an mbox does, also
// in the folders below it. Names that begin with a dot are left out.
func Folder(path string) inbox.Box {
	path = disk.Real(path)
	return &several{name: "folder:" + path, list: func() ([]*file, error) { return walk(path) }}
}

// walk lists the files of a folder, the oldest first.
func walk(root string) (list []*file, err error) {
	err = filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist) && path != root:
			return nil // it was there a moment ago
		case err != nil:
			return err
		case strings.HasPrefix(e.Name(), ".") && path != root:
			if e.IsDir() {
				return fs.SkipDir
			}
			return nil
		case e.IsDir(), IsYAML(path):
			return nil
		}
		info, err := os.Stat(path) // what a link leads to
		if err == nil && info.Mode().IsRegular() {
			list = append(list, &file{path: path, when: info.ModTime(), sniff: !isEML(path)})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	sortOldest(list)
	return list, nil
}
