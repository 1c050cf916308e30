package list

import (
	"context"
	"io"
	"os"
	"path/filepath"

	"mailshot/campaign/belonging"
	"mailshot/campaign/definition"
	"mailshot/campaign/recipients"
)

// Digest is the digest of a definition's list, which may be read ahead. The zero value reads nothing ahead. It is for
// one caller at a time.
type Digest struct {
	begun  func() (string, error) // waits for what Ahead began; nil: nothing was begun
	others *belonging.Others      // see Others
}

// Ahead begins to read the list if it is one file, while the caller does something else. end ends that, and returns
// when it has ended: the digest is read anew from then on. What is not a file on a disk, such as a pipe, is not read
// ahead, for whoever writes it may take any time.
func (g *Digest) Ahead(ctx context.Context, d *definition.Definition) (end func()) {
	if !ready(d) {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	var sum string
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		sum, err = read(ctx, d, nil)
	}()
	g.begun = func() (string, error) {
		<-done
		return sum, err
	}
	return func() {
		cancel()
		<-done
		g.begun = nil
	}
}

// ready reports whether the list is one file on a disk.
func ready(d *definition.Definition) bool {
	name := filepath.FromSlash(d.Recipients.File)
	if d.People != nil || d.Recipients.Query != "" || name == "" || name == "-" {
		return false
	}
	if !filepath.IsAbs(name) {
		name = filepath.Join(d.Dir, name)
	}
	info, err := os.Stat(name)
	return err == nil && info.Mode().IsRegular()
}

// Read is the digest ([recipients.Digest]) of the list as it is now, or was when Ahead began. stdin is what "-" reads.
func (g *Digest) Read(ctx context.Context, d *definition.Definition, stdin io.Reader) (string, error) {
	if g.begun != nil {
		return g.begun()
	}
	return read(ctx, d, stdin)
}

func read(ctx context.Context, d *definition.Definition, stdin io.Reader) (string, error) {
	cfg, err := Config(ctx, d, stdin)
	if err != nil {
		return "", err
	}
	return recipients.Digest(ctx, cfg)
}
