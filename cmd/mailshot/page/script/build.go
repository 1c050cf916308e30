// Command script compiles the script of the gallery. Run go generate ./cmd/mailshot/page after a change of gallery.ts:
// the result is committed, so that the program is whole with Go alone, and a test compares.
package main

import "mailshot/cmd/mailshot/bundle"

var script = bundle.Script{Source: "gallery.ts", Made: "gallery.js"}

func main() { script.Main() }
