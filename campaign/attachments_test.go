package campaign_test

import (
	"slices"
	"strings"
	"testing"

	"mailshot/campaign"
	"mailshot/campaign/ledger"
	"mailshot/internal/sink"
)

// What some people do not have is said in counts, and what may be somebody else's is an error. Seen to fail without
// leave, and without match.
func TestFilesThatSomeHave(t *testing.T) {
	t.Parallel()
	files := map[string]string{
		"campaign.yaml": contentBase + "body: { text: b.txt }\nattachments:\n  - { file: \"inv/{{.n}}.pdf\", optional: true }\n" +
			"  - { pattern: \"inv/{{.n}}-*.txt\", optional: true }\n  - { file: \"{{.more}}\", split: \";\", optional: true }\n",
		"people.csv": "email,n,more\na@example.com,1,x.txt; y.txt\nb@example.com,2,\nc@example.com,2-x,x.txt\n", "b.txt": "Hello\n",
		"inv/1.pdf": "%PDF-1.4", "inv/2-x-a.txt": "a\n", "x.txt": "x\n", "y.txt": "y\n",
	}
	want := []string{
		`note attachment-left-out campaign.yaml:8:14: an optional attachment has no file "inv/2.pdf"; ` +
			`in 2 of 3 messages (people.csv:3, people.csv:4)`,
		`note attachment-left-out campaign.yaml:9:17: an optional attachment has no file that matches "inv/1-*.txt"; ` +
			`in 1 of 3 messages (people.csv:2)`,
		`note attachment-left-out campaign.yaml:10:14: an optional attachment names no file; in 1 of 3 messages (people.csv:3)`,
		`error attachment-shared people.csv:4: attachment "inv/2-x-a.txt" matches "inv/2-x-*.txt" and, of people.csv:3, ` +
			`"inv/2-*.txt": it would go to both`,
	}
	slices.Sort(want)
	got := contents(t, files)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("got %s", strings.Join(got, "\n    "))
	}
}

// A file that comes after the plan, and that a pattern or an optional attachment finds, makes another message than the
// planned one. Seen to fail with run.message that compares no digest.
func TestFileThatComesLateIsHeld(t *testing.T) {
	t.Parallel()
	s, rec := startSink(t, sink.Options{})
	f := newFolder(t)
	f.write(t, "campaign.yaml", base+"attachments: [{ pattern: \"files/{{.token}}-*.txt\" }, "+
		"{ file: \"files/{{.token}}.txt\", optional: true }]\n"+server(s, ""))
	f.write(t, "body.txt", "Dear {{.name}}\n")
	f.write(t, "people.csv", people(3))
	for i := range 3 {
		f.write(t, "files/"+token(i)+"-a.txt", "planned "+token(i))
	}
	c := f.open(t, campaign.Options{})
	defer c.Close()
	if _, err := c.Plan(t.Context(), campaign.PlanOptions{}); err != nil {
		t.Fatal(err)
	}
	f.write(t, "files/"+token(0)+"-b.txt", "late "+token(0))
	f.write(t, "files/"+token(1)+".txt", "late "+token(1))
	sum, err := c.Run(t.Context(), nil, campaign.RunOptions{})
	if err != nil {
		t.Fatal(err)
	}
	identity(t, sum)
	want(t, sum, map[ledger.State]int64{ledger.Sent: 1, ledger.Held: 2})
	if got := rec.accepted(t); len(got) != 1 || got[0].To[0] != "p2@example.com" {
		t.Errorf("the sink has %+v", got)
	}
}
