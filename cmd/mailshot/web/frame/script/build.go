// Command script compiles the window's script. Run go generate ./cmd/mailshot/web/frame after a change of window.ts:
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
		err = os.WriteFile("assets/window.js", text, 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "script:", err)
		os.Exit(1)
	}
}

// compile makes one file of the script in a folder and what it imports.
func compile(dir string) ([]byte, error) {
	return bundle.Compile(dir+"/window.ts",
		"// Made from script/window.ts, and Idiomorph (Zero-Clause BSD), by go generate.")
}
