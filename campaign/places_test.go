package campaign_test

import (
	"errors"
	"strings"
	"testing"

	"mailshot/campaign"
)

// A mistake in what a built-in layout shows is told once, with its place in the campaign file: nobody has the layout's
// own text.
func TestMistakesInWhatALayoutShows(t *testing.T) {
	t.Parallel()
	const unsubscribe = "headers: { List-Unsubscribe: \"%\" }\n"
	for _, lines := range []string{
		strings.ReplaceAll(unsubscribe, "%", "<https://u.example/{{.mailshot.email}}>"),
		strings.ReplaceAll(unsubscribe, "%", "<https://u.example/{{.nope}}>"),
		strings.ReplaceAll(unsubscribe, "%", "{{if .nope}}<https://u.example>{{end}}"),
		strings.ReplaceAll(unsubscribe, "%", "<https://u.example/{{nope .name}}>"),
		strings.ReplaceAll(unsubscribe, "%", "<https://u.example/{{.name | required `x` | date `y`}}>"),
		strings.ReplaceAll(unsubscribe, "%", "<{{.bad}}>"),
		"from: '\"The {{.nope}}\" <sender@example.org>'\n",
		"body: { markdown: body.md, layout: newsletter, postal: \"{{.nope}}\" }\n",
		"body: { markdown: body.md, layout: newsletter, preheader: \"{{nope}}\" }\n",
		"subject: \"{{.nope}}\"\n",
	} {
		f := newFolder(t)
		file := "id: test\nfrom: Sender <sender@example.org>\nsubject: Hello\n" +
			"recipients: { file: people.csv }\nbody: { markdown: body.md, layout: newsletter }\n"
		key, _, _ := strings.Cut(lines, ":")
		if _, after, ok := strings.Cut(file, "\n"+key+":"); ok {
			old, _, _ := strings.Cut(after, "\n")
			file = strings.Replace(file, key+":"+old+"\n", "", 1)
		}
		f.write(t, "campaign.yaml", file+lines)
		f.write(t, "body.md", "Dear {{.name}}\n")
		f.write(t, "people.csv", "email,name,bad\np0@example.com,Ann,javascript:x\n")
		report, err := f.open(t, campaign.Options{}).Check(t.Context())
		if refused := (*campaign.CheckError)(nil); errors.As(err, &refused) {
			report = refused.Report
		} else if err != nil {
			t.Fatal(err)
		}
		if found := report.Findings; len(found) != 1 {
			t.Errorf("%s%d findings: %+v", lines, len(found), found)
		}
		for _, finding := range report.Findings {
			if !strings.HasPrefix(finding.Place, "campaign.yaml:") {
				t.Errorf("%s%s: %s", lines, finding.Place, finding.Text)
			}
		}
	}
}

// "The layouts end with a link to its first address": also where a cell is the address, or a condition is around it. Or
// somebody says that there is none.
func TestUnsubscribeLinkOfACell(t *testing.T) {
	t.Parallel()
	for _, header := range []string{"<{{.link}}>", "{{if .link}}<https://u.example/{{.name}}>{{end}}", "<https://u.example/{{.name}}>",
		"{{.header}}", "{{with .header}}{{.}}{{end}}"} {
		f := newFolder(t)
		f.write(t, "campaign.yaml", "id: test\nfrom: Sender <sender@example.org>\nsubject: Hello\n"+
			"recipients: { file: people.csv }\nbody: { markdown: body.md, layout: newsletter }\nheaders: { List-Unsubscribe: \""+header+"\" }\n")
		f.write(t, "body.md", "Dear {{.name}}\n")
		f.write(t, "people.csv", "email,name,link,header\np0@example.com,Ann,https://u.example/Ann,<https://u.example/Ann>\n")
		report, err := f.open(t, campaign.Options{}).Check(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		found := len(report.Findings) > 0
		shown := false
		for m, err := range f.open(t, campaign.Options{}).Messages(t.Context(), campaign.Chosen{}) {
			if err != nil {
				t.Fatal(err)
			}
			var b strings.Builder
			if _, err := m.Message.WriteTo(&b); err != nil {
				t.Fatal(err)
			}
			_, body, _ := strings.Cut(b.String(), "\r\n\r\n")
			shown = strings.Contains(body, "https://u.example/Ann")
		}
		if !found && !shown {
			t.Errorf("%s: the message has no link, and nothing says so", header)
		}
	}
}
