// Package manual writes the manual pages: one for each command, made of what --help prints, for packagers to install.
package manual

import (
	"os"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

// Write writes the pages of a command and of those below it into a folder, which it makes: mailshot.1,
// mailshot-send.1 and so on, in section 1. version and date stand at the foot of each page, so that one program makes
// the same pages each time.
func Write(root *cobra.Command, folder, version string, date time.Time) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	root.DisableAutoGenTag = true // a line with the day on which the pages were made
	return doc.GenManTree(root, &doc.GenManHeader{Section: "1", Date: &date, Source: "mailshot " + version,
		Manual: "mailshot"}, folder)
}
