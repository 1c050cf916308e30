package recipients

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"

	"mailshot/campaign/recipients/fault"
	"mailshot/campaign/recipients/filetype"
)

// Digest returns what [List.Digest] would be for the list as it is now. It reads no more than that needs: the bytes
// of files, or the answer to a query. The end of ctx stops a query; one of SQLite stops between two rows, and a file
// between two pieces.
func Digest(ctx context.Context, cfg Config) (string, error) {
	if len(cfg.Files) == 0 {
		sum, err := digestOne(ctx, cfg)
		return hex.EncodeToString(sum), err
	}
	h := sha256.New()
	for _, name := range cfg.Files {
		one := cfg
		one.File, one.Files = name, nil
		sum, err := digestOne(ctx, one)
		if err != nil {
			return "", err
		}
		h.Write(sum)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func digestOne(ctx context.Context, cfg Config) (sum []byte, err error) {
	switch {
	case cfg.People != nil:
		return (&typed{people: cfg.People}).sum()
	case cfg.Query == "":
		return digestFile(ctx, cfg)
	}
	l := &List{cfg: cfg}
	defer func() { err = errors.Join(err, l.Close()) }()
	if err := l.open(); err != nil {
		return nil, err
	}
	if q, ok := l.source.(*query); ok {
		defer context.AfterFunc(ctx, q.Cancel)()
	}
	for {
		_, err := l.source.next()
		if err == io.EOF {
			return l.source.sum()
		}
		if err != nil {
			return nil, errors.Join(ctx.Err(), err)
		}
	}
}

// until is a reader whose reading ends with ctx.
type until struct {
	ctx context.Context
	io.Reader
}

func (u until) Read(p []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.Reader.Read(p)
}

// digestFile returns the SHA-256 of a file, unpacked.
func digestFile(ctx context.Context, cfg Config) ([]byte, error) {
	f := cfg.Stdin
	if cfg.File != "-" {
		path := cfg.File
		if !filepath.IsAbs(path) {
			path = filepath.Join(cfg.Dir, filepath.FromSlash(path))
		}
		file, err := os.Open(path)
		if err != nil {
			return nil, fault.File(cfg.File, err)
		}
		defer file.Close()
		f = file
	}
	magic, in, err := filetype.Peek(f)
	if err != nil {
		return nil, fault.File(cfg.File, err)
	}
	packed, is, err := filetype.Unpack(cfg.File, magic, in)
	if err != nil {
		return nil, err
	}
	if is {
		defer packed.Close()
		in = packed
	}
	h := sha256.New()
	if _, err := io.Copy(h, until{ctx, in}); err != nil {
		if is && ctx.Err() == nil {
			return nil, filetype.Broken(cfg.File, err)
		}
		return nil, fault.File(cfg.File, err)
	}
	return h.Sum(nil), nil
}
