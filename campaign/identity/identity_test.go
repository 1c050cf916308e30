package identity

import (
	"testing"

	"mailshot/campaign/definition"
)

// Which campaign is meant, by what has begun; the day is the 21st.
func TestFamily(t *testing.T) {
	t.Parallel()
	of := func(day string, left, unknown int64) Member {
		return Member{ID: "news-2026-11-" + day, Day: "2026-11-" + day, Left: left, Unknown: unknown}
	}
	gone := of("20", 0, 0)
	gone.Gone = true
	for name, tt := range map[string]struct {
		begun         []Member
		planned, new  bool
		next, last    string // the days
		refused, open bool   // refused; and something is left to be sent
	}{
		"nothing":          {nil, false, false, "21", "21", false, false},
		"finished":         {[]Member{of("20", 0, 0)}, false, false, "21", "20", false, false},
		"finished today":   {[]Member{of("21", 0, 0)}, true, false, "21", "21", false, false},
		"today's planned":  {[]Member{of("20", 0, 0)}, true, false, "21", "21", false, false},
		"left":             {[]Member{of("20", 3, 1)}, true, false, "20", "20", false, false},
		"left, new":        {[]Member{of("20", 3, 1)}, false, true, "21", "20", false, false},
		"two left":         {[]Member{of("20", 3, 0), of("19", 1, 0)}, false, false, "20", "20", false, false},
		"unknown":          {[]Member{of("20", 0, 1)}, false, false, "20", "20", true, false},
		"unknown, new":     {[]Member{of("20", 0, 1)}, false, true, "21", "20", false, false},
		"unknown today":    {[]Member{of("21", 0, 1)}, true, false, "21", "21", false, false},
		"passed over":      {[]Member{of("20", 0, 0), of("19", 2, 0)}, false, false, "21", "20", true, true},
		"unknown and left": {[]Member{of("20", 0, 1), of("19", 2, 0)}, false, false, "20", "20", true, true},
		"today and left":   {[]Member{of("21", 0, 0), of("19", 2, 0)}, true, false, "21", "21", false, false},
		"a later day":      {[]Member{of("22", 0, 0)}, false, false, "22", "22", false, false},
		"gone":             {[]Member{gone}, false, false, "20", "21", false, false},
		"gone, new":        {[]Member{gone}, false, true, "21", "21", false, false},
		"gone and left":    {[]Member{gone, of("19", 2, 0)}, false, false, "20", "19", false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &Family{Template: "news-{{date}}", Today: "news-2026-11-21", Begun: tt.begun, today: "2026-11-21",
				planned: tt.planned, new: tt.new, def: &definition.Definition{ID: "news-{{date}}"}}
			if got := f.Next(); got != "news-2026-11-"+tt.next {
				t.Errorf("next %s, want %s", got, tt.next)
			}
			if got := f.Last(); got != "news-2026-11-"+tt.last {
				t.Errorf("last %s, want %s", got, tt.last)
			}
			e := f.Refused()
			if (e != nil) != tt.refused || e != nil && e.Unknown() == tt.open {
				t.Errorf("refused: %v", e)
			}
		})
	}
}

// A file whose id has no date means one campaign, and nothing is looked for.
func TestOneCampaign(t *testing.T) {
	t.Parallel()
	f, err := Find(t.Context(), Config{Definition: &definition.Definition{ID: "news"}, State: t.TempDir()})
	if err != nil || f.Next() != "news" || f.Last() != "news" || f.Refused() != nil || f.Notes("news") != nil {
		t.Errorf("%+v, %v", f, err)
	}
	if err := f.Alone(t.Context(), nil, "news"); err != nil {
		t.Error(err)
	}
}
