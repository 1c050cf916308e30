package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"mailshot/internal/shell"
	"mailshot/templates"
)

func (t *tool) initCommand() *cobra.Command {
	kinds := templates.Starters()
	var language string
	cmd := &cobra.Command{
		Use:   "init [" + strings.Join(kinds, "|") + "] [DIR]",
		Short: "Write a starter campaign",
		Long: `init writes a commented campaign file, a list and templates into DIR (default: a folder named like the
kind). It never overwrites a file. --language writes it in another language: ` +
			strings.Join(templates.StarterLanguages(), ", ") + `.
`,
		ValidArgs: kinds,
		Args:      args(cobra.MaximumNArgs(2)),
		RunE: func(cmd *cobra.Command, args []string) error {
			kind := "newsletter"
			if len(args) > 0 {
				kind = args[0]
			}
			if !slices.Contains(kinds, kind) {
				return usage(fmt.Errorf("there is no starter %q, only %s", kind, strings.Join(kinds, ", ")),
					"mailshot init newsletter "+shell.Quote(kind))
			}
			dir := kind
			if len(args) > 1 {
				dir = args[1]
			}
			return t.init(kind, language, dir)
		},
	}
	cmd.Flags().StringVar(&language, "language", "en", "the `LANGUAGE` of the texts: "+
		strings.Join(templates.StarterLanguages(), ", "))
	return cmd
}

func (t *tool) init(kind, language, dir string) error {
	if all := templates.StarterLanguages(); !slices.Contains(all, language) {
		return usage(fmt.Errorf("there is no starter in %q, only in %s", language, strings.Join(all, ", ")),
			"mailshot init "+kind+" --language "+all[len(all)-1])
	}
	source, err := templates.StarterIn(kind, language)
	if err != nil {
		return err
	}
	var names []string
	err = fs.WalkDir(source, ".", func(name string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		return err
	}
	// Look before writing: half a starter beside a person's own files would be worse than none.
	for _, name := range names {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if _, err := os.Lstat(path); err == nil {
			return usage(fmt.Errorf("%s already exists; nothing was written", path),
				fmt.Sprintf("mailshot init %s ANOTHER-DIR", kind))
		} else if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	for _, name := range names {
		if err := copyNew(source, name, filepath.Join(dir, filepath.FromSlash(name))); err != nil {
			return err
		}
		if _, err := fmt.Fprintln(t.stdout, filepath.Join(dir, filepath.FromSlash(name))); err != nil {
			return err
		}
	}
	t.hint("mailshot check " + shell.Quote(dir))
	return nil
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
