package definition

import (
	"strings"
	"testing"
)

// An unquoted text may go on in the next lines. YAML ends it at a # there too, so it is refused as a text of one line
// is: it is wrong to send "Your invoice number".
func TestCommentsWithinTextOfSeveralLines(t *testing.T) {
	t.Parallel()
	for text, place := range map[string]string{
		"subject: Your invoice\n  number #{{.number}} is here\n":            "campaign.yaml:6:10",
		"subject:\n  Your invoice\n  number #{{.number}} is here\n":         "campaign.yaml:7:10",
		"subject: s\nheaders:\n  X-Invoice: the\n    number #{{.number}}\n": "campaign.yaml:8:12",
	} {
		_, err := Parse("campaign.yaml", []byte("id: x\nfrom: a@example.com\nrecipients: { file: people.csv }\n"+
			"body: { markdown: body.md }\n"+text), t.TempDir())
		if err == nil || !strings.Contains(err.Error(), place+": the text ends before this #") {
			t.Errorf("%q: %v", text, err)
		}
	}
}
