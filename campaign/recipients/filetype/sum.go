package filetype

import (
	"context"
	"crypto/sha256"
	"hash"
	"io"
	"os"

	"mailshot/campaign/recipients/fault"
)

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

// Sum returns the SHA-256 of the file at path, unpacked. It is called name, and is stdin if that is "-". The end of ctx
// ends the reading between two pieces.
func Sum(ctx context.Context, name, path string, stdin io.Reader) ([]byte, error) {
	f := stdin
	if name != "-" {
		file, err := os.Open(path)
		if err != nil {
			return nil, fault.File(name, err)
		}
		defer file.Close()
		f = file
	}
	magic, in, err := Peek(f)
	if err != nil {
		return nil, fault.File(name, err)
	}
	packed, is, err := Unpack(name, magic, in)
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
			return nil, Broken(name, err)
		}
		return nil, fault.File(name, err)
	}
	return h.Sum(nil), nil
}

// Summed is a reader that hashes what it reads.
type Summed struct {
	r io.Reader
	h hash.Hash
}

// NewSummed returns a reader of r.
func NewSummed(r io.Reader) *Summed { return &Summed{r, sha256.New()} }

// Read reads the next bytes.
func (s *Summed) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	s.h.Write(p[:n])
	return n, err
}

// Sum returns the SHA-256 of what was read.
func (s *Summed) Sum() []byte { return s.h.Sum(nil) }
