package templates

import (
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

//go:embed layouts/*.html
var layouts embed.FS

//go:embed all:starters
var starters embed.FS

// Starters names the kinds of campaigns that Starter offers.
func Starters() []string { return []string{"newsletter", "invoices", "notice"} }

// Starter returns the files of a campaign to begin with: a commented campaign.yaml, a small list, templates,
// attachments.
func Starter(kind string) (fs.FS, error) {
	if !slices.Contains(Starters(), kind) {
		return nil, fmt.Errorf("no starter %q: there are %s", kind, strings.Join(Starters(), ", "))
	}
	return fs.Sub(starters, "starters/"+kind)
}
