// Package starter writes a starter campaign into a folder. Call [Write].
package starter

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"mailshot/templates"
)

// ExistsError says that a file of the starter is there already; nothing was written.
type ExistsError struct{ Path string }

func (e *ExistsError) Error() string { return e.Path + " already exists; nothing was written" }

// Write writes a starter of a kind in a language (see templates.Starters and templates.StarterLanguages) into a folder,
// which it makes. It never overwrites a file: the error is an *ExistsError then. written are the paths of the files.
func Write(dir, kind, language string) (written []string, err error) {
	source, err := templates.StarterIn(kind, language)
	if err != nil {
		return nil, err
	}
	var names []string
	err = fs.WalkDir(source, ".", func(name string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	// Look before writing: half a starter beside a person's own files would be worse than none.
	for _, name := range names {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if _, err := os.Lstat(path); err == nil {
			return nil, &ExistsError{path}
		} else if !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	for _, name := range names {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := copyNew(source, name, path); err != nil {
			return written, fmt.Errorf("write a starter: %w", err)
		}
		written = append(written, path)
	}
	return written, nil
}

// copyNew writes a file that must not exist yet.
func copyNew(source fs.FS, name, path string) error {
	b, err := fs.ReadFile(source, name)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	return errors.Join(err, f.Close())
}
