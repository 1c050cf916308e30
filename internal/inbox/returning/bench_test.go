package returning_test

import (
	"context"
	"flag"
	"path/filepath"
	"testing"
	"time"

	"mailshot/campaign/accounts"
	"mailshot/internal/inbox"
	"mailshot/internal/inbox/files"
	"mailshot/internal/inbox/returning"
)

var (
	benchRows    = flag.Int("returning.rows", 1000, "rows of BenchmarkCollect's campaign")
	benchReports = flag.Int("returning.reports", 1000, "reports of BenchmarkCollect, about different rows")
)

// BenchmarkCollect reads a Maildir of reports about a campaign that was sent, as collect does, and reads it once more
// when nothing is new.
func BenchmarkCollect(b *testing.B) {
	for name, one := range map[string]func(int) report{
		"gone": gone, "full": full, "delivered": came,
		"mixed": func(i int) report { return []func(int) report{gone, full, came}[i%3](i) },
	} {
		b.Run(name, func(b *testing.B) {
			var again time.Duration
			for b.Loop() {
				b.StopTimer()
				var all []report
				for i := range *benchReports {
					r := one(i)
					r.person = i * max(1, *benchRows / *benchReports)
					all = append(all, r)
				}
				dir := mailed(b, *benchRows, all)
				b.StartTimer()
				pass(b, dir, len(all))
				b.StopTimer()
				began := time.Now()
				pass(b, dir, 0)
				again += time.Since(began)
				b.StartTimer()
			}
			b.ReportMetric(float64(*benchReports*b.N)/b.Elapsed().Seconds(), "reports/s")
			b.ReportMetric(float64(again.Milliseconds())/float64(b.N), "ms-again")
		})
	}
}

// pass collects once.
func pass(b *testing.B, dir string, want int) {
	b.Helper()
	a, err := accounts.Open(filepath.Join(dir, "user", "accounts.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer a.Close()
	sum, err := returning.Run(b.Context(), returning.Config{Accounts: a,
		Ledgers: func(context.Context) ([]string, error) { return []string{state(dir)}, nil },
		Sources: []returning.Source{{Name: "maildir", Soft: 5, Open: func(context.Context) (inbox.Box, error) {
			return files.Maildir(filepath.Join(dir, "box"), "")
		}}}})
	if err != nil || len(sum.Failed)+len(sum.Unread) > 0 || sum.Messages != int64(want) {
		b.Fatalf("%+v, %v", sum, err)
	}
}
