package recipients

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"path/filepath"

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
		path := cfg.File
		if path != "-" && !filepath.IsAbs(path) {
			path = filepath.Join(cfg.Dir, filepath.FromSlash(path))
		}
		return filetype.Sum(ctx, cfg.File, path, cfg.Stdin)
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
