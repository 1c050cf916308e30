// Command script compiles the script of the gallery. Run go generate ./cmd/mailshot/page after a change of gallery.ts:
// the result is committed, so that the program is whole with Go alone, and a test compares.
package main

import (
	"fmt"
	"os"

	"mailshot/cmd/mailshot/bundle"
)

func main() {
	text, err := compile("script")
	if err == nil {
		err = os.WriteFile("gallery.js", text, 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "script:", err)
		os.Exit(1)
	}
}

// compile makes one file of the script in a folder and what it imports.
func compile(dir string) ([]byte, error) {
	return bundle.Compile(dir+"/gallery.ts", "// Made from script/gallery.ts by go generate.")
}
