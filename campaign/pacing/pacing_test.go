package pacing_test

import (
	"testing"
	"time"

	"mailshot/campaign/ledger"
	"mailshot/campaign/pacing"
	"mailshot/sender/courtesy"
)

var monday = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)

func hours(t *testing.T, days, hours string) courtesy.Hours {
	t.Helper()
	h, err := courtesy.ParseHours([]string{days}, []string{hours})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func delivery(id int64, lane string) *ledger.Delivery {
	return &ledger.Delivery{ID: id, Lane: lane, State: ledger.Pending}
}

// Nothing holds a campaign without rules.
func TestNoRules(t *testing.T) {
	t.Parallel()
	o := pacing.New(pacing.Config{}).Openings(monday, []string{"gmail", "rest-1"})
	if !o.Campaign.May || len(o.Closed) != 0 || o.Fresh != 0 || !o.First([]string{"gmail", "rest-1"}).May {
		t.Errorf("%+v", o)
	}
}

// Each lane has the hours of its own zone, and its own reason; the first to open answers for all.
func TestHours(t *testing.T) {
	t.Parallel()
	p := pacing.New(pacing.Config{Hours: hours(t, "mon-fri", "09:00-17:00"), Zone: time.UTC, Zones: true})
	lanes := []string{"gmail", "gmail America/New_York", "gmail Asia/Tokyo"}
	o := p.Openings(monday, lanes) // 17:00 in Tokyo, 03:00 in New York
	if len(o.Closed) != 3 {
		t.Fatalf("%+v", o)
	}
	for lane, want := range map[string]time.Time{
		lanes[0]: monday.Add(time.Hour), lanes[1]: monday.Add(6 * time.Hour), lanes[2]: monday.Add(16 * time.Hour),
	} {
		if a := o.Closed[lane]; a.May || !a.NotBefore.Equal(want) || a.Rule != "out of hours" || a.Because == "" {
			t.Errorf("%s: %+v, want %v", lane, a, want)
		}
	}
	if first := o.First(lanes); !first.NotBefore.Equal(monday.Add(time.Hour)) ||
		first.Because != o.Closed[lanes[0]].Because {
		t.Errorf("%+v", first)
	}
	if o := p.Openings(monday.Add(90*time.Minute), lanes); len(o.Closed) != 2 || !o.First(lanes).May {
		t.Errorf("%+v", o)
	}
}

// After schedule.not_after nothing goes any more, and waiting does not help.
func TestNotAfter(t *testing.T) {
	t.Parallel()
	p := pacing.New(pacing.Config{NotAfter: monday})
	if o := p.Openings(monday.Add(-1), []string{"a"}); !o.Campaign.May {
		t.Errorf("%+v", o)
	}
	if o := p.Openings(monday, []string{"a"}); o.Campaign.May || !o.Campaign.Never || o.Campaign.Because == "" {
		t.Errorf("%+v", o)
	}
}

// A wave lets so many people go; then its outcomes are awaited, then its hold, and then the next wave goes. One that
// was put back has not gone.
func TestWaves(t *testing.T) {
	t.Parallel()
	p := pacing.New(pacing.Config{Waves: courtesy.Waves{Sizes: []int64{2}, Hold: time.Hour}, Zone: time.UTC})
	lanes := []string{"gmail"}
	one, two, back := delivery(1, "gmail"), delivery(2, "gmail"), delivery(3, "gmail")
	if o := p.Openings(monday, lanes); o.Fresh != 2 || !o.Campaign.May {
		t.Fatalf("%+v", o)
	}
	p.Taken(back, monday)
	p.PutBack(back)
	p.PutBack(back) // once more changes nothing
	p.Taken(one, monday)
	if o := p.Openings(monday, lanes); o.Fresh != 1 {
		t.Errorf("%+v", o)
	}
	p.Taken(two, monday)
	if o := p.Openings(monday, lanes); o.Campaign.May || !o.Campaign.NotBefore.IsZero() || o.Campaign.Never {
		t.Errorf("the outcomes are awaited: %+v", o)
	}
	p.Settled(one, ledger.Sent, monday)
	p.Settled(two, ledger.Deferred, monday.Add(time.Minute))
	if a := p.Openings(monday.Add(2*time.Minute), lanes).Campaign; a.May ||
		!a.NotBefore.Equal(monday.Add(61*time.Minute)) {
		t.Errorf("the hold: %+v", a)
	}
	if o := p.Openings(monday.Add(61*time.Minute), lanes); !o.Campaign.May || o.Fresh != 0 {
		t.Errorf("the last wave has no end: %+v", o)
	}
}

// A run goes on from where earlier runs came to, and counts a deferred delivery that is settled once.
func TestStopLoss(t *testing.T) {
	t.Parallel()
	c := pacing.Config{StopLoss: courtesy.StopLoss{Refused: 0.5, After: 4}, Progress: ledger.Progress{
		Lanes: map[string]map[ledger.State]int64{"gmail": {ledger.Sent: 1, ledger.Refused: 1, ledger.Deferred: 1}}}}
	p := pacing.New(c)
	if b := p.Breach(p.Groups()...); b != nil {
		t.Fatalf("%+v", b)
	}
	d := delivery(1, "gmail Europe/Berlin")
	p.Taken(d, monday)
	if b := p.Settled(d, ledger.Refused, monday); b != nil {
		t.Fatalf("2 of 4 refused is not more than half: %+v", b)
	}
	late := delivery(2, "gmail")
	late.State, late.First = ledger.Deferred, monday
	p.Taken(late, monday)
	b := p.Settled(late, ledger.GaveUp, monday)
	if b == nil || b.Group != "" {
		t.Fatalf("3 of 4: %+v", b)
	}
	if b := p.Settled(late, ledger.Refused, monday); b != nil {
		t.Errorf("an outcome was counted twice: %+v", b)
	}
}

// A group that asked for less is closed for a while, and no other is.
func TestSlower(t *testing.T) {
	t.Parallel()
	p := pacing.New(pacing.Config{})
	d := delivery(1, "gmail")
	p.Taken(d, monday)
	until := p.Slower("gmail", monday, 2*time.Minute)
	if until.Sub(monday) < 2*time.Minute {
		t.Errorf("left alone until %v", until)
	}
	p.Settled(d, ledger.Deferred, monday)
	o := p.Openings(monday.Add(time.Second), []string{"gmail", "rest-3"})
	if a, closed := o.Closed["gmail"]; !closed || !a.NotBefore.Equal(until) || len(o.Closed) != 1 {
		t.Errorf("%+v", o)
	}
	if o := p.Openings(until, []string{"gmail"}); len(o.Closed) != 0 {
		t.Errorf("%+v", o)
	}
}

// What is sent by a forecast counts as what a run settles.
func TestWent(t *testing.T) {
	t.Parallel()
	p := pacing.New(pacing.Config{Waves: courtesy.Waves{Sizes: []int64{10}, Hold: time.Hour}})
	p.Went("gmail", 10, true, monday)
	if a := p.Openings(monday, []string{"gmail"}).Campaign; a.May || !a.NotBefore.Equal(monday.Add(time.Hour)) {
		t.Errorf("%+v", a)
	}
}

// A lane's name is its group, and a zone behind a blank.
func TestLanes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		domain, provider string
		named            []string
		want             string
		single           bool
	}{
		{"gmail.com", "gmail", nil, "gmail", true},
		{"example.com", "gmail", nil, "gmail", true},
		{"gmail.com", "gmail", []string{"gmail.com"}, "gmail.com", true},
		{"example.com", "", []string{"gmail.com"}, "", false},
	} {
		group := pacing.Group(c.domain, c.provider, c.named)
		if c.want != "" && group != c.want || pacing.Single(group) != c.single {
			t.Errorf("%s: %q", c.domain, group)
		}
		for _, zone := range []string{"", "Europe/Berlin"} {
			if lane := pacing.Lane(group, zone); pacing.GroupOf(lane) != group || pacing.ZoneOf(lane) != zone {
				t.Errorf("%q", lane)
			}
		}
	}
}
