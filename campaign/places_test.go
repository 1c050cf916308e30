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
	for _, header := range []string{"<{{.link}}>", "{{if .link}}<https://u.example/{{.name}}>{{end}}",
		"<https://u.example/{{.name}}>",
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

// The place of a link that leads nowhere is that link's, in Markdown as in HTML, and not another one's.
func TestPlaceOfALinkThatLeadsNowhere(t *testing.T) {
	t.Parallel()
	for markdown, place := range map[string]string{
		"# T\n\n[Pay]() x\n": "body.md:3:", "text [A]({{.link}})\n\n[Pay]() x\n": "body.md:3:", "a\n\n- b [Pay](){.button}\n": "body.md:3:5:",
		"text [A]({{.link}})\n\n![x]()\n": "body.md:3:1:", "text [A]({{.link}})\n\nthen <a href=\"\">Pay</a>\n": "body.md:3:6:",
		"text [A]({{.link}})\n\n<div><a href=\"\">Pay</a></div>\n": "body.md:3:1:",
		"{{if .link}}- a\n{{end}}\n\n[Pay][p] x\n\n[p]: <>\n":      "body.md:4:1:",
		"| a |\n|---|\n{{if .link}}| [Pay]() |\n{{end}}\n":         "body.md:3:15:"} {
		f := newFolder(t)
		f.write(t, "campaign.yaml", "id: test\nfrom: Sender <sender@example.org>\nsubject: Hello\n"+
			"recipients: { file: people.csv }\nbody: { markdown: body.md }\n")
		f.write(t, "body.md", markdown)
		f.write(t, "people.csv", "email,name,link\np0@example.com,Ann,https://u.example/Ann\n")
		report, err := f.open(t, campaign.Options{}).Check(t.Context())
		if err != nil || len(report.Findings) == 0 {
			t.Errorf("%q: %v", markdown, err)
		} else if got := report.Findings[0]; !strings.HasPrefix(got.Place+":", place) {
			t.Errorf("%q: %s: %s", markdown, got.Place, got.Text)
		}
	}
}
