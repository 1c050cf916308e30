package web_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mailshot/cmd/mailshot/starter"
	"mailshot/internal/sink"
)

// company writes the campaigns of a small company into a folder: invoices for 2,143 customers, a newsletter that some
// servers refuse, a list with a few mistakes, a Persian newsletter, and a campaign file with a mistake.
func company(t *testing.T, dir string) {
	t.Helper()
	c := folder{t, dir}
	c.invoices()
	c.newsletter()
	c.renewals()
	c.persian()
	c.write("open-day/campaign.yaml", strings.Join([]string{"id: open-day", "from: Kettle & Leaf <news@kettle.example>",
		"subjet: The shop is open on Sunday", "recipients: { file: people.csv }", "body: { markdown: body.md }", ""}, "\n"))
	c.write("open-day/people.csv", "email,name\nann.lee@example.com,Ann Lee\n")
	c.write("open-day/body.md", "# Come by on Sunday\n")
}

// folder is where the campaigns are written.
type folder struct {
	*testing.T
	dir string
}

func (f folder) write(name, text string) {
	f.Helper()
	name = filepath.Join(f.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		f.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		f.Fatal(err)
	}
}

// server is a mail server with these rules, as a campaign file names it.
func (f folder) server(rules ...string) string {
	f.Helper()
	var o sink.Options
	for _, text := range rules {
		rule, err := sink.ParseRule(text)
		if err != nil {
			f.Fatal(err)
		}
		o.Rules = append(o.Rules, rule)
	}
	s, err := sink.Start(o)
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = s.Close() })
	return fmt.Sprintf("server: { host: %s, port: %d, tls: none }\n", s.Host(), s.Port())
}

var (
	given = []string{"Ann", "Bo", "Chen", "Dora", "Emil", "Fay", "Grace", "Hana", "Ivo", "June", "Kim", "Lena", "Milo",
		"Nora", "Omar", "Pia", "Quinn", "Rosa", "Sami", "Tove", "Uma", "Vera", "Wim", "Yara", "Zoe"}
	family = []string{"Lee", "Ek", "Wu", "Marsh", "Novak", "Berg", "Okoro", "Silva", "Haddad", "Keller", "Moreau",
		"Price", "Quist", "Rossi", "Sato", "Tran", "Urban", "Vance", "Weber", "Young", "Zeller", "Ibsen", "Jansen"}
	domains = []string{"example.com", "example.org", "example.net", "example.com", "harbour.example", "example.org",
		"example.com", "example.net", "example.com", "example.org", "example.net", "example.com"}
)

// person is the name and the address of the nth person, from 0 on: 575 names, and each address once.
func person(n int) (name, address string) {
	g, s := given[n%len(given)], family[n%len(family)]
	local := strings.ToLower(g + "." + s)
	if round := n / (len(given) * len(family)); round > 0 {
		local += fmt.Sprint(round + 1)
	}
	return g + " " + s, local + "@" + domains[n%len(domains)]
}

const invoiceBody = `# Invoice {{.number}}

Dear {{.name}},

thank you for your order. Please pay **{{money "EUR" .amount}}** by **{{date "2 January 2006" .due}}**. The invoice is
attached.

| What | Amount in EUR |
|------|--------------:|
{{range split ";" .items}}
| {{split ":" . | first}} | {{split ":" . | last}} |
{{end}}
| **Total** | **{{num 2 .amount}}** |

[Pay now](https://pay.kettle.example/{{pathescape .number}}){.button}

{{if ge .amount 500}}
This is a large sum, so you may pay it in two parts. Just reply to this message.
{{end}}

Kind regards,
Kettle & Leaf
`

// customers is how many invoices there are.
const customers = 2143

func (f folder) invoices() {
	f.Helper()
	var list strings.Builder
	list.WriteString("number,name,email,amount,due,items\n")
	for n := range customers {
		name, address := person(n)
		number, tea, cups := fmt.Sprintf("2026-%04d", n+1), 12+n%7*6, n*n%11*23
		items := fmt.Sprintf("%d tins of tea: %d.00", 1+n%7, tea)
		if cups > 0 {
			items += fmt.Sprintf("; cups and a pot: %d.00", cups)
		}
		fmt.Fprintf(&list, "%s,%s,%s,%d.00,2026-12-%02d,%s\n", number, name, address, tea+cups, 11+n%10, items)
		f.write("invoices/invoices/"+number+".pdf", "%PDF-1.4\n% invoice "+number+"\n%%EOF\n")
	}
	f.write("invoices/customers.csv", list.String())
	f.write("invoices/body.md", invoiceBody)
	f.write("invoices/.mailshot/testers.txt", "dora@kettle.example\nemil@kettle.example\n")
	f.write("invoices/campaign.yaml", `id: invoices-2026-11
from: Kettle & Leaf <billing@kettle.example>
reply_to: help@kettle.example
subject: "Invoice {{.number}} for {{.name}}"

recipients:
  file: customers.csv
  address: email
  name: name
  key: number
  columns: { amount: number, due: date }

body:
  markdown: body.md
  layout: invoice
  language: en
  accent: "#0b6e4f"
  preheader: '{{money "EUR" .amount}}, due on {{date "2 January" .due}}'
  postal: Kettle & Leaf, 12 Mill Lane, Ashford

attachments:
  - file: invoices/{{.number}}.pdf
    name: Invoice {{.number}}.pdf

`+f.server("rcpt:wim.*@harbour.example:550 5.1.1 there is no such mailbox here",
		"rcpt:*@harbour.example,once:451 4.7.1 greylisted, try again in five minutes",
		"dot:5%:delay 900ms", "dot:40%:delay 300ms", "dot:delay 180ms")+
		"limits: { caps: [1_200/15min, 20_000/24h], domains: { example.com: 900/min, example.org: 900/min, "+
		"harbour.example: 300/min }, connections: 3, retry: { first: 5m } }\n")
}

// readers is how many people the newsletter's list has.
const readers = 640

func (f folder) newsletter() {
	f.Helper()
	var list strings.Builder
	list.WriteString("email,first_name,since,news\n")
	for n := range readers {
		name, address := person(n)
		news := "yes"
		if n%53 == 7 {
			news = "no"
		}
		fmt.Fprintf(&list, "%s,%s,20%02d-%02d-01,%s\n", address, strings.Fields(name)[0], 18+n%8, 1+n%12, news)
	}
	f.write("newsletter/people.csv", list.String())
	left := "email\n"
	for _, n := range []int{29, 84, 231} {
		_, address := person(n)
		left += address + "\n"
	}
	f.write("newsletter/do-not-mail.csv", left)
	f.write("newsletter/body.md", `# The first flush is here

Hello {{.first_name}},

you have been with us since {{date "January 2006" .since}}. Thank you! This month we have **three new teas** from small
gardens, and the shop is open on Sundays in December.

[See what is new](https://www.kettle.example/november){.button}

| When | What |
|---|---|
| 6 December | A tasting for two, in the shop |
| 18 December | The last day to order for the holidays |

Yours,
the people at Kettle & Leaf
`)
	f.write("newsletter/campaign.yaml", `id: newsletter-2026-11
from: Kettle & Leaf <news@kettle.example>
subject: "{{.first_name}}, the first flush is here"

recipients:
  file: people.csv
  address: email
  name: first_name
  columns: { since: date }
  where: news == "yes"

body:
  markdown: body.md
  layout: newsletter
  language: en
  accent: "#0b6e4f"
  postal: Kettle & Leaf, 12 Mill Lane, Ashford

headers:
  List-Id: Kettle & Leaf <news.kettle.example>
  List-Unsubscribe: "<https://www.kettle.example/unsubscribe/{{.mailshot.token}}>"
  List-Unsubscribe-Post: List-Unsubscribe=One-Click

suppress: [do-not-mail.csv]
archive: sent

`+f.server("rcpt:omar.*@example.com:550 5.1.1 the mailbox does not exist",
		"rcpt:vera.*@example.org:552 5.2.2 the mailbox is full",
		"rcpt:sami.*@example.net:550 5.7.1 this message looks like spam to us",
		"dot:pia.rossi@*:store-drop", "dot:delay 2ms")+
		"limits: { domains: { example.com: 900/min, example.org: 900/min }, connections: 8 }\n")
}

func (f folder) renewals() {
	f.Helper()
	var list strings.Builder
	list.WriteString("Kettle & Leaf;;;;;\nMembers, exported on 27 November 2026;;;;;\n")
	list.WriteString("number;name;email;fee;until;card\n")
	wrong := map[int]string{
		3:   "M-0004;Dora Marsh;dora.marsh@gmial.com;24.00;2026-12-31;yes",
		41:  "M-0042;Quinn Quist;quinn.quist example.org;24.00;2026-12-31;yes",
		97:  "M-0098;JosÃ© Silva;jose.silva@example.com;24.00;2026-12-31;no",
		160: "M-0161;Kim Sato;kim.sato@example.org;twenty-four;2026-12-31;yes",
		161: "M-0162;Lena Urban;lena.urban@example.com;24.00;end of year;yes",
		300: "M-0301;#N/A;june.price@example.com;24.00;2026-12-31;no",
		512: "M-0511;Rosa Weber;rosa.weber@example.net;24.00;2026-12-31;perhaps",
	}
	for n := range 1260 {
		if line := wrong[n]; line != "" {
			list.WriteString(line + "\n")
			continue
		}
		name, address := person(n)
		fmt.Fprintf(&list, "M-%04d;%s;%s;%d.00;2026-12-31;%s\n", n+1, name, address, 24+n%3*12, []string{"yes", "no"}[n%2])
	}
	f.write("renewals/members.csv", list.String())
	f.write("renewals/body.md", "# Your card for 2027\n\nDear {{.name}},\n\nyour card ends on "+
		"{{date \"2 January 2006\" .until}}. The fee for the next year is **{{money \"EUR\" .fee}}**.\n")
	f.write("renewals/campaign.yaml", `id: renewals-2027
from: Kettle & Leaf <cards@kettle.example>
subject: "{{.name}}, your card for 2027"

recipients:
  file: members.csv
  name: name
  header_row: 3
  columns: { fee: number, until: date, card: bool }

body:
  markdown: body.md
  layout: letter
  language: en
  accent: "#0b6e4f"

`+f.server()+"limits: { caps: [400/min, 20_000/24h] }\n")
}

func (f folder) persian() {
	f.Helper()
	if _, err := starter.Write(filepath.Join(f.dir, "nowruz"), "newsletter", "fa"); err != nil {
		f.Fatal(err)
	}
	name := filepath.Join(f.dir, "nowruz", "campaign.yaml")
	text, err := os.ReadFile(name)
	if err != nil {
		f.Fatal(err)
	}
	before, after, _ := strings.Cut(string(text), "\nserver:")
	_, after, _ = strings.Cut(after, "\nlimits:")
	before = strings.Replace(before, "id: newsletter-1 ", "id: nowruz-1406 ", 1)
	f.write("nowruz/.mailshot/testers.txt", "dora@kettle.example\nemil@kettle.example\n")
	f.write("nowruz/campaign.yaml", before+"\n"+f.server()+"\nlimits:"+after)
}
