package campaign_test

import (
	"errors"
	"strings"
	"testing"

	"mailshot/campaign"
	"mailshot/campaign/ledger"
	"mailshot/internal/sink"
)

// Keys that are written otherwise make nobody new: whoever was mailed, or may have been, is refused with both keys,
// until a person says that they are to get another message. People who were not mailed are new or gone, as before.
//
// Proven on the code before: 5 messages to 3 people, without a word.
func TestKeysWrittenOtherwise(t *testing.T) {
	t.Parallel()
	s, rec := startSink(t, sink.Options{}, "dot:ann@example.com,once:store-drop")
	f := newFolder(t)
	f.write(t, "campaign.yaml", strings.Replace(base, "recipients: { file: people.csv",
		"recipients: { file: people.csv, key: id", 1)+
		server(s, ""))
	f.write(t, "body.txt", "Dear {{.name}}\n")
	list := func(zero string) string {
		return "id,email,name,token\n" + zero + "1,ann@example.com,Ann,a\n" + zero + "2,bob@example.com,Bob,b\n" +
			zero + "3,cat@example.com,Cat,c\n"
	}
	f.write(t, "people.csv", list(""))
	want(t, f.send(t, campaign.Options{}, campaign.PlanOptions{Limit: 2}),
		map[ledger.State]int64{ledger.Unknown: 1, ledger.Sent: 1, ledger.Pending: 1})

	f.write(t, "people.csv", list("0"))
	c := f.open(t, campaign.Options{})
	_, err := c.Plan(t.Context(), campaign.PlanOptions{AcceptChanges: true})
	var refused *campaign.CheckError
	if !errors.As(err, &refused) || len(refused.Report.Findings) != 1 {
		t.Fatalf("planned: %v", err)
	}
	text := refused.Report.Findings[0].Text
	for _, part := range []string{`people.csv:2 ("01", was "1")`, `people.csv:3 ("02", was "2")`} {
		if !strings.Contains(text, part) {
			t.Errorf("%s lacks %s", text, part)
		}
	}
	if strings.Contains(text, "people.csv:4") {
		t.Errorf("Cat was not mailed: %s", text)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if n := len(rec.accepted(t)); n != 2 {
		t.Errorf("%d messages at the sink, want 2", n)
	}

	sum := f.send(t, campaign.Options{}, campaign.PlanOptions{AcceptChanges: true, Repeat: true})
	want(t, sum, map[ledger.State]int64{ledger.Unknown: 1, ledger.Sent: 4, ledger.Cancelled: 1})
}
