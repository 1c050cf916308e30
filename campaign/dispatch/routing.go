package dispatch

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"math"
	"slices"
	"time"

	"mailshot/campaign/pacing"
)

// A group of recipients has its home with one of the servers, by weighted rendezvous hashing of the group's name with
// the servers' names. Each server gets its weight's part of the groups. A server that is added or out moves no group
// but its own. The home depends on nothing else: it is the same in the next run, and a retry after greylisting comes
// from where the first try came from.

// rank orders servers for a group: the first is the group's home, the others take over in turn.
func rank(servers []Server, group string) []int {
	waits := make([]float64, len(servers))
	order := make([]int, len(servers))
	for i, s := range servers {
		h := sha256.Sum256([]byte(s.Name + "\x00" + group))
		u := (float64(binary.BigEndian.Uint64(h[:])>>11) + 0.5) / (1 << 53)
		// Of exponential waits with these rates the first to end is i's with the probability weight / sum of weights.
		waits[i], order[i] = -math.Log(u)/float64(s.Weight), i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(waits[a], waits[b]) })
	return order
}

// home is the server that a lane's deliveries go to at now; nil while all servers are out. r.mu is held.
func (r *Run) home(lane string, now time.Time) *server {
	group := pacing.GroupOf(lane)
	order, known := r.homes[group]
	if !known {
		for _, i := range rank(r.c.Servers, group) {
			order = append(order, r.servers[i])
		}
		r.homes[group] = order
	}
	for _, s := range order {
		if s.in(now) {
			return s
		}
	}
	return nil
}
