package courtesy

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // zones on machines that have none
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	l, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func hours(t testing.TB, days, times string) Hours {
	t.Helper()
	h, err := ParseHours(strings.Fields(days), strings.Fields(times))
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestHoursNext(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, zone, days, hours, now, want string }{
		{"always", "UTC", "", "", "2026-11-22T03:00:00Z", "2026-11-22T03:00:00Z"},
		{"all day, every day", "UTC", "mon-sun", "00:00-24:00", "2026-11-22T03:00:00Z", "2026-11-22T03:00:00Z"},
		{"open", "Europe/Berlin", "mon-fri", "09:00-17:00", "2026-11-23T10:00:00+01:00", "2026-11-23T10:00:00+01:00"},
		{"at the first moment", "Europe/Berlin", "mon-fri", "09:00-17:00", "2026-11-23T09:00:00+01:00",
			"2026-11-23T09:00:00+01:00"},
		{"at the end", "Europe/Berlin", "mon-fri", "09:00-17:00", "2026-11-23T17:00:00+01:00",
			"2026-11-24T09:00:00+01:00"},
		{"a moment before the end", "Europe/Berlin", "mon-fri", "09:00-17:00", "2026-11-23T16:59:59.9+01:00",
			"2026-11-23T16:59:59.9+01:00"},
		{"within a minute", "Europe/Berlin", "", "09:00-17:00", "2026-11-23T08:59:30.5+01:00",
			"2026-11-23T09:00:00+01:00"},
		{"Sunday to Monday", "Europe/Berlin", "mon-fri", "09:00-17:00", "2026-11-22T10:00:00+01:00",
			"2026-11-23T09:00:00+01:00"},
		{"lunch", "Europe/Berlin", "", "09:00-12:00 13:30-17:00", "2026-11-23T12:10:00+01:00",
			"2026-11-23T13:30:00+01:00"},
		{"past midnight, Sunday's night", "Asia/Tokyo", "sun", "22:00-06:00", "2026-11-23T05:59:00+09:00",
			"2026-11-23T05:59:00+09:00"},
		{"past midnight, not Monday's", "Asia/Tokyo", "sun", "22:00-06:00", "2026-11-24T05:00:00+09:00",
			"2026-11-29T22:00:00+09:00"},
		{"days over the week's end", "UTC", "sat-mon", "", "2026-11-24T00:00:00Z", "2026-11-28T00:00:00Z"},
		{"one day a week, just over", "UTC", "mon", "09:00-09:01", "2026-11-23T09:01:00Z", "2026-11-30T09:00:00Z"},

		// Spring: 2:00 to 3:00 is skipped in Berlin on 29 March 2026.
		{"gap: open before it, open after it", "Europe/Berlin", "", "01:00-04:00", "2026-03-29T01:59:59+01:00",
			"2026-03-29T01:59:59+01:00"},
		{"gap: begins in it", "Europe/Berlin", "", "02:30-04:00", "2026-03-29T01:00:00+01:00",
			"2026-03-29T03:00:00+02:00"},
		{"gap: lies in it", "Europe/Berlin", "", "02:10-02:50", "2026-03-29T01:00:00+01:00",
			"2026-03-30T02:10:00+02:00"},
		{"gap: begins after it", "Europe/Berlin", "", "09:00-17:00", "2026-03-28T20:00:00+01:00",
			"2026-03-29T09:00:00+02:00"},
		{"gap: New York", "America/New_York", "sun", "02:30-04:00", "2026-03-07T12:00:00-05:00",
			"2026-03-08T03:00:00-04:00"},
		{"gap: a whole hour at midnight", "Africa/Cairo", "", "00:00-02:00", "2026-04-23T12:00:00+02:00",
			"2026-04-24T01:00:00+03:00"},
		{"gap: half an hour", "Australia/Lord_Howe", "", "02:00-02:45", "2026-10-03T12:00:00+10:30",
			"2026-10-04T02:30:00+11:00"},
		{"gap: a day that is not", "Pacific/Apia", "fri", "", "2011-12-29T12:00:00-10:00", "2012-01-06T00:00:00+14:00"},

		// Autumn: 2:00 to 3:00 comes twice in Berlin on 25 October 2026.
		{"overlap: open in the first", "Europe/Berlin", "", "02:15-02:45", "2026-10-25T02:00:00+02:00",
			"2026-10-25T02:15:00+02:00"},
		{"overlap: and in the second", "Europe/Berlin", "", "02:15-02:45", "2026-10-25T02:50:00+02:00",
			"2026-10-25T02:15:00+01:00"},
		{"overlap: open again when the clock goes back", "Europe/Berlin", "", "01:00-02:30",
			"2026-10-25T02:40:00+02:00", "2026-10-25T02:00:00+01:00"},
		{"overlap: begins after it", "Europe/Berlin", "", "09:00-17:00", "2026-10-24T20:00:00+02:00",
			"2026-10-25T09:00:00+01:00"},
		{"overlap: New York", "America/New_York", "", "01:30-02:00", "2026-11-01T01:59:59-04:00",
			"2026-11-01T01:59:59-04:00"},
		{"overlap: New York, between", "America/New_York", "", "01:30-02:00", "2026-11-01T01:00:00-05:00",
			"2026-11-01T01:30:00-05:00"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			now, err := time.Parse(time.RFC3339Nano, c.now)
			if err != nil {
				t.Fatal(err)
			}
			want, err := time.Parse(time.RFC3339Nano, c.want)
			if err != nil {
				t.Fatal(err)
			}
			if got := hours(t, c.days, c.hours).Next(now, zone(t, c.zone)); !got.Equal(want) {
				t.Errorf("%v, want %v", got.In(zone(t, c.zone)), want.In(zone(t, c.zone)))
			}
		})
	}
}

// The next opening is the first minute at which a clock on the wall shows an open hour; the test
// looks at each minute.
func TestHoursNextIsTheFirstOpenMinute(t *testing.T) {
	t.Parallel()
	zones := []string{"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca",
		"America/Sao_Paulo", "Asia/Kolkata", "Asia/Tehran", "America/St_Johns", "UTC"}
	// Around changes of the clock in the north and the south, and at any other time.
	about := []string{"2026-03-07", "2026-03-28", "2026-04-04", "2026-10-03", "2026-10-24", "2026-10-31", "2026-02-14",
		"2026-03-21", "2026-07-01"}
	for seed := range uint64(120) {
		rnd := rand.New(rand.NewPCG(seed, 3))
		place := zone(t, zones[rnd.IntN(len(zones))])
		clock := func() string {
			m := 5 * rnd.IntN(day/5)
			return time.Date(2026, 1, 1, 0, m, 0, 0, time.UTC).Format("15:04")
		}
		var days, spans []string
		for range rnd.IntN(3) {
			days = append(days, dayNames[rnd.IntN(7)])
		}
		open := map[int]bool{} // minutes of the week, by another way than ParseHours goes
		for range 1 + rnd.IntN(2) {
			if s := clock() + "-" + clock(); s[:5] != s[6:] {
				spans = append(spans, s)
			}
		}
		h, err := ParseHours(days, spans)
		if err != nil {
			t.Fatal(err)
		}
		for d := range 7 {
			if len(days) > 0 && !strings.Contains(strings.Join(days, " "), dayNames[d]) {
				continue
			}
			if len(spans) == 0 {
				for m := range day {
					open[d*day+m] = true
				}
			}
			for _, s := range spans {
				from, _ := time.Parse("15:04", s[:5])
				for m := from.Hour()*60 + from.Minute(); ; m++ {
					if time.Date(2026, 1, 1, 0, m, 0, 0, time.UTC).Format("15:04") == s[6:] {
						break
					}
					open[(d*day+m)%week] = true
				}
			}
		}
		start, _ := time.ParseInLocation(time.DateOnly, about[rnd.IntN(len(about))], place)
		now := start.Add(time.Duration(rnd.IntN(48*60)) * time.Minute)
		want := now
		for ; ; want = want.Add(time.Minute) {
			l := want.In(place)
			if open[(int(l.Weekday())+6)%7*day+l.Hour()*60+l.Minute()] {
				break
			}
		}
		if got := h.Next(now, place); !got.Equal(want) {
			t.Errorf("seed %d: %v, days %v, hours %v: from %v the next is %v, want %v", seed, place, days, spans,
				now.In(place), got.In(place), want.In(place))
		}
	}
}

func TestParseHoursRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range [][2]string{{"someday", ""}, {"mon-", ""}, {"-fri", ""}, {"mon–fri", ""}, {"", "9"},
		{"", "09:00"}, {"", "09:00-"}, {"", "09:00-09:00"},
		{"", "24:00-06:00"}, {"", "09:60-10:00"}, {"", "25:00-26:00"}, {"", "9:0-10:00"}, {"", "24:01-25:00"},
		{"", "-1:00-02:00"}, {"", "٠٩:00-10:00"}, {"", "+9:00-10:00"}} {
		if h, err := ParseHours(strings.Fields(c[0]), strings.Fields(c[1])); err == nil {
			t.Errorf("%q %q: %v", c[0], c[1], h)
		}
	}
	if h := hours(t, "Monday TUE wed-Fri", "9:00-17:00"); len(h.spans) != 5 {
		t.Errorf("%v", h)
	}
}
