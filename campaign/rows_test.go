package campaign_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"mailshot/campaign"
	"mailshot/campaign/accounts"
	"mailshot/campaign/ledger"
	"mailshot/internal/sink"
)

// peopleOf are people at each of n domains.
func peopleOf(domains, each int) string {
	var b strings.Builder
	b.WriteString("email,name,token\n")
	for i := range domains * each {
		fmt.Fprintf(&b, "p%d@d%d.example,Person,tok%d\n", i, i%domains, i)
	}
	return b.String()
}

// doubtful are the ways in which a server leaves nobody the wiser after the final dot.
var doubtful = []string{
	"dot:*@*:garbage", `dot:*@*:raw "2504 what\r\n"`, "dot:*@*:half", "dot:*@*:drop", "dot:*@*:reset", "dot:*@*:store-drop",
}

// A server that gives no reply that can be understood leaves three people unknown, and those whose messages were
// under way, one for each of the four connections; the others stay pending. Without doubt's finish, all 40 became
// unknown one hold after the other.
func TestUnknownInARow(t *testing.T) {
	t.Parallel()
	for _, rule := range doubtful {
		t.Run(rule, func(t *testing.T) {
			t.Parallel()
			s, rec := startSink(t, sink.Options{}, rule)
			f, clock := courteous(t, s, people(40), "", "", "2026-11-23T09:00:00Z")
			sum := f.send(t, campaign.Options{Now: clock.now}, campaign.PlanOptions{})
			n := sum.Counts[string(ledger.Unknown)]
			if n < 3 || n > 3+4 || sum.Counts[string(ledger.Pending)] != 40-n || int64(len(rec.accepted(t))) > n {
				t.Errorf("%v, %d at the sink", sum.Counts, len(rec.accepted(t)))
			}
			stops(t, sum, "", "stop-loss: 3 messages in a row", "127.0.0.1", "mailshot resolve",
				"limits.stop_loss.unknown_in_a_row")
		})
	}
}

// A whole reply to a message begins the count of unknown ones anew, whether it is yes or no; a reply to a recipient
// does not, for the doubt is about what comes after the dot. The file's own number holds. With every reply beginning
// the count anew, the second campaign went on to its end.
func TestUnknownNowAndThen(t *testing.T) {
	t.Parallel()
	list := func(names ...string) string {
		b := "email,name,token\n"
		for i := range 24 {
			b += fmt.Sprintf("%s%d@example.com,Person,tok%d\n", names[i%len(names)], i, i)
		}
		return b
	}
	one := func(s *sink.Server, list, limits string) *folder {
		f := newFolder(t)
		f.write(t, "campaign.yaml", base+strings.Replace(server(s, limits), "connections: 4", "connections: 1", 1))
		f.write(t, "body.txt", "Dear {{.name}}\n")
		f.write(t, "people.csv", list)
		return f
	}
	rules := []string{"dot:odd*@*:drop", "dot:bad*@*:554 5.6.0 no", "rcpt:gone*@*:550 5.1.1 no such person"}
	s, _ := startSink(t, sink.Options{}, rules...)
	want(t, one(s, list("odd", "good", "odd", "bad"), "").send(t, campaign.Options{}, campaign.PlanOptions{}),
		map[ledger.State]int64{ledger.Unknown: 12, ledger.Sent: 6, ledger.Refused: 6})
	sum := one(s, list("odd", "gone"), "").send(t, campaign.Options{}, campaign.PlanOptions{})
	if n := sum.Counts[string(ledger.Unknown)]; n != 3 {
		t.Errorf("%v", sum.Counts)
	}
	sum = one(s, list("odd"), "  stop_loss: { unknown_in_a_row: 1 }\n").send(t, campaign.Options{}, campaign.PlanOptions{})
	want(t, sum, map[ledger.State]int64{ledger.Unknown: 1, ledger.Pending: 23})
	stops(t, sum, "", "stop-loss: 1 messages in a row")
}

// Of two servers the one that gives no replies gets nothing more, and the other takes over. With the run ended in its
// place, most stayed pending.
func TestUnknownAtOneOfTwo(t *testing.T) {
	t.Parallel()
	a, _ := startSink(t, sink.Options{}, "dot:*@*:drop")
	b, rec := startSink(t, sink.Options{})
	f := several(t, item(a, "a", ", limits: { connections: 2 }")+item(b, "b", ""), "", 30, 2)
	sum := f.send(t, campaign.Options{}, campaign.PlanOptions{})
	n := sum.Counts[string(ledger.Unknown)]
	if n < 3 || n > 3+2 || sum.Counts[string(ledger.Sent)] != 60-n || int64(len(rec.accepted(t))) != 60-n {
		t.Errorf("%v, stopped %q", sum.Counts, sum.Stopped)
	}
}

// suppressedNow is how many people are on the user's list.
func suppressedNow(t *testing.T, f *folder) (n int) {
	t.Helper()
	a, err := accounts.Open(f.accounts)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	for _, err := range a.Suppressions(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	return n
}

// One and the same refusal for people of several domains stops the campaign after ten and those that were under way,
// and puts nobody on the suppression list, whatever the words: what names the person or the moment in them makes no
// difference. With such refusals learned at once, those of 5.1.1 were all on the list; with alike's finish left out,
// all 80 were refused.
func TestSameRefusal(t *testing.T) {
	t.Parallel()
	for _, words := range []string{
		"550 5.7.1 This account has been suspended", "550 5.1.1 User unknown", "550 No such user here", "554 5.7.0 Your access was denied",
	} {
		t.Run(words, func(t *testing.T) {
			t.Parallel()
			s, rec := startSink(t, sink.Options{}, "rcpt:*@*:"+words)
			f, clock := courteous(t, s, peopleOf(20, 4), "", "", "2026-11-23T09:00:00Z")
			o := campaign.Options{Now: clock.now}
			sum := f.send(t, o, campaign.PlanOptions{})
			n := sum.Counts[string(ledger.Refused)]
			if n < 10 || n > 10+8 || sum.Left != 80-n || len(rec.accepted(t)) != 0 {
				t.Errorf("%v, %d left", sum.Counts, sum.Left)
			}
			stops(t, sum, "", "stop-loss: 10 recipients of ", "127.0.0.1", "limits.stop_loss.same_refusal", "mailshot retry")
			if n := suppressedNow(t, f); n != 0 {
				t.Errorf("%d people are on the suppression list", n)
			}
		})
	}
}

// People who are refused for themselves do not stop a campaign and are put on the list: where others are accepted in
// between, or where all are of one domain. With a row that nobody ends, the first campaign stopped at its tenth.
func TestSameRefusalNowAndThen(t *testing.T) {
	t.Parallel()
	s, _ := startSink(t, sink.Options{}, "rcpt:gone*@*:550 5.1.1 no such person")
	list := "email,name,token\n"
	for i := range 60 {
		list += fmt.Sprintf("%s%d@d%d.example,Person,tok%d\n", []string{"gone", "good"}[i%2], i, i%7, i)
	}
	f := newFolder(t)
	f.write(t, "campaign.yaml", base+server(s, ""))
	f.write(t, "body.txt", "Dear {{.name}}\n")
	f.write(t, "people.csv", list)
	want(t, f.send(t, campaign.Options{}, campaign.PlanOptions{}),
		map[ledger.State]int64{ledger.Sent: 30, ledger.Refused: 30})
	if n := suppressedNow(t, f); n != 30 {
		t.Errorf("%d people are on the suppression list, want 30", n)
	}
	s, _ = startSink(t, sink.Options{}, "rcpt:*@*:550 5.1.1 no such person")
	f, clock := courteous(t, s, people(15), "", "", "2026-11-23T09:00:00Z")
	want(t, f.send(t, campaign.Options{Now: clock.now}, campaign.PlanOptions{}),
		map[ledger.State]int64{ledger.Refused: 15})
	if n := suppressedNow(t, f); n != 15 {
		t.Errorf("%d people are on the suppression list, want 15", n)
	}
}
