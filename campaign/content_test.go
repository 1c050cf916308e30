package campaign_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"mailshot/campaign"
	"mailshot/campaign/check"
	"mailshot/campaign/ledger"
	"mailshot/internal/sink"
)

// contents plans a campaign of these files, and returns its findings in short: severity, code, place and text.
func contents(t *testing.T, files map[string]string) []string {
	t.Helper()
	f := newFolder(t)
	for name, text := range files {
		f.write(t, name, text)
	}
	c := f.open(t, campaign.Options{})
	defer c.Close()
	var report *check.Report
	plan, err := c.Plan(t.Context(), campaign.PlanOptions{})
	if refused := (*campaign.CheckError)(nil); errors.As(err, &refused) {
		report = refused.Report
	} else if err != nil {
		t.Fatal(err)
	} else {
		report = plan.Report
	}
	var got []string
	for _, f := range report.Findings {
		got = append(got, fmt.Sprintf("%s %s %s: %s", f.Severity, f.Code, f.Place, f.Text))
	}
	return got
}

const contentBase = `id: test
from: Sender <sender@example.org>
subject: "News"
recipients: { file: people.csv }
server: { host: 127.0.0.1, port: 2599, tls: none }
`

// An empty cell is found where it matters: one finding for each place of a template, with the number of messages and
// the first five rows. Seen to fail without the calls around links (templates: spyLinks) and without those behind
// values (newSpy).
func TestEmptyWhereItMatters(t *testing.T) {
	t.Parallel()
	many := "email,url,name\n"
	for i := range 20 {
		name := fmt.Sprint("N", i)
		if i%3 == 0 {
			name = ""
		}
		many += fmt.Sprintf("p%d@example.com,%s,%s\n", i, map[bool]string{false: "https://example.com/"}[i < 7], name)
	}
	for _, test := range []struct {
		name  string
		files map[string]string
		want  []string
	}{
		{"links", map[string]string{"campaign.yaml": contentBase + "body: { html: b.html }\n", "people.csv": many,
			"b.html": "<p><a\nhref=\"{{.url}}\">x</a> <a href=\"mailto:{{.url}}\">m</a> <img src=\"{{.url}}\" alt=\"{{.name}}\" width=9>" +
				"<p>These are words enough to be more than a message of images."},
			[]string{
				"warning link-mailto b.html:2:32: a cell makes a link to a mailbox that is no address (13 rows: people.csv:9, " +
					"people.csv:10, people.csv:11, people.csv:12, people.csv:13 and 8 more)",
				"error empty-link b.html:2:7: this href leads nowhere in 7 of 20 messages " +
					"(people.csv:2, people.csv:3, people.csv:4, people.csv:5, people.csv:6, …)",
				"error empty-link b.html:2:39: this href leads nowhere in 7 of 20 messages " +
					"(people.csv:2, people.csv:3, people.csv:4, people.csv:5, people.csv:6, …)",
				"error empty-link b.html:2:65: this src leads nowhere in 7 of 20 messages " +
					"(people.csv:2, people.csv:3, people.csv:4, people.csv:5, people.csv:6, …)",
			}},
		{"a template that says what then", map[string]string{"people.csv": many,
			"campaign.yaml": contentBase + "body: { html: b.html }\n",
			"b.html": `{{if .url}}<a href="{{.url}}">x</a>{{end}}<a href="{{.url | default "https://example.org"}}">y</a>` +
				`<p>Dear {{or .name "you"}}, {{with .name}}{{.}},{{end}} {{if .name}}{{.name}}{{else}}friend{{end}},`}, nil},
		{"Markdown", map[string]string{"campaign.yaml": contentBase + "body: { markdown: b.md }\n", "people.csv": many,
			"b.md": "Dear {{.name}},\n\n[shop]({{.url}})\n"},
			[]string{
				"error empty-link b.md:3:8: this href leads nowhere in 7 of 20 messages " +
					"(people.csv:2, people.csv:3, people.csv:4, people.csv:5, people.csv:6, …)",
				`warning empty-value b.md:1:8: {{.name}} is empty, which leaves "Dear ," in 7 of 20 messages ` +
					"(people.csv:2, people.csv:5, people.csv:8, people.csv:11, people.csv:14, …)",
			}},
		{"subject and text", map[string]string{"people.csv": "email,name,x\nann@example.com,,\nbob@example.com,B,\n",
			"campaign.yaml": strings.Replace(contentBase, `"News"`, `"News for {{.name}}"`, 1) + "body: { text: b.txt }\n",
			"b.txt":         "Hello {{.name}}\n{{.x}} is empty for everybody. See https://{{.x}}/.\n"},
			[]string{
				`warning empty-value campaign.yaml:3:22: {{.name}} is empty, which leaves "News for" in 1 of 2 messages (people.csv:2)`,
				"error empty-link b.txt:2:46: this link leads nowhere in 2 of 2 messages (people.csv:2, people.csv:3)",
			}},
		{"filled in most", map[string]string{"people.csv": "email,name\na@example.com,A\nb@example.com,\nc@example.com,C\n",
			"campaign.yaml": contentBase + "body: { text: b.txt }\n", "b.txt": "Hello {{.name}}\n"},
			[]string{"warning empty-value b.txt:1:9: {{.name}} is empty in 1 of 3 messages (people.csv:3)"}},
		{"a link with a slash too few, and fixed ones", map[string]string{
			"campaign.yaml": contentBase + "body: { html: b.html }\n",
			"people.csv":    "email,url\nann@example.com,https:/example.com\n",
			"b.html": "<p><a href=\"{{.url}}\">x</a>\n<a href=''>y</a> <img src=\"https:///a.png\" alt=\"\" width=9>" +
				"<p>These are words enough to be more than a message of images."},
			[]string{
				"error empty-link b.html:2:10: this href leads nowhere",
				"error empty-link b.html:2:28: this src leads nowhere",
				"warning broken-link b.html:1:13: this href is not a whole address in 1 of 1 message (people.csv:2)",
			}},
	} {
		got := contents(t, test.files)
		if !slices.Equal(got, test.want) {
			t.Errorf("%s:\n got %s\nwant %s", test.name, strings.Join(got, "\n     "), strings.Join(test.want, "\n     "))
		}
	}
}

// What a cell makes of a message is said at the line of the template that prints it, with its rows. Of two links that
// look alike it is the one whose cell it is. Seen to fail without Written.makes: the first link was named.
func TestCellsHavePlaces(t *testing.T) {
	t.Parallel()
	words := "These are words enough to be more than a message of images. "
	got := contents(t, map[string]string{
		"campaign.yaml": strings.Replace(contentBase, `"News"`, `"News for {{.name}}"`, 1) +
			"headers: { X-Note: \"{{.note}}\" }\nbody: { html: b.html }\n",
		"people.csv": "email,name,site,shop,note\nann@example.com,Ann,https://example.com/1,http://localhost/1,n\n" +
			"bob@example.com,ANN OF EXAMPLE TOWN,https://example.com/2,https://example.org/2,{{x}}\n" +
			"cy@example.com," + strings.Repeat("long ", 45) + ",https://bit.ly/x,https://example.org/%7B%7Bx%7D%7D,n\n",
		"b.html": "<p>" + words + "\n<a href=\"{{.site}}\">the site</a>\n<a href=\"{{ .shop }}\">the shop</a>\n" +
			"<a href=\"https://example.org/?q={{.name | lower}}&amp;of={{.shop}}\">look</a>",
	})
	want := []string{
		"warning link-local b.html:3:10: a cell makes a link to a machine that readers cannot reach (row people.csv:2)",
		"error template-left campaign.yaml:6:21: X-Note still has {{ in it (row people.csv:3)",
		"warning long-subject campaign.yaml:3:11: the subject has 233 characters (row people.csv:4)",
		"warning link-shortener b.html:2:10: a cell makes a link that hides where it leads (row people.csv:4)",
		"warning link-field b.html:3:10: a cell makes a link with a field that nothing fills (row people.csv:4)",
		`warning cell-placeholder people.csv:3: note: "{{x}}" holds {{x}}, a field that nothing fills: a cell is not a template`,
		`warning cell-placeholder people.csv:4: shop: "https://example.org/%7B%7Bx%7D%7D" holds {{x}} in its address, ` +
			"a field that nothing fills",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %s\nwant %s", strings.Join(got, "\n     "), strings.Join(want, "\n     "))
	}
}

// With --skip-errors a message whose link leads nowhere is left out, and the others go. Seen to fail with the state
// left pending.
func TestEmptyLinkIsSkipped(t *testing.T) {
	t.Parallel()
	s, _ := startSink(t, sink.Options{})
	f := newFolder(t)
	f.write(t, "campaign.yaml", strings.Replace(base, "text: body.txt", "html: b.html", 1)+server(s, ""))
	f.write(t, "people.csv", "email,name,url\nann@example.com,Ann,\nbob@example.com,Bob,https://example.com\n")
	f.write(t, "b.html", `<a href="{{.url}}">x</a>`)
	sum := f.send(t, campaign.Options{}, campaign.PlanOptions{SkipErrors: true})
	want(t, sum, map[ledger.State]int64{ledger.Sent: 1, ledger.Invalid: 1})
}

// What is odd about an attachment is one finding at its place in the campaign file, also where each row has a file of
// its own. Seen to fail with Remarks left out of Maker.Make.
func TestOddAttachments(t *testing.T) {
	t.Parallel()
	files := map[string]string{
		"campaign.yaml": contentBase + "body: { text: b.txt }\nattachments:\n  - file: inv/{{.n}}.pdf\n  - file: terms.txt\n",
		"people.csv":    "email,n\na@example.com,1\nb@example.com,2\nc@example.com,3\n", "b.txt": "Hello\n",
		"inv/1.pdf": "%PDF-1.4", "inv/2.pdf": "<html>", "inv/3.pdf": "\n%PDF-1.4", "terms.txt": "Dear {{name}}",
	}
	want := []string{
		"warning attachment-placeholder campaign.yaml:9:11: attachment \"terms.txt\" has {{name}} in line 1: attachments are " +
			"not templates, so that nothing fills it; in 3 of 3 messages (people.csv:2, people.csv:3, people.csv:4)",
		"warning attachment-type campaign.yaml:8:11: attachment \"inv/2.pdf\" is not a PDF, as its name says: it looks like " +
			"a web page; in 2 of 3 messages (people.csv:3, people.csv:4)",
	}
	if got := contents(t, files); !slices.Equal(got, want) {
		t.Errorf("got %s", strings.Join(got, "\n    "))
	}
}

// A style sheet in another file is one finding at its line, and not also a link that leads nowhere. A link of the same
// message that leads nowhere is one more. Seen to fail without isSheet.
func TestSheetIsOneFinding(t *testing.T) {
	t.Parallel()
	page := func(more string) map[string]string {
		return map[string]string{
			"campaign.yaml": contentBase + "body: { html: b.html }\n", "people.csv": "email\na@example.com\nb@example.com\n",
			"b.html": "<!doctype html>\n<html lang=\"en\"><head><title>News</title>\n<link rel=\"stylesheet\" href=\"css/mail.CSS?v=2\">\n" +
				"</head><body><p>These are words enough to be a message of their own.</p>" + more + "</body></html>",
		}
	}
	sheet := "warning html-stylesheet b.html:3:1: the style sheet is in another file, which most mail programs do not load"
	if got := contents(t, page("")); !slices.Equal(got, []string{sheet}) {
		t.Errorf("got %s", strings.Join(got, "\n    "))
	}
	got := contents(t, page("\n<a href=\"shop/news.html\">the shop of our town</a>"))
	if len(got) != 2 || got[0] != sheet || !strings.HasPrefix(got[1], "warning relative-link b.html:5:10: ") {
		t.Errorf("got %s", strings.Join(got, "\n    "))
	}
}

// Arguments in the wrong order are said in words of the template, of a typed column too. Seen to fail without the call
// of misuse.Say in templates, and without the look at v in money.
func TestArgumentsInOrder(t *testing.T) {
	t.Parallel()
	for columns, want := range map[string]string{
		"":                           "error template b.txt:2:8: money: the currency comes before the number",
		", columns: { sum: number }": "error template b.txt:2:14: money takes CURRENCY NUMBER in this order, and this does not fit",
	} {
		got := contents(t, map[string]string{
			"campaign.yaml": strings.Replace(contentBase, "people.csv }", "people.csv"+columns+" }", 1) + "body: { text: b.txt }\n",
			"people.csv":    "email,sum\na@example.com,3.5\n", "b.txt": "Hello,\nDear {{money .sum \"EUR\"}}\n",
		})
		if len(got) != 1 || !strings.HasPrefix(got[0], want) {
			t.Errorf("%s: %q, want %q", columns, got, want)
		}
	}
}

// A page is compared with the language of its campaign. Seen to fail without Language in sources.body.
func TestPageInOtherLanguage(t *testing.T) {
	t.Parallel()
	got := contents(t, map[string]string{
		"campaign.yaml": contentBase + "body: { html: b.html, language: en }\n", "people.csv": "email\na@example.com\n",
		"b.html": "<!doctype html>\n<html lang=\"de\"><head><title>News</title></head><body><p>We are open on Saturday.</p></body></html>",
	})
	want := []string{"warning html-lang-unlike b.html:2:13: the page says that it is in de, and the language of the messages is en"}
	if !slices.Equal(got, want) {
		t.Errorf("got %s", strings.Join(got, "\n    "))
	}
}
