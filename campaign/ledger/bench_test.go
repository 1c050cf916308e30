package ledger

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"mailshot/campaign/ledger/internal/schema"
	"mailshot/internal/sqlite"
)

// BenchmarkDraft plans rows of a common size; rows/s is the figure in docs/figures.md.
func BenchmarkDraft(b *testing.B) {
	l := open1(b)
	d, err := l.Draft(b.Context(), Campaign{ID: "bench"})
	if err != nil {
		b.Fatal(err)
	}
	fields := make([]byte, 120)
	chunk := make([]Row, 0, 1000)
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		n++
		r := row(n)
		r.Fields = fields
		if chunk = append(chunk, r); len(chunk) == cap(chunk) {
			if _, err := d.Add(b.Context(), chunk); err != nil {
				b.Fatal(err)
			}
			chunk = chunk[:0]
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "rows/s")
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	b.ReportMetric(float64(m.HeapSys)/1e6, "heapMB")
}

// BenchmarkMessages takes messages through Next, Begin, Start and Settle, with as many callers as connections and their
// workers make. The CPU that a message takes is the sturdiest figure.
func BenchmarkMessages(b *testing.B) {
	for _, callers := range []int{1, 10, 50} {
		b.Run(fmt.Sprint(callers), func(b *testing.B) {
			l := open1(b)
			d, err := l.Draft(b.Context(), Campaign{ID: "bench"})
			if err != nil {
				b.Fatal(err)
			}
			for at := 0; at < b.N; at += 1000 {
				var chunk []Row
				for i := range min(1000, b.N-at) {
					chunk = append(chunk, row(at+i))
				}
				if _, err := d.Add(b.Context(), chunk); err != nil {
					b.Fatal(err)
				}
			}
			if err := d.Freeze(b.Context(), Campaign{ID: "bench"}); err != nil {
				b.Fatal(err)
			}
			lock(b, l, "bench")
			r := run(b, l, "bench", RunOptions{})
			b.ReportAllocs()
			b.ResetTimer()
			before := cpuTime(b)
			var wg sync.WaitGroup
			for range callers {
				wg.Go(func() {
					for {
						d, err := r.Next(b.Context(), nil, time.Now())
						if d == nil || err != nil {
							if err != nil {
								b.Error(err)
							}
							return
						}
						if err := errors.Join(r.Begin(b.Context(), d), r.Start(b.Context(), d)); err != nil {
							b.Error(err)
							return
						}
						if err := r.Settle(b.Context(), d,
							Result{State: Sent, Stage: "dot", Code: 250, Enhanced: "2.0.0", Text: "queued",
								Server: "mx.example"}); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
			b.ReportMetric(float64((cpuTime(b)-before).Microseconds())/float64(b.N), "cpu-µs/message")
		})
	}
}

// BenchmarkResume looks at a campaign of a million rows, half of them sent, as a send that goes on does, and as status
// does.
func BenchmarkResume(b *testing.B) {
	const rows = 1_000_000
	l := open1(b)
	d, err := l.Draft(b.Context(), Campaign{ID: "bench"})
	if err != nil {
		b.Fatal(err)
	}
	for at := 0; at < rows; at += 2000 {
		var chunk []Row
		for i := range 2000 {
			chunk = append(chunk, row(at+i))
		}
		if _, err := d.Add(b.Context(), chunk); err != nil {
			b.Fatal(err)
		}
	}
	if err := d.Freeze(b.Context(), Campaign{ID: "bench"}); err != nil {
		b.Fatal(err)
	}
	err = l.db.Write(func(t *sqlite.Tx) error {
		for _, step := range []string{
			schema.InsertAttempt + "SELECT id, 1, 4, 'dot', 250, '', 'ok', 'mx' FROM deliveries WHERE id & 1 = 0",
			"UPDATE deliveries SET state = 4, attempts = 1, first = 1, turn = 1 WHERE id & 1 = 0",
			"DELETE FROM counts", schema.CountAll,
		} {
			if _, err := t.Once(step); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	lock(b, l, "bench")
	var spent [4]time.Duration
	n := 0
	for b.Loop() {
		n++
		at := time.Now()
		lap := func(i int) {
			spent[i] += time.Since(at)
			at = time.Now()
		}
		if _, _, err := l.Counts(b.Context(), "bench"); err != nil {
			b.Fatal(err)
		}
		lap(0)
		if err := l.Verify(b.Context(), "bench"); err != nil {
			b.Fatal(err)
		}
		lap(1)
		left := int64(0)
		for part, err := range l.Left(b.Context(), "bench", false) {
			if err != nil {
				b.Fatal(err)
			}
			left += part.N
		}
		if left != rows/2 {
			b.Fatal(left)
		}
		lap(2)
		r, err := l.Run(b.Context(), "bench", RunOptions{})
		if err != nil {
			b.Fatal(err)
		}
		r.PutBack(next(b, r, t0))
		lap(3)
		if err := r.Close(); err != nil {
			b.Fatal(err)
		}
	}
	for i, name := range []string{"counts", "verify", "left", "run"} {
		b.ReportMetric(float64(spent[i].Milliseconds())/float64(n), name+"-ms")
	}
}
