// Command script compiles the window's script. Run go generate ./cmd/mailshot/web/frame after a change of window.ts:
// the result is committed, so that the program is whole with Go alone, and a test compares.
package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/evanw/esbuild/pkg/api"
)

func main() {
	text, err := compile("script")
	if err == nil {
		err = os.WriteFile("assets/window.js", text, 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "script:", err)
		os.Exit(1)
	}
}

// compile makes one file of the script in a folder and what it imports.
func compile(dir string) ([]byte, error) {
	r := api.Build(api.BuildOptions{
		EntryPoints: []string{dir + "/window.ts"}, Bundle: true, MinifyWhitespace: true, MinifySyntax: true,
		MinifyIdentifiers: true, Format: api.FormatESModule, Target: api.ES2022, Charset: api.CharsetUTF8,
		LegalComments: api.LegalCommentsNone, AbsWorkingDir: "", Outfile: "window.js", Write: false,
		Banner: map[string]string{"js": "// Made from script/window.ts, and Idiomorph (Zero-Clause BSD), by go generate."},
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
