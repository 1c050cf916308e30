package filtering

import (
	"fmt"
	"strings"
	"testing"

	"mailshot/campaign/check"
	"mailshot/campaign/definition"
	"mailshot/campaign/filters"
)

// A sample has at most twenty messages: the first, the longest, the shortest, some with findings, and others by chance,
// which are the same each time. Only what is in the sample is kept.
func TestSample(t *testing.T) {
	t.Parallel()
	pick := func() (places []string, made int) {
		s := newSample([]check.Finding{{Place: "l.csv:700"}, {Place: "body.md:1",
			Places: []string{"l.csv:800", "l.csv:801"}}})
		for i := range 1000 {
			size := int64(1000 + i%7)
			switch i {
			case 400:
				size = 9000
			case 500:
				size = 10
			case 600:
				size = tooLong + 1
			}
			err := s.add(fmt.Sprintf("l.csv:%d", i), size, func() ([]byte, error) { made++; return make([]byte, size), nil })
			if err != nil {
				t.Fatal(err)
			}
		}
		for _, one := range s.all() {
			places = append(places, one.place)
		}
		return places, made
	}
	got, made := pick()
	all := " " + strings.Join(got, " ") + " "
	for _, want := range []int{0, 400, 500, 700, 800, 801} {
		if !strings.Contains(all, fmt.Sprintf(" l.csv:%d ", want)) {
			t.Errorf("row %d is not in %s", want, all)
		}
	}
	if strings.Contains(all, "l.csv:600 ") || len(got) > most || len(got) < 15 || made > 200 {
		t.Errorf("%d messages, %d made: %s", len(got), made, all)
	}
	if again, _ := pick(); fmt.Sprint(again) != fmt.Sprint(got) {
		t.Errorf("another sample: %v", again)
	}
}

// Each rule is one finding, where its name says that its cause is. Rules about how a message came do not count.
func TestFindings(t *testing.T) {
	t.Parallel()
	d, err := definition.Parse("campaign.yaml",
		[]byte("id: one\nfrom: a@example.org\nsubject: BUY\nrecipients: { file: l.csv }\n"+
			"body: { html: body.html }\n"), "")
	if err != nil {
		t.Fatal(err)
	}
	said := []answer{
		{"l.csv:2", filters.Verdict{Score: 9, Required: 5, Rules: []filters.Rule{{Name: "SUBJ_ALL_CAPS", Score: 0.5,
			Text: "capitals"},
			{Name: "HTML_IMAGE_ONLY_04", Score: 4.7}, {Name: "RDNS_NONE", Score: 3.8}}}},
		{"l.csv:3", filters.Verdict{Score: 6, Required: 5, Rules: []filters.Rule{{Name: "SUBJ_ALL_CAPS", Score: 0.5},
			{Name: "FREEMAIL_FROM",
				Score: 0.05}, {Name: "X", Score: 5}, {Name: "GOOD", Score: -1}}}},
	}
	var got []string
	for _, f := range findings(d, "SA", said) {
		got = append(got, fmt.Sprintf("%s %s %s %s", f.Severity, f.Code, f.Place, f.Text))
	}
	want := []string{
		"warning spam-score campaign.yaml SA takes 2 of 2 messages for spam: 6.0 points, and 5.0 are enough (l.csv:2, l.csv:3)",
		"note spam-rule campaign.yaml SA, X: 5.0 points in 1 of 2 messages",
		"note spam-rule body.html SA, HTML_IMAGE_ONLY_04: 4.7 points in 1 of 2 messages",
		"note spam-rule campaign.yaml:3:10 SA, SUBJ_ALL_CAPS: 0.5 points in 2 of 2 messages: capitals",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%s", strings.Join(got, "\n"))
	}
}
