package campaign_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"image"
	"image/png"
	"testing"

	"mailshot/campaign"
)

// A language may have a layout of its own that shows no logo, or none at all: its messages go without the logo. It is
// no mistake of the campaign, whose other languages show it.
func TestLanguageWithoutTheLogo(t *testing.T) {
	t.Parallel()
	picture, err := base64.StdEncoding.DecodeString(
		"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII=")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string][2]string{
		"a layout of its own":         {"{ markdown: body.md, layout: letter, logo: logo.png }", "{ layout: own.html }"},
		"HTML, which has none":        {"{ markdown: body.md, logo: logo.png }", "{ html: body.de.html }"},
		"a text, as another language": {"{ markdown: body.md, layout: letter, logo: logo.png }", "{ text: body.de.txt }"},
	} {
		f := newFolder(t)
		f.write(t, "logo.png", string(picture))
		f.write(t, "campaign.yaml", "id: test\nfrom: Sender <sender@example.org>\nsubject: Hello\n"+
			"recipients: { file: people.csv, language: lang }\nbody: "+c[0]+"\nlanguages: { default: en, de: "+c[1]+" }\n")
		f.write(t, "body.md", "Dear {{.name}}\n")
		f.write(t, "body.de.html", "<p>Guten Tag {{.name}}</p>\n")
		f.write(t, "body.de.txt", "Guten Tag {{.name}}\n")
		f.write(t, "own.html", `<html><body>{{template "content" .}}</body></html>`)
		f.write(t, "people.csv", "email,name,lang\np0@example.com,Ann,en\np1@example.com,Carl,de\n")
		if _, err := f.open(t, campaign.Options{}).Check(t.Context()); err != nil {
			var unready *campaign.CheckError
			if errors.As(err, &unready) {
				for _, finding := range unready.Report.Findings {
					t.Errorf("%s: %s: %s (%s)", name, finding.Place, finding.Text, finding.Hint)
				}
			}
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The campaign's postal address is a language's as well, if it gives none. Where its layout, or its text, shows none,
// somebody says so, as for a campaign of one language: many countries ask for the address.
func TestLanguageWithoutThePostalAddress(t *testing.T) {
	t.Parallel()
	for name, entry := range map[string]string{"a layout of its own": "{ layout: own.html }",
		"a text": "{ text: body.de.txt }"} {
		f := newFolder(t)
		f.write(t, "campaign.yaml", "id: test\nfrom: Sender <sender@example.org>\nsubject: Hello\n"+
			"recipients: { file: people.csv, language: lang }\nbody: { markdown: body.md, postal: 1 Main Street }\n"+
			"languages: { default: en, de: "+entry+" }\n")
		f.write(t, "body.md", "Dear {{.name}}\n")
		f.write(t, "body.de.txt", "Guten Tag {{.name}}\n")
		f.write(t, "own.html", `<html><body>{{template "content" .}}</body></html>`)
		f.write(t, "people.csv", "email,name,lang\np0@example.com,Ann,en\np1@example.com,Carl,de\n")
		report, err := f.open(t, campaign.Options{}).Check(t.Context())
		if err == nil && len(report.Findings) == 0 {
			t.Errorf("%s: the messages have no postal address, and nothing says so", name)
		}
	}
}

// An image that goes with each message is measured: one that is far wider than it is shown is named once, also where
// two languages share it.
func TestWideImage(t *testing.T) {
	t.Parallel()
	for width, want := range map[int]int{1600: 0, 1601: 1} {
		var b bytes.Buffer
		if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, width, 2))); err != nil {
			t.Fatal(err)
		}
		f := newFolder(t)
		f.write(t, "photo.png", b.String())
		f.write(t, "campaign.yaml", "id: test\nfrom: Sender <sender@example.org>\nsubject: Hello\n"+
			"recipients: { file: people.csv, language: lang }\nbody: { markdown: body.md }\n"+
			"attachments: [{ file: photo.png, cid: photo }]\nlanguages: { default: en, de: { subject: Guten Tag } }\n")
		f.write(t, "body.md", "Dear {{.name}}\n\n![The house](cid:photo)\n")
		f.write(t, "people.csv", "email,name,lang\np0@example.com,Ann,en\np1@example.com,Carl,de\n")
		report, err := f.open(t, campaign.Options{}).Check(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		got := 0
		for _, one := range report.Findings {
			if one.Code == "image-wide" {
				got++
				if one.Place != "campaign.yaml:6:23" {
					t.Errorf("%d: %s", width, one.Place)
				}
			}
		}
		if got != want {
			t.Errorf("%d: %d findings, want %d: %v", width, got, want, report.Findings)
		}
	}
}
