package campaign_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mailshot/campaign"
	"mailshot/campaign/dispatch"
	"mailshot/campaign/ledger"
)

// TestEstimateIsWhatARunDoes: what an estimate says of a campaign is what a run that waits then does, to the second, by
// the clock of a bubble: the caps, the waves, the hours and the steps of a new sender are the same there and here.
//
// With the lanes that are out of hours left out of the rules' answer, "hours" was foreseen to end after 14 h, and a run
// took 86. With copies that are no uses, "copies" was foreseen to end after a minute, and a run took four.
//
// With copies under a cap of less than a minute a run is slower than foreseen, because it gathers the uses of a message
// one by one: 12.4 s for 9.4.
func TestEstimateIsWhatARunDoes(t *testing.T) {
	t.Parallel()
	const hours = "schedule: { days: [mon-fri], hours: [09:00-17:00], zone: Europe/Berlin }\n"
	for name, c := range map[string]struct {
		people       string
		limits, more string
	}{
		"nothing in the way": {people(30), "", ""},
		"a window":           {people(50), "  caps: [20/min]\n", ""},
		"two windows":        {people(60), "  caps: [10/min, 25/3h]\n", ""},
		"a pace":             {people(50), "  caps: [5/s]\n", ""},
		"waves":              {people(60), "  waves: [5, 20, rest]\n  hold: 3h\n", ""},
		"waves and caps":     {people(60), "  waves: [5, 30, rest]\n  hold: 90m\n  caps: [10/h]\n", ""},
		"hours":              {people(60), "  caps: [4/h]\n", hours},
		"warm-up": {people(60), "  warmup: [5, 10, 20, 30]\n",
			"schedule: { zone: Europe/Berlin, not_after: 2030-01-01 }\n"},
		"warm-up in waves in hours": {people(60),
			"  warmup: [5, 10, 20, 30]\n  waves: [3, 20, rest]\n  hold: 2h\n  caps: [8/h]\n", hours},
		"zones": {zoned(40), "  caps: [10/h]\n",
			"schedule: { hours: [09:00-17:00], zone: Europe/Berlin, zone_column: zone }\n"},
		"not after": {people(60), "  caps: [4/h]\n",
			"schedule: { days: [mon-fri], hours: [09:00-17:00], zone: Europe/Berlin, not_after: 2000-01-04 12:00 }\n"},
		"three days": {people(2140), "  caps: [20/min, 800/24h]\n", ""},
		"copies":     {people(30), "  caps: [20/min]\n", "cc: [desk@copies.example]\nbcc: [archive@copies.example]\n"},
		"copies that do not fill a window": {people(20), "  caps: [8/min, 30/h]\n",
			"cc: [desk@copies.example]\nbcc: [archive@copies.example]\n"},
		"a domain": {people(30) + "a@gmail.com,A,ta\nb@gmail.com,B,tb\nc@googlemail.com,C,tc\n",
			"  domains: { gmail.com: 1/2h }\n  caps: [30/h]\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { foretold(t, c.people, c.limits, c.more) })
		})
	}
}

// foretold estimates a campaign, runs it, and compares.
func foretold(t *testing.T, list, limits, more string) {
	t.Helper()
	b := startBasin(t)
	f := newFolder(t)
	f.write(t, "campaign.yaml", base+"server: { host: mail.example, tls: none }\nlimits:\n  connections: 4\n"+limits+more)
	f.write(t, "body.txt", "Dear {{.name}}\n")
	f.write(t, "people.csv", list)
	c := f.open(t, campaign.Options{Now: time.Now})
	e, err := c.Estimate(t.Context(), campaign.EstimateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	start, last, sent := time.Now(), time.Time{}, int64(0)
	c = f.open(t, campaign.Options{Now: time.Now, Network: b.network(), Observe: func(e dispatch.Event) {
		if e.Kind == dispatch.Reached(ledger.Sent) {
			last, sent = e.Time, sent+1
		}
	}})
	defer c.Close()
	plan, err := c.Plan(t.Context(), campaign.PlanOptions{})
	if err != nil {
		t.Fatal(err)
	}
	sum, err := c.Run(t.Context(), nil, campaign.RunOptions{Wait: true})
	if err != nil {
		t.Fatal(err)
	}
	identity(t, sum)
	if sent != e.Forecast.Messages || sum.Left != e.Forecast.Left {
		t.Errorf("%d sent, %d left; foreseen %d, %d", sent, sum.Left, e.Forecast.Messages, e.Forecast.Left)
	}
	if d := last.Sub(e.Forecast.End).Abs(); d > time.Second {
		t.Errorf("ended after %v, foreseen %v: %+v", last.Sub(start), e.Forecast.End.Sub(e.Start), e.Forecast.Stretches)
	}
	if !plan.Ends.IsZero() && !plan.Ends.Equal(e.Forecast.End) {
		t.Errorf("the plan says %v, the estimate %v", plan.Ends, e.Forecast.End)
	}
}

// zoned is a list of n people in three zones, and in none.
func zoned(n int) string {
	zones := []string{"", "America/New_York", "Asia/Tokyo", "Europe/London"}
	var b strings.Builder
	b.WriteString("email,name,token,zone\n")
	for i := range n {
		fmt.Fprintf(&b, "p%d@example.com,Person %d,tok%d,%s\n", i, i, i, zones[i%len(zones)])
	}
	return b.String()
}
