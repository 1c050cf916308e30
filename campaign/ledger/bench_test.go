package ledger

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"
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
