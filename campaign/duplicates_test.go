package campaign_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"mailshot/campaign"
)

// A conflict stops a plan however many harmless duplicates stand before it, of which only a hundred are named. Broken
// once by leaving the number of conflicts out of what is said about the rest: the campaign was good to send.
func TestConflictBehindManyDuplicates(t *testing.T) {
	t.Parallel()
	var list strings.Builder
	list.WriteString("email,name\n")
	for i := range 150 {
		fmt.Fprintf(&list, "p%d@example.com,P\nP%[1]d@example.com,P\n", i)
	}
	list.WriteString("ann@example.com,Ann\nann@example.com,Anna\n")
	f := newFolder(t)
	f.write(t, "campaign.yaml", base)
	f.write(t, "body.txt", "Hello")
	f.write(t, "people.csv", list.String())
	c := f.open(t, campaign.Options{})
	defer c.Close()
	_, err := c.Plan(t.Context(), campaign.PlanOptions{SkipErrors: true})
	var refused *campaign.CheckError
	if !errors.As(err, &refused) {
		t.Fatal(err)
	}
	fs := refused.Report.Findings
	last := fs[len(fs)-1]
	const want = "51 more like this: rows that share one address; messages that differ from an earlier row's: 1 in all"
	if len(fs) != 101 || refused.Report.Errors() != 1 || last.Code != "key-conflict" || last.Text != want {
		t.Errorf("%d findings, %d errors, the last: %v", len(fs), refused.Report.Errors(), last)
	}
	if n := refused.Report.Counts; n["duplicate"] != 150 || n["invalid"] != 1 || n["pending"] != 151 {
		t.Errorf("%v", n)
	}
}
