package returning_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
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

// drip is a mailbox to which a message comes each time somebody waits for one. It ends when all have come.
type drip struct {
	texts []string
	there int
	end   context.CancelFunc
}

func (d *drip) Name() string { return "drip" }
func (d *drip) Close() error { return nil }

func (d *drip) Each(_ context.Context, skip func(string) bool, do func(inbox.Message) error) error {
	for i, text := range d.texts[:d.there] {
		id := fmt.Sprint(i)
		if skip(id) {
			continue
		}
		if err := do(inbox.Message{ID: id, Size: -1, Open: func(context.Context) (io.ReadCloser, error) {
			return io.NopCloser(strings.NewReader(text)), nil
		}}); err != nil {
			return err
		}
	}
	return nil
}

func (d *drip) Wait(ctx context.Context) error {
	if d.there++; d.there > len(d.texts) {
		d.end()
		return ctx.Err()
	}
	return nil
}

// BenchmarkWatch has reports come one by one, as collect --watch reads them. Each is a pass of its own.
func BenchmarkWatch(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		var all []report
		for i := range *benchReports {
			all = append(all, gone(i*max(1, *benchRows / *benchReports)))
		}
		dir := mailed(b, *benchRows, all)
		box := &drip{}
		names, err := filepath.Glob(filepath.Join(dir, "box", "new", "*"))
		if err != nil {
			b.Fatal(err)
		}
		for _, name := range names {
			text, err := os.ReadFile(name)
			if err != nil {
				b.Fatal(err)
			}
			box.texts = append(box.texts, string(text))
		}
		a, err := accounts.Open(filepath.Join(dir, "user", "accounts.db"))
		if err != nil {
			b.Fatal(err)
		}
		ctx, end := context.WithCancel(b.Context())
		box.end = end
		b.StartTimer()
		sum, err := returning.Run(ctx, returning.Config{Accounts: a, Watch: true,
			Ledgers: func(context.Context) ([]string, error) { return []string{state(dir)}, nil },
			Sources: []returning.Source{{Name: "drip", Open: func(context.Context) (inbox.Box, error) { return box, nil }}}})
		b.StopTimer()
		if err = errors.Join(err, a.Close()); err != nil || sum.Messages != int64(len(all)) {
			b.Fatalf("%+v, %v", sum, err)
		}
		b.StartTimer()
	}
	b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(*benchReports*b.N), "ms/report")
}
