package campaign_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"mailshot/campaign"
	"mailshot/campaign/accounts"
	"mailshot/campaign/check"
)

// BenchmarkGuard plans b.N rows of a short text with a name in it: without asking who got the message before, where
// nothing is remembered, where b.N messages of another campaign are, and where those are the very messages. It also
// says how many bytes accounts.db has for each.
func BenchmarkGuard(b *testing.B) {
	for _, what := range []string{"off", "empty", "others", "same"} {
		b.Run(what, func(b *testing.B) {
			f := newFolder(b)
			f.write(b, "campaign.yaml", strings.Replace(base, "id: test", "id: again", 1))
			f.write(b, "body.txt", "Dear {{.name}},\n\nour prices change on 1 December.\n")
			var list strings.Builder
			list.WriteString("email,name\n")
			for i := range b.N {
				fmt.Fprintf(&list, "person%d@example%d.com,Name %d\n", i, i%977, i)
			}
			f.write(b, "people.csv", list.String())
			a, err := accounts.Open(f.accounts)
			if err != nil {
				b.Fatal(err)
			}
			var copies []accounts.Copy
			switch what {
			case "others":
				for range b.N {
					copies = append(copies, accounts.Copy{Person: rand.Uint64(), Content: rand.Uint64()})
				}
			case "same":
				key, err := a.ContentKey(b.Context())
				if err != nil {
					b.Fatal(err)
				}
				c := f.open(b, campaign.Options{})
				for m, err := range c.Messages(b.Context(), campaign.Chosen{}) {
					if err != nil {
						b.Fatal(err)
					}
					copies = append(copies, accounts.Copy{Content: m.Message.Content(key, m.Row.Address.Key())})
				}
				c.Close()
			}
			if len(copies) > 0 {
				m, err := a.Remember(b.Context(), accounts.Mailing{Run: "other", ID: "other"}, 400, time.Now())
				if err == nil {
					err = m.Update(copies, nil, time.Now())
				}
				if err != nil {
					b.Fatal(err)
				}
			}
			if err := a.Close(); err != nil {
				b.Fatal(err)
			}
			info, err := os.Stat(f.accounts)
			if err != nil {
				b.Fatal(err)
			}
			o := campaign.Options{}
			if what == "off" {
				o.Sink = &campaign.SinkTarget{}
			}
			b.ResetTimer()
			c := f.open(b, o)
			defer c.Close()
			r, err := c.Check(b.Context())
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rows/s")
			b.ReportMetric(float64(info.Size())/float64(b.N), "bytes/row")
			if same := r.Errors() > 0; same != (what == "same") || len(r.Findings) > 0 &&
				r.Findings[0].Severity == check.Warning {
				b.Fatal(r.Findings)
			}
		})
	}
}
