package accounts

import (
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// BenchmarkPaced uses an account whose cap is a number in a second as fast as it may, in sixteen goroutines and with
// replies after 10 ms; ratio is what went in a second, of the cap. It is asked for at least two seconds:
// -benchtime=1500x and the like.
func BenchmarkPaced(b *testing.B) {
	for _, n := range []int64{5, 100, 500} {
		b.Run(fmt.Sprint(n, " in 1s"), func(b *testing.B) {
			a, err := Open(filepath.Join(b.TempDir(), "a", "accounts.db"))
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
