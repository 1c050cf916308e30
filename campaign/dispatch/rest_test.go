package dispatch

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestRest: news is for the lookout, else for whoever fell asleep last; who missed news does not rest.
func TestRest(t *testing.T) {
	t.Parallel()
	var w rest
	bells := make([]chan struct{}, 4)
	for i := range bells {
		bells[i] = make(chan struct{}, 1)
		lookout, rests := w.lie(bells[i], 0, i > 0)
		if !rests || lookout != (i == 1) {
			t.Fatalf("worker %d: lookout %v, rests %v", i, lookout, rests)
		}
	}
	rung := func() string {
		said := ""
		for i, bell := range bells {
			select {
			case <-bell:
				said += fmt.Sprint(i)
			default:
			}
		}
		return said
	}
	w.one()
	if got := rung(); got != "1" {
		t.Errorf("news rang %q, want the lookout", got)
	}
	if _, rests := w.lie(bells[1], 0, true); rests {
		t.Error("a worker that missed news rests")
	}
	w.rise(bells[1])
	w.one()
	w.one()
	if got := rung(); got != "23" {
		t.Errorf("news rang %q, want the last that fell asleep", got)
	}
	w.all()
	if got := rung(); got != "0" {
		t.Errorf("all rang %q", got)
	}
	if bells[2] <- struct{}{}; len(w.asleep) != 0 {
		t.Error("somebody is asleep that was woken")
	}
	if lookout, rests := w.lie(bells[2], w.news, true); !lookout || !rests || rung() != "" {
		t.Error("an old ring wakes a worker that has just lain down")
	}
}

// TestRestLosesNothing: however news and workers meet, somebody comes for each delivery, at once and not one after the
// other. Broken on purpose: with workers that lie down although there was news, with nobody woken by one who found a
// delivery, and with news for the lookout alone, nobody came.
func TestRestLosesNothing(t *testing.T) {
	t.Parallel()
	for seed := range uint64(300) {
		synctest.Test(t, func(t *testing.T) { // in a bubble no time passes
			rnd := rand.New(rand.NewPCG(seed, 1))
			crew := 1 + rnd.IntN(4)
			r := &Run{}
			left, over := 0, false
			var gone chan struct{} // closed when all that came together was taken
			nap := func(most int) {
				r.mu.Lock()
				d := time.Duration(rnd.IntN(most+1)) * time.Microsecond
				r.mu.Unlock()
				time.Sleep(d)
			}
			work := func() {
				bell := make(chan struct{}, 1)
				for {
					news := r.heard()
					nap(2)
					r.mu.Lock()
					found, end, all := left > 0, over, gone
					if found {
						if left--; left == 0 {
							close(gone)
						}
					}
					r.mu.Unlock()
					switch {
					case found:
						r.mu.Lock()
						r.rest.one()
						r.mu.Unlock()
						<-all // it is busy until the others are
						continue
					case end:
						return
					}
					nap(2)
					r.mu.Lock()
					_, rests := r.rest.lie(bell, news, rnd.IntN(3) > 0)
					r.mu.Unlock()
					if rests {
						<-bell
					}
					r.mu.Lock()
					r.rest.rise(bell)
					r.mu.Unlock()
				}
			}
			var workers sync.WaitGroup
			for range crew {
				workers.Go(work)
			}
			for range 30 {
				nap(6)
				r.mu.Lock()
				left, gone = 1+rnd.IntN(crew), make(chan struct{})
				all := gone
				r.rest.one()
				r.mu.Unlock()
				select {
				case <-all:
				case <-time.After(time.Second):
					r.mu.Lock()
					t.Errorf("seed %d, a crew of %d: nobody came for %d", seed, crew, left)
					left = 0
					close(gone)
					r.mu.Unlock()
				}
			}
			r.mu.Lock()
			over = true
			r.rest.all()
			r.mu.Unlock()
			workers.Wait()
		})
	}
}

// TestStock: as many as the server has connections are made whatever their size; ahead of them as many as fit, where
// those that are not made yet are taken to be as large as the last.
func TestStock(t *testing.T) {
	t.Parallel()
	m := stock{most: 1000, free: 2}
	if m.full(5) {
		t.Error("full before anything was made")
	}
	m.keep(600)
	for inHand, full := range map[int]bool{1: false, 2: true, 3: true} {
		if m.full(inHand) != full {
			t.Errorf("with 600 bytes made and %d in hand: full %v", inHand, !full)
		}
	}
	m.drop(600)
	m.keep(100)
	for inHand, full := range map[int]bool{2: false, 9: false, 10: true} {
		if m.full(inHand) != full {
			t.Errorf("with 100 bytes made and %d in hand: full %v", inHand, !full)
		}
	}
}
