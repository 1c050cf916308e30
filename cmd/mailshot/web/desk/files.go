package desk

import "embed"

//go:embed *.html
var files embed.FS
