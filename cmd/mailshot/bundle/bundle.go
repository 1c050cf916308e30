// Package bundle compiles the scripts of pages. What [Script.Main] makes is committed beside its page, so that the
// program is whole with Go alone; the commands that write it are cmd/mailshot/web/frame/script and
// cmd/mailshot/page/script.
package bundle

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/evanw/esbuild/pkg/api"
)

// Script is a script in TypeScript that lies in the folder script of a page, with what it imports.
type Script struct {
	Source string // its name in that folder
	Made   string // the file that is made of it, from the page's folder
	Of     string // what else it was made of, for the first line of Made; "": nothing
}

// Main is the command of a page that writes its script; it is run in the folder of the page.
func (s Script) Main() {
	text, err := s.compile(".")
	if err == nil {
		err = os.WriteFile(filepath.FromSlash(s.Made), text, 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "script:", err)
		os.Exit(1)
	}
}

// Fresh returns an error where the file that lies in the folder of the page is not what the script compiles to.
func (s Script) Fresh(page string) error {
	want, err := s.compile(page)
	if err != nil {
		return err
	}
	got, err := os.ReadFile(filepath.Join(page, s.Made))
	if err == nil && !bytes.Equal(got, want) {
		err = fmt.Errorf("%s is not what %s compiles to: go generate in the folder of the page", s.Made, s.Source)
	}
	return err
}

// compile makes one file of the script and what it imports.
func (s Script) compile(page string) ([]byte, error) {
	banner := "// Made from script/" + s.Source + s.Of + " by go generate."
	r := api.Build(api.BuildOptions{
		EntryPoints: []string{filepath.Join(page, "script", s.Source)}, Bundle: true, MinifyWhitespace: true, MinifySyntax: true,
		MinifyIdentifiers: true, Format: api.FormatESModule, Target: api.ES2022, Charset: api.CharsetUTF8,
		LegalComments: api.LegalCommentsNone, Outfile: "script.js", Banner: map[string]string{"js": banner},
	})
	var errs []error
	for _, m := range r.Errors {
		errs = append(errs, fmt.Errorf("%s:%d: %s", m.Location.File, m.Location.Line, m.Text))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return r.OutputFiles[0].Contents, nil
}
