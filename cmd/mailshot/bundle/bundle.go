// Package bundle compiles the scripts of pages. What [Compile] returns is committed beside its page, so that the
// program is whole with Go alone; the commands that write it are cmd/mailshot/web/frame/script and
// cmd/mailshot/page/script.
package bundle

import (
	"errors"
	"fmt"

	"github.com/evanw/esbuild/pkg/api"
)

// Compile makes one file of a script in TypeScript and what it imports. banner is its first line.
func Compile(entry, banner string) ([]byte, error) {
	r := api.Build(api.BuildOptions{
		EntryPoints: []string{entry}, Bundle: true, MinifyWhitespace: true, MinifySyntax: true,
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
