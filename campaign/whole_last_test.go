package campaign_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"mailshot/campaign"
	"mailshot/internal/sink"
)

// lastSent sends a campaign with this id to so many people, of whom so many are suppressed.
func lastSent(t *testing.T, f *folder, id string, people, suppressed int) {
	t.Helper()
	s, _ := startSink(t, sink.Options{})
	lastLike(t, f, id, people, suppressed, server(s, ""))
	f.send(t, campaign.Options{}, campaign.PlanOptions{})
}

// lastLike writes a campaign with this id.
func lastLike(t *testing.T, f *folder, id string, people, suppressed int, server string) {
	t.Helper()
	f.write(t, "campaign.yaml", fmt.Sprintf("id: %q\nfrom: Sender <sender@example.org>\nsubject: \"News for {{.name}}\"\n"+
		"recipients: { file: list.csv }\nsuppress: [no.csv]\nbody: { text: body.txt }\n%s", id, server))
	list, no := "email,name\n", "email\n"
	for i := range people {
		list += fmt.Sprintf("p%d@example.com,Person %d\n", i, i)
		if i < suppressed {
			no += fmt.Sprintf("p%d@example.com\n", i)
		}
	}
	f.write(t, "list.csv", list)
	f.write(t, "no.csv", no)
	f.write(t, "body.txt", "Dear {{.name}}, this is "+strings.ReplaceAll(id, "{{date}}", "of today")+".\n")
}

// lastFound are the findings of a check about the last campaign, as code, place and text.
func lastFound(t *testing.T, f *folder) (all []string) {
	t.Helper()
	for _, one := range checked(t, f) {
		if strings.HasSuffix(one.Code, "-unlike-last") {
			all = append(all, one.Code+" "+one.Place+" "+one.Text)
		}
	}
	return all
}

const noServer = "server: { host: 127.0.0.1, port: 2599, tls: none }\n"

// A campaign is compared with the last one like it that was sent from its folder, by a check and by a plan. Seen to
// fail without the call in sentBefore, and with a plan that nobody sent counting as the last one.
func TestUnlikeLast(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	lastSent(t, f, "news-2026-10-01", 40, 1)
	for _, test := range []struct {
		id                 string
		people, suppressed int
		want               []string
	}{
		{"news-2026-11-01", 400, 5,
			[]string{"count-unlike-last campaign.yaml:4:21 395 people get a message, and news-2026-10-01 was for 39"}},
		{"news-2026-11-01", 12, 0,
			[]string{"count-unlike-last campaign.yaml:4:21 12 people get a message, and news-2026-10-01 was for 39"}},
		{"news-2026-11-01", 60, 0, nil},
		{"news-2026-11-01", 60, 24, []string{
			"share-unlike-last campaign.yaml:4:21 40 % of the rows are suppressed, and in news-2026-10-01 it was 2 %"}},
		{"invoices-2026-11", 400, 0, nil}, // not like it
		{"news-2026-10-01", 400, 0, nil},  // itself
		{"news-{{date}}", 400, 0,
			[]string{"count-unlike-last campaign.yaml:4:21 400 people get a message, and news-2026-10-01 was for 39"}},
	} {
		lastLike(t, f, test.id, test.people, test.suppressed, noServer)
		if got := lastFound(t, f); !slices.Equal(got, test.want) {
			t.Errorf("%s, %d people: %q, want %q", test.id, test.people, got, test.want)
		}
	}
	// A plan says it too, and a plan that nobody sent is not the last one.
	lastLike(t, f, "news-2026-11-01", 400, 0, noServer)
	c := f.open(t, campaign.Options{})
	plan, err := c.Plan(t.Context(), campaign.PlanOptions{})
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	said := false
	for _, one := range plan.Report.Findings {
		said = said || one.Code == "count-unlike-last"
	}
	if !said {
		t.Errorf("the plan says nothing: %v", plan.Report.Findings)
	}
	lastLike(t, f, "news-2026-12-01", 400, 0, noServer)
	if got := lastFound(t, f); len(got) != 1 || !strings.Contains(got[0], "news-2026-10-01") {
		t.Errorf("%q", got)
	}
}

// A rehearsal is compared with nothing, and counts for nothing.
func TestRehearsalHasNoLast(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	lastSent(t, f, "news-1", 40, 0)
	lastLike(t, f, "news-2", 400, 0, noServer)
	c := f.open(t, campaign.Options{Sink: &campaign.SinkTarget{}})
	defer c.Close()
	r, err := c.Check(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range r.Findings {
		if one.Code == "count-unlike-last" {
			t.Errorf("a rehearsal: %v", one)
		}
	}
}

// A check says that where leaves out everybody. Seen to fail without Where in sentBefore.
func TestWhereNobody(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	for where, want := range map[string]string{
		`name == "Zoe"`: "campaign.yaml:4:39 where leaves out all 3 rows of the list, so nobody gets a message",
		`name != "Zoe"`: "",
	} {
		lastLike(t, f, "news-1", 3, 0, noServer)
		f.rewrite(t, "list.csv }", "list.csv, where: '"+where+"' }")
		got := ""
		for _, one := range checked(t, f) {
			if one.Code == "where-nobody" {
				got += one.Place + " " + one.Text
			}
		}
		if got != want {
			t.Errorf("%s: %q, want %q", where, got, want)
		}
	}
}
