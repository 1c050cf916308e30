package files

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"mailshot/internal/inbox"
	"mailshot/internal/inbox/content"
)

// file is a file with one message, or with many.
type file struct {
	path  string
	in    *os.File // it is open already, and stays so
	mbox  bool
	sniff bool // whether it is a message, an mbox or something else is told by its beginning
	when  time.Time

	was   fs.FileInfo // when it was looked through
	parts []part
}

// part is a message in a file.
type part struct {
	from, to int64 // its bytes in the file
	quoted   bool  // lines that begin with ">From " have one ">" more than their writer wrote
	id       string
	size     int64 // as its writer wrote it
	number   int   // in the mbox, from 1; 0 if the file is one message
}

// errChanged says that a file is not what it was when its messages were counted.
var errChanged = errors.New("another program changed the file while it was read; what is left is read the next time")

// each reads the messages of the file. What is wrong with the file is a *fileError.
func (f *file) each(ctx context.Context, skip func(string) bool, do func(inbox.Message) error) error {
	if err := f.look(ctx); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return f.fault(err)
	}
	changed := false
	for _, p := range f.parts {
		if err := ctx.Err(); err != nil {
			return err
		}
		if skip(p.id) {
			continue
		}
		err := do(inbox.Message{
			ID: p.id, Received: f.was.ModTime(), Size: p.size, Place: p.place(f),
			Open: func(context.Context) (io.ReadCloser, error) { return f.open(p, &changed) },
		})
		if err != nil {
			return err
		}
		if changed {
			f.was = nil
			return f.fault(errChanged)
		}
	}
	return nil
}

func (f *file) fault(err error) error {
	if strings.Contains(err.Error(), f.path) {
		return &fileError{err}
	}
	return &fileError{fmt.Errorf("%s: %w", f.path, err)}
}

// place says where a message is, for people.
func (p part) place(f *file) string {
	if p.number > 0 {
		return fmt.Sprintf("%s: message %d", f.path, p.number)
	}
	return f.path
}

// look finds the messages of the file, if it has changed since that was done last.
func (f *file) look(ctx context.Context) error {
	in, err := f.file()
	if err != nil {
		return err
	}
	if f.in == nil {
		defer in.Close()
	}
	info, err := in.Stat()
	if err != nil {
		return err
	}
	if f.was != nil && os.SameFile(f.was, info) && f.was.Size() == info.Size() &&
		f.was.ModTime().Equal(info.ModTime()) {
		return nil
	}
	if f.sniff {
		begins, err := begin(in)
		if err != nil {
			return err
		}
		f.mbox = isPostmark(begins)
		if !f.mbox && !isMessage(begins) {
			f.parts = nil
			f.keep(info)
			return nil
		}
	}
	if f.mbox {
		unlock, lerr := lock(ctx, in)
		if lerr != nil {
			return lerr
		}
		defer unlock()
		if info, err = in.Stat(); err != nil {
			return err
		}
		f.parts, err = count(ctx, in, info.Size())
	} else {
		f.parts, err = one(in, info.Size())
	}
	if err != nil {
		return err
	}
	f.keep(info)
	return nil
}

// keep notes what the file was. A file that was written a moment ago may be written again within the same tick of the
// file system's clock, so it is looked through once more.
func (f *file) keep(info fs.FileInfo) {
	f.was = info
	if time.Since(info.ModTime()) < 2*time.Second {
		f.was = fresh{info}
	}
}

// fresh is a file of which nothing is known the next time.
type fresh struct{ fs.FileInfo }

func (f fresh) Size() int64 { return -1 }

func (f *file) file() (*os.File, error) {
	if f.in != nil {
		return f.in, nil
	}
	info, err := os.Stat(f.path)
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s: not a file", f.path) // a named pipe would keep us waiting
	}
	if err != nil {
		return nil, err
	}
	return os.Open(f.path)
}

// one is the only message of a file. A line that a mailbox put before it is not a part of it.
func one(in *os.File, size int64) ([]part, error) {
	begins, err := begin(in)
	if err != nil {
		return nil, err
	}
	p := part{from: postmarkLength(begins), to: size}
	if p.id, p.size, err = content.Of(io.NewSectionReader(in, p.from, size-p.from)); err != nil {
		return nil, err
	}
	return []part{p}, nil
}

// open opens a message.
func (f *file) open(p part, changed *bool) (io.ReadCloser, error) {
	in, err := f.file()
	if errors.Is(err, fs.ErrNotExist) {
		*changed = true
		return nil, err
	}
	if err != nil {
		return nil, err
	}
	var r io.Reader = io.NewSectionReader(in, p.from, p.to-p.from)
	if p.quoted {
		r = unquoted(r)
	}
	o := &opened{in: r, want: p.id, size: p.size, changed: changed, close: in.Close}
	if f.in != nil {
		o.close = func() error { return nil }
	}
	return o, nil
}

// opened reads a message, and says at its end whether it was the one that was counted.
type opened struct {
	in      io.Reader
	hash    content.Hash
	want    string
	size    int64
	changed *bool
	close   func() error
	end     error
}

func (o *opened) Read(p []byte) (int, error) {
	if o.end != nil {
		return 0, o.end
	}
	n, err := o.in.Read(p)
	o.hash.Write(p[:n])
	if err == io.EOF {
		o.end = io.EOF
		if o.hash.Size() != o.size || o.hash.ID() != o.want {
			*o.changed, o.end = true, errChanged
		}
		err = o.end
	}
	return n, err
}

func (o *opened) Close() error { return o.close() }

// sortOldest sorts files by when they were written, and then by their names.
func sortOldest(list []*file) {
	slices.SortFunc(list, func(a, b *file) int {
		return cmp.Or(a.when.Compare(b.when), strings.Compare(a.path, b.path))
	})
}
