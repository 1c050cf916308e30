// Package starter writes a starter campaign into a folder. Call [Write].
package starter

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"mailshot/campaign/definition"
	"mailshot/templates"
)

// ExistsError says that a file of the starter is there already; nothing was written.
type ExistsError struct{ Path string }

func (e *ExistsError) Error() string { return e.Path + " already exists; nothing was written" }

// The campaign file of a starter, and the schema of it that editors read.
const (
	campaignFile = "campaign.yaml"
	schemaFile   = "campaign.schema.json"
)

// Write writes a starter of a kind in a language (see templates.Starters and templates.StarterLanguages) into a folder,
// which it makes. The first line of the campaign file names the JSON Schema beside it, for editors. Write never
// overwrites a file: the error is an *ExistsError then. written are the paths of the files.
func Write(dir, kind, language string) (written []string, err error) {
	source, err := templates.StarterIn(kind, language)
	if err != nil {
		return nil, err
	}
	files, err := read(source)
	if err != nil {
		return nil, err
	}
	names := slices.Sorted(maps.Keys(files))
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
		if err := writeNew(path, files[name]); err != nil {
			return written, fmt.Errorf("write a starter: %w", err)
		}
		written = append(written, path)
	}
	return written, nil
}

// read returns the files of a starter, with the schema of its campaign file.
func read(source fs.FS) (files map[string][]byte, err error) {
	files = map[string][]byte{}
	err = fs.WalkDir(source, ".", func(name string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			files[name], err = fs.ReadFile(source, name)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	files[campaignFile] = append([]byte("# yaml-language-server: $schema="+schemaFile+"\n"), files[campaignFile]...)
	schema, err := json.MarshalIndent(definition.JSONSchema(), "", "  ")
	files[schemaFile] = append(schema, '\n')
	return files, err
}

// writeNew writes a file that must not exist yet.
func writeNew(path string, b []byte) error {
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
