package campaign_test

import (
	"fmt"
	"strings"
	"testing"

	"mailshot/campaign"
)

// BenchmarkCheck is a check of b.N letters with nine links, a table and ten columns. How much of it the rules take, its
// profile says: see docs/performance.md.
func BenchmarkCheck(b *testing.B) {
	f := newFolder(b)
	f.write(b, "campaign.yaml", `id: load
from: Acme <news@acme.example>
subject: "{{.name}}, your news of November"
kind: newsletter
topic: news
topics: { news: Monthly news }
unsubscribe: { url: "https://www.acme.example/u/{{.mailshot.token}}" }
recipients: { file: people.csv, columns: { amount: number, due: date } }
body: { html: body.html, language: en }
server: { host: localhost, port: 2525, tls: none }
`)
	var body strings.Builder
	body.WriteString(`<!doctype html>
<html lang="en" dir="ltr"><head><title>News</title></head><body>
<p>Dear {{.name}},</p>
<table><tr><th>What</th><th>Value</th></tr><tr><td>City</td><td>{{.city}}</td></tr>
<tr><td>Amount</td><td>{{money "EUR" .amount}}</td></tr><tr><td>Due</td><td>{{.due}}</td></tr></table>
{{if eq .country "DE"}}<p>For Germany there is more of it.</p>{{else}}<p>Elsewhere there is not.</p>{{end}}
`)
	for i := range 8 {
		fmt.Fprintf(&body,
			"<p>We have set the date for the next meeting, and would be glad if you could come by, as we say in "+
				"{{.city}}. <a href=\"https://www.acme.example/%d?for={{.code}}&amp;city={{.city}}\">Paragraph %d</a></p>\n", i, i)
	}
	body.WriteString("<p>Acme Ltd, 1 Main Street, Springfield, IL 62701. " +
		"<a href=\"{{.mailshot.unsubscribe_url}}\">Unsubscribe</a></p></body></html>\n")
	f.write(b, "body.html", body.String())
	list := []string{"email,name,amount,due,country,city,code,plan,street,note"}
	for i := range b.N {
		list = append(list,
			fmt.Sprintf("person%d@example.com,Ann Lee %d,%d.50,2026-%02d-%02d,%s,Neu %d & Co,K%d,plan %d,%d Main Street,x %d",
				i, i, i%973+20, i%12+1, i%28+1, []string{"DE", "AT", "FR"}[i%3], i%500, i, i%5, i, i))
	}
	f.write(b, "people.csv", strings.Join(list, "\n")+"\n")
	c := f.open(b, campaign.Options{})
	defer c.Close()
	b.ResetTimer()
	if r, err := c.Check(b.Context()); err != nil || r.Errors() > 0 {
		b.Fatalf("%v: %+v", err, r)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "letters/s")
}
