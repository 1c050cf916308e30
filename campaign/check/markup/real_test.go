package markup_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mailshot/campaign/check/codes"
)

// said are the findings of real templates that are no notes, with the reason. None of them is false.
var said = map[string]string{
	"03-invoice.html html-script": "it has data for search engines in a <script>, which filters see, too",
}

// Real templates, those of the examples and the starters get no warning that is not listed above.
func TestRealTemplates(t *testing.T) {
	t.Parallel()
	seen := 0
	for _, folder := range []string{"../../../examples", "../../../templates/starters", "../../../templates/translations",
		"../../../templates/testdata", "../../../../shared/corpora/html"} {
		if _, err := os.Stat(folder); err != nil {
			t.Logf("no test corpora beside the project: %v", err)
			continue
		}
		err := filepath.WalkDir(folder, func(path string, d os.DirEntry, err error) error {
			if err == nil && d.IsDir() && d.Name() == "text" { // parts of HTML that hide things
				return filepath.SkipDir
			}
			isPage := strings.HasSuffix(path, ".html") || strings.HasSuffix(path, ".md")
			if err != nil || d.IsDir() || !isPage || d.Name() == "README.md" {
				return err
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			seen++
			for _, f := range look(d.Name(), string(text)) {
				if f.Code == "attachment-none" { // the campaign has files, which the template does not tell
					continue
				}
				if f.Severity != codes.Note && said[d.Name()+" "+f.Code] == "" {
					t.Errorf("%s: %s", path, f)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if seen < 10 {
		t.Errorf("%d templates: the test looks at nothing", seen)
	}
}
