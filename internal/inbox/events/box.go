package events

import (
	"archive/zip"
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
)

// Config says which events to read.
type Config struct {
	// Path is a file, or a folder: then all files in it and below it are read, in the order of their names, but for those
	// whose names begin with a dot. "-" is Stdin. Required.
	Path     string
	Stdin    io.Reader // is read once; nil = none
	Provider Provider  // whose events they are; "" = seen by their fields
}

// Box is files of events. It implements inbox.Box: each event is a message with Event and Trusted set. A file keeps the
// order that it has, which is not always that of time.
type Box struct {
	c     Config
	name  string
	count Count
}

// Open makes the box of files. It reads nothing yet, but looks whether the path is there.
func Open(c Config) (*Box, error) {
	if c.Path == "-" {
		if c.Stdin == nil {
			return nil, errors.New("there is no standard input to read events from")
		}
		return &Box{c: c, name: "events:-"}, nil
	}
	if _, err := os.Stat(c.Path); err != nil {
		return nil, fmt.Errorf("events: %w", err)
	}
	return &Box{c: c, name: "events:" + filepath.ToSlash(disk.Real(c.Path))}, nil
}

// Name is events: and the path.
func (b *Box) Name() string { return b.name }

// Close does nothing: a file is open only as long as it is read.
func (b *Box) Close() error { return nil }

// Count is what was found by all calls of Each until now.
func (b *Box) Count() Count { return b.count }

// Each implements inbox.Box. A file that cannot be opened is an error at the end, and the others are read.
func (b *Box) Each(ctx context.Context, skip func(id string) bool, do func(inbox.Message) error) error {
	if b.c.Path == "-" {
		return Read(ctx, b.c.Stdin, Stream{"standard input", b.c.Provider, &b.count}, skip, do)
	}
	info, err := os.Stat(b.c.Path)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return b.file(ctx, b.c.Path, filepath.Base(b.c.Path), skip, do)
	}
	var closed []error
	err = filepath.WalkDir(b.c.Path, func(path string, e fs.DirEntry, err error) error {
		hidden := strings.HasPrefix(e.Name(), ".") && path != b.c.Path
		switch {
		case err != nil:
			closed = append(closed, err)
			return nil
		case hidden && e.IsDir():
			return fs.SkipDir
		case hidden || !e.Type().IsRegular():
			return nil
		}
		name, rerr := filepath.Rel(b.c.Path, path)
		if rerr != nil {
			name = e.Name()
		}
		err = b.file(ctx, path, filepath.ToSlash(name), skip, do)
		if pe := (*fs.PathError)(nil); errors.As(err, &pe) && pe.Path == path {
			closed = append(closed, err)
			return nil
		}
		return err
	})
	if len(closed) == 0 {
		return err
	}
	return errors.Join(append(closed, err)...)
}

// file reads a file, or the files of a zip archive, such as Brevo packs a week's events in.
func (b *Box) file(ctx context.Context, path, name string, skip func(string) bool, do func(inbox.Message) error) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	var head [4]byte
	if n, _ := f.ReadAt(head[:], 0); n == 4 && string(head[:]) == "PK\x03\x04" {
		if info, err := f.Stat(); err == nil {
			if z, err := zip.NewReader(f, info.Size()); err == nil && !workbook(z) {
				return b.archive(ctx, z, name, skip, do)
			}
		}
	}
	return Read(ctx, f, Stream{name, b.c.Provider, &b.count}, skip, do)
}

// workbook reports whether a zip archive is a file of an office program.
func workbook(z *zip.Reader) bool {
	for _, f := range z.File {
		if f.Name == "[Content_Types].xml" || f.Name == "mimetype" {
			return true
		}
	}
	return false
}

func (b *Box) archive(ctx context.Context, z *zip.Reader, name string, skip func(string) bool,
	do func(inbox.Message) error,
) error {
	for _, f := range z.File {
		if f.FileInfo().IsDir() || strings.HasPrefix(f.Name, "__MACOSX/") {
			continue
		}
		r, err := f.Open()
		if err != nil {
			return fmt.Errorf("%s/%s: %w", name, f.Name, err)
		}
		err = Read(ctx, r, Stream{name + "/" + f.Name, b.c.Provider, &b.count}, skip, do)
		closed := r.Close()
		if err != nil {
			return err
		}
		if closed != nil {
			return closed
		}
	}
	return nil
}
