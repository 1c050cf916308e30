package ledger

import (
	"fmt"
	"path/filepath"
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

// BenchmarkMessages takes messages through Next, Begin and Settle, with as many callers as connections and their workers make.
func BenchmarkMessages(b *testing.B) {
	for _, callers := range []int{1, 8, 64} {
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
			b.ResetTimer()
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
						if err := r.Begin(b.Context(), d); err != nil {
							b.Error(err)
							return
						}
						if err := r.Settle(b.Context(), d, Result{State: Sent, Stage: "dot", Code: 250, Enhanced: "2.0.0", Text: "queued", Server: "mx.example"}); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
		})
	}
}

// BenchmarkPaced uses an account whose cap is a number in a second as fast as it may, in sixteen goroutines and with replies
// after 10 ms; ratio is what went in a second, of the cap. It is asked for at least two seconds: -benchtime=1500x and the like.
func BenchmarkPaced(b *testing.B) {
	for _, n := range []int64{5, 100, 500} {
		b.Run(fmt.Sprint(n, " in 1s"), func(b *testing.B) {
			a, err := OpenAccounts(filepath.Join(b.TempDir(), "a", "accounts.db"))
			if err != nil {
				b.Fatal(err)
			}
			defer a.Close()
			budget, err := a.Budget(b.Context())
			if err != nil {
				b.Fatal(err)
			}
			defer budget.Close()
			limit := []Limit{{"account", []Cap{{n, time.Second}}}}
			left := make(chan struct{}, b.N)
			for range b.N {
				left <- struct{}{}
			}
			close(left)
			b.ResetTimer()
			var wg sync.WaitGroup
			for range 16 {
				wg.Go(func() {
					for range left {
						for {
							r, key, until, err := budget.Reserve(b.Context(), time.Now(), limit)
							if err != nil {
								b.Error(err)
								return
							}
							if key == "" {
								time.Sleep(10 * time.Millisecond)
								r.Stamp(time.Now())
								break
							}
							time.Sleep(time.Until(until))
						}
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds()/float64(n), "ratio")
		})
	}
}
