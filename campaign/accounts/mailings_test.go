package accounts

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// remembered are the contents that a has, by the mailing's id.
func remembered(t *testing.T, a *Accounts, now time.Time) map[string][]uint64 {
	t.Helper()
	all := map[string][]uint64{}
	err := a.Copies(t.Context(), now, func(c *Copies) {
		c.Each(func(content uint64) { all[c.Mailing.ID] = append(all[c.Mailing.ID], content) })
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// What was sent is remembered for its days, of two mailings at once, over blocks and days; what came to nothing is
// dropped, and once alone. Proven by dropping all copies that are alike, by not beginning a block with a day, and by
// not looking at until.
func TestCopies(t *testing.T) {
	t.Parallel()
	a, err := Open(filepath.Join(t.TempDir(), "mailshot", "accounts.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	now := time.Date(2026, 11, 3, 23, 0, 0, 0, time.UTC)
	open := func(run string, keep int, now time.Time) *Memory {
		m, err := a.Remember(t.Context(), Mailing{Run: run, ID: "id-" + run}, keep, now)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	update := func(m *Memory, now time.Time, drop []Copy, contents ...uint64) {
		var add []Copy
		for _, c := range contents {
			add = append(add, Copy{Person: 1, Content: c})
		}
		if err := m.Update(add, drop, now); err != nil {
			t.Fatal(err)
		}
	}
	one, two := open("one", 10, now), open("two", 400, now)
	var many []uint64
	for i := range uint64(3*blockCopies + 7) {
		many = append(many, 1000+i)
	}
	update(one, now, nil, many[:5]...)
	update(two, now, nil, 7, 7, 8)
	update(one, now, nil, many[5:]...)
	update(two, now, []Copy{{1, 7}, {1, 9}})
	update(one, now, []Copy{{1, many[2]}})
	many = slices.Delete(many, 2, 3)
	if got := remembered(t, a, now); !slices.Equal(got["id-one"], many) || !slices.Equal(got["id-two"], []uint64{7, 8}) {
		t.Errorf("%d of one, two %v", len(got["id-one"]), got["id-two"])
	}
	tomorrow := now.Add(2 * time.Hour)
	update(two, tomorrow, nil, 9)
	var days []string
	if err := a.Copies(t.Context(), now, func(c *Copies) {
		if c.Mailing.Run == "two" {
			days = append(days, c.Day.Format(time.DateOnly))
		}
	}); err != nil || !slices.Equal(days, []string{"2026-11-03", "2026-11-04"}) {
		t.Errorf("%v, %v", days, err)
	}
	// After ten days one is past, and the next run of any campaign erases it.
	later := now.AddDate(0, 0, 11)
	if got := remembered(t, a, later); len(got) != 1 || len(got["id-two"]) != 3 {
		t.Errorf("after 11 days: %v", got)
	}
	open("three", 1, later)
	if got := remembered(t, a, now); len(got) != 1 {
		t.Errorf("not erased: %v", got)
	}
	list, err := a.Mailings(t.Context())
	if err != nil || len(list) != 2 || list[0].Run != "two" {
		t.Errorf("%v, %v", list, err)
	}
	update(two, later, []Copy{{1, 9}, {1, 8}, {1, 7}})
	if got := remembered(t, a, later); len(got) != 0 {
		t.Errorf("all dropped: %v", got)
	}
}

// forget takes a person out of what is remembered, also of a run that goes on, and no one else. Proven by a run that
// writes its block as it knew it: the person was there again.
func TestForgetCopies(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "mailshot", "accounts.db")
	a, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	person, err := a.Person(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ann, bob := person("ann@example.com"), person("bob@example.com")
	now := time.Now()
	m, err := a.Remember(t.Context(), Mailing{Run: "r", ID: "news"}, 400, now)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Update([]Copy{{ann, 1}, {bob, 2}, {ann, 3}}, nil, now); err != nil {
		t.Fatal(err)
	}
	if err := a.Forget(t.Context(), "ann@example.com"); err != nil {
		t.Fatal(err)
	}
	if err := m.Update([]Copy{{bob, 4}}, nil, now); err != nil {
		t.Fatal(err)
	}
	if got := remembered(t, a, now); !slices.Equal(got["news"], []uint64{2, 4}) {
		t.Errorf("%v", got)
	}
	if err := a.Forget(t.Context(), "bob@example.com"); err != nil {
		t.Fatal(err)
	}
	if got := remembered(t, a, now); len(got) != 0 {
		t.Errorf("%v", got)
	}
}

// A million copies take 64 MB at most.
func TestCopiesAreSmall(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "mailshot", "accounts.db")
	a, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	m, err := a.Remember(t.Context(), Mailing{Run: "r", ID: "news"}, 400, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	const n = 100_000
	copies := make([]Copy, 100)
	for range n / len(copies) {
		if err := m.Update(copies, nil, time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Size() > 18*n+200_000 {
		t.Errorf("%d bytes for %d, %v", info.Size(), n, err)
	}
}

// A block that was emptied, or whose write failed, leaves its number free, and another mailing may take it. Copies
// are not put into that one's block. Proven by reading a block by its number alone: both copies were of two.
func TestBlockOfAnotherMailing(t *testing.T) {
	t.Parallel()
	a, err := Open(filepath.Join(t.TempDir(), "mailshot", "accounts.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	now := time.Date(2026, 11, 3, 10, 0, 0, 0, time.UTC)
	of := map[string]*Memory{}
	for _, run := range []string{"one", "two"} {
		if of[run], err = a.Remember(t.Context(), Mailing{Run: run, ID: run}, 10, now); err != nil {
			t.Fatal(err)
		}
	}
	for _, step := range []struct {
		run       string
		add, drop []Copy
	}{{"one", []Copy{{1, 1}}, nil}, {"one", nil, []Copy{{1, 1}}}, {"two", []Copy{{1, 2}}, nil}, {"one", []Copy{{1, 3}},
		nil}} {
		if err := of[step.run].Update(step.add, step.drop, now); err != nil {
			t.Fatal(err)
		}
	}
	if got := remembered(t, a, now); !slices.Equal(got["one"], []uint64{3}) || !slices.Equal(got["two"], []uint64{2}) {
		t.Error(got)
	}
}
