package markup_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mailshot/campaign/check"
	"mailshot/campaign/check/markup"
	"mailshot/templates/source"
)

// look looks at one text as the only source of a message.
func look(file, text string) []check.Finding {
	found, _ := markup.Look([]markup.Source{{
		Source: source.New(file, 0, 0, text), Markdown: filepath.Ext(file) == ".md", Bare: true,
		Plain: filepath.Ext(file) == ".txt", Subject: file == "subject.txt", Body: file == "body.txt",
		Whole: strings.HasSuffix(file, ".html"),
	}})
	return found
}

// Real templates have at most one warning that is false. This one lists what is said of the folders in an environment
// variable, for whoever changes a rule.
func TestFolders(t *testing.T) {
	folders := os.Getenv("MAILSHOT_TEMPLATES")
	if folders == "" {
		t.Skip("MAILSHOT_TEMPLATES names no folders of templates")
	}
	for folder := range strings.SplitSeq(folders, ":") {
		_ = filepath.WalkDir(folder, func(path string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".html") && !strings.HasSuffix(path, ".md") {
				return err
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			for _, f := range look(path, string(text)) {
				t.Log(f.Severity, f.Code, f.String())
			}
			return nil
		})
	}
}
