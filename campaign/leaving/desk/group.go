package desk

import (
	"sync"

	"mailshot/campaign/accounts"
)

// mostAtOnce is how many POSTs one transaction serves at most.
const mostAtOnce = 1000

// group commits for many callers at once. If nobody is committing, a caller takes the lead: it takes all waiting jobs,
// commits them in one transaction, and hands the lead to the first caller that came meanwhile. So no goroutine is
// needed.
type group struct {
	write func([]*accounts.Change) error

	mu      sync.Mutex
	leading bool
	waiting []*job
}

// job has the changes of one caller. It has none if the caller only has to wait as long as others do.
type job struct {
	changes []*accounts.Change
	err     error
	wake    chan bool // true: take the lead; false: done
}

// commit makes the changes of j, and returns when they are on the disk.
func (g *group) commit(j *job) error {
	j.wake = make(chan bool, 1)
	g.mu.Lock()
	g.waiting = append(g.waiting, j)
	if g.leading {
		g.mu.Unlock()
		if lead := <-j.wake; !lead {
			return j.err
		}
		g.mu.Lock()
	}
	g.leading = true
	jobs := g.waiting[:min(len(g.waiting), mostAtOnce)]
	g.waiting = append([]*job(nil), g.waiting[len(jobs):]...)
	g.mu.Unlock()

	var all []*accounts.Change
	for _, one := range jobs {
		all = append(all, one.changes...)
	}
	err := g.write(all)
	for _, one := range jobs {
		if one.err = err; one != j {
			one.wake <- false
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.leading = len(g.waiting) > 0; g.leading {
		g.waiting[0].wake <- true
	}
	return err
}
