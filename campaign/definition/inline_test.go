package definition

import (
	"strings"
	"testing"
)

// Inlining is on unless it is turned off, and what says so by its default is the same definition as what does not say.
func TestInline(t *testing.T) {
	t.Parallel()
	const file = "id: news\nfrom: News <news@example.com>\nsubject: Hello\nrecipients: { file: people.csv }\n" +
		"body: { BODY }\n"
	for _, test := range []struct {
		body string
		off  bool
		err  string
	}{
		{"markdown: body.md", false, ""},
		{"markdown: body.md, inline: true", false, ""},
		{"markdown: body.md, inline: false", true, ""},
		{"html: body.html, inline: no", false, `"body.inline" cannot be "no" (write true or false)`},
		{"text: body.md, inline: false", false, "inline is for markdown or html, and the body is text only"},
	} {
		d, err := Parse("campaign.yaml", []byte(strings.Replace(file, "BODY", test.body, 1)), "testdata/folder")
		switch {
		case test.err != "":
			if err == nil || !strings.Contains(err.Error(), test.err) {
				t.Errorf("%s: %v", test.body, err)
			}
		case err != nil:
			t.Errorf("%s: %v", test.body, err)
		case d.Body.NoInline != test.off:
			t.Errorf("%s: off is %v", test.body, d.Body.NoInline)
		}
	}
}
