package faults

import (
	"slices"
	"testing"

	"mailshot/campaign/ledger"
)

// A campaign with a message for each five rows, which go to two others as well, is killed at the same moments and
// resumed until done. Nobody is lost and nobody gets two, nor do those who get copies. Each message has exactly the
// rows of its group, in the order of the list, though the list is read anew or resumed from its frozen rows; nobody
// gets the copy of another's message; and the further rows of the groups are grouped after each kill.
//
// Seen to fail: with what a run finds begun made pending again in recovery ("5 unexpected" after a kill), and with no
// row of a frozen group read but the first (every message was held).
func TestKillsOfGroups(t *testing.T) {
	groups, kills := 200, 10
	if *long {
		groups, kills = 4_000, 200
	}
	const each = 5
	for _, p := range paths {
		t.Run(p.name, func(t *testing.T) {
			t.Logf("-faults.seed %d", *seed)
			c := Campaign{Addresses: People(groups), Connections: 8, Group: each, Copies: true}
			s := newSeriesOf(t, p, c, *seed, draw)
			s.planToo, s.chunking = true, false // a message with copies goes by DATA
			v := s.run(groups, kills)
			if v.Rows != int64(groups*each) || v.Counts[ledger.Grouped] != int64(groups*(each-1)) {
				t.Errorf("%d rows in %d groups: %s", groups*each, groups, v)
			}
			s.copies(c)
		})
	}
}

// copies checks that each message at the server has its own rows, and that its copies are those of nobody else.
func (s *series) copies(c Campaign) {
	s.t.Helper()
	records, err := s.Records()
	if err != nil {
		s.t.Fatal(err)
	}
	n, got, subjects := 0, map[string]bool{}, c.Subjects()
	for _, r := range records {
		if want := subjects[r.To[0]]; r.Subject != want {
			s.t.Errorf("%s got %q, want %q", r.To[0], r.Subject, want)
		}
		if r.Size < int64(s.body) {
			s.t.Errorf("%v got a message of %d bytes", r.To, r.Size)
		}
		for _, to := range r.To[1:] {
			n++
			if !slices.Contains(c.Copied(r.To[0]), to) || got[to+" of "+r.To[0]] {
				s.t.Errorf("%s got a copy of the message to %s", to, r.To[0])
			}
			got[to+" of "+r.To[0]] = true
		}
	}
	s.t.Logf("%d messages, %d copies", len(records), n)
}
