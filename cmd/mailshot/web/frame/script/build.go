// Command script compiles the script of the window. Run go generate ./cmd/mailshot/web/frame after a change of window.ts:
// the result is committed, so that the program is whole with Go alone, and a test compares.
package main

import "mailshot/cmd/mailshot/bundle"

var script = bundle.Script{Source: "window.ts", Made: "assets/window.js", Of: ", and Idiomorph (Zero-Clause BSD),"}

func main() { script.Main() }
