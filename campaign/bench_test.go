package campaign_test

import (
	"strings"
	"testing"

	"mailshot/campaign"
	"mailshot/internal/sink"
)

// BenchmarkSend is a whole campaign: list, plan, ledger, 8 connections to a sink in this process.
func BenchmarkSend(b *testing.B) {
	s, _ := startSink(b, sink.Options{})
	f := newFolder(b)
	f.write(b, "campaign.yaml", strings.Replace(base, "text: body.txt", "markdown: body.txt", 1)+
		strings.Replace(server(s, ""), "connections: 4", "connections: 8", 1))
	f.write(b, "body.txt",
		"# Hello {{.name}}\n\nyour token is **{{.token}}**, [see](https://example.com/{{.token}}).\n\n* one\n* two\n")
	f.write(b, "people.csv", people(b.N))
	c := f.open(b, campaign.Options{})
	defer c.Close()
	b.ResetTimer()
	if _, err := c.Plan(b.Context(), campaign.PlanOptions{}); err != nil {
		b.Fatal(err)
	}
	planned := b.Elapsed()
	if _, err := c.Run(b.Context(), nil, campaign.RunOptions{}); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(b.N)/planned.Seconds(), "planned/s")
	b.ReportMetric(float64(b.N)/(b.Elapsed()-planned).Seconds(), "sent/s")
}
