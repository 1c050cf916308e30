package dispatch

import (
	"testing"
	"time"

	"mailshot/campaign/ledger"
	"mailshot/campaign/pacing"
)

// When something may go, and why not before, from what is left and from what is closed.
//
// Broken on purpose: with the wait for the lane's cap taken from the earliest of all lanes, "what is due in an open
// lane" waited an hour.
func TestOutlook(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	at := func(minutes int) time.Time { return noon.Add(time.Duration(minutes) * time.Minute) }
	left := func(lanes ...ledger.LaneDue) ledger.Outlook {
		o := ledger.Outlook{Left: int64(len(lanes)), Lanes: lanes}
		o.Due, _ = o.DueBut(nil)
		return o
	}
	pending := func(lane string) ledger.LaneDue { return ledger.LaneDue{Lane: lane} }
	due := func(lane string, minutes int) ledger.LaneDue { return ledger.LaneDue{Lane: lane, Due: at(minutes)} }
	until := func(minutes int, why string) pacing.Answer {
		return pacing.Answer{NotBefore: at(minutes), Because: why}
	}
	for _, c := range []struct {
		name   string
		left   ledger.Outlook
		closed []closure
		want   pacing.Answer
	}{
		{"a wave is out", left(pending("a")), []closure{{scope: ofCampaign, Answer: until(60, "wave")}}, until(60, "wave")},
		{"a wave awaits outcomes", left(pending("a")), []closure{{scope: ofCampaign}}, pacing.Answer{}},
		{"what is left is due after the wave", left(due("a", 90)), []closure{{scope: ofCampaign, Answer: until(60, "wave")}},
			until(90, "wave")},
		{"the account's cap is used up", left(pending("a")), []closure{{scope: ofServer, Answer: until(30, "warm-up")}},
			until(30, "warm-up")},
		{"one server is used up, the other has its lanes", left(pending("a")), []closure{
			{scope: ofServer, lent: true, Answer: until(30, "")}, {scope: ofServer, Answer: until(10, "b")}}, until(10, "b")},
		{"every server has lent its lanes", left(due("a", 5)), []closure{
			{scope: ofServer, lent: true, Answer: until(30, "a")}, {scope: ofServer, lent: true, Answer: until(10, "b")}},
			until(10, "b")},
		{"the lane that is left belongs elsewhere", left(pending("a")), []closure{
			{scope: ofServer, away: []string{"a"}, Answer: until(30, "")}}, pacing.Answer{}},
		{"a server waits for an outcome", left(pending("a")), []closure{{scope: ofServer, full: true}}, pacing.Answer{}},
		{"out of hours", left(pending("a")), []closure{{lanes: []string{"a"},
			paced: map[string]pacing.Answer{"a": until(40, "hours")}}}, until(40, "hours")},
		{"of two lanes out of hours the first", left(pending("a"), pending("b")), []closure{{lanes: []string{"a", "b"},
			paced: map[string]pacing.Answer{"a": until(40, "east"), "b": until(20, "west")}}}, until(20, "west")},
		{"a lane out of hours that has nothing left", left(pending("b")), []closure{{lanes: []string{"a", "b"},
			paced: map[string]pacing.Answer{"a": until(10, "east"), "b": until(20, "west")}}}, until(20, "west")},
		{"a lane that opens with an outcome", left(pending("a")), []closure{{lanes: []string{"a"},
			paced: map[string]pacing.Answer{"a": {}}}}, pacing.Answer{}},
		{"a lane's cap is used up", left(pending("a"), due("b", 5)), []closure{{lanes: []string{"a"}, Answer: until(60, "")}},
			until(5, "")},
		{"what is due in an open lane", left(due("a", 1), due("b", 90)),
			[]closure{{lanes: []string{"a"}, Answer: until(60, "")}},
			until(60, "")},
		{"all that is left is deferred", left(due("a", 15), due("b", 25)), []closure{{}}, until(15, "")},
		{"something is pending in an open lane", left(pending("a"), due("b", 25)), []closure{{}}, pacing.Answer{}},
	} {
		got := outlook(c.left, c.closed)
		if !got.NotBefore.Equal(c.want.NotBefore) || !got.NotBefore.IsZero() && got.Because != c.want.Because {
			t.Errorf("%s: from %v (%q), want %v (%q)", c.name, got.NotBefore, got.Because, c.want.NotBefore, c.want.Because)
		}
	}
}
