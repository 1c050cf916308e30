package examples

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"fmt"
	"html"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"mailshot/campaign"
	"mailshot/campaign/definition"
	"mailshot/campaign/transport"
	"mailshot/internal/mailbox"
	"mailshot/internal/parsers"
	"mailshot/internal/sink"
)

// arrived is a message as the sink received it: the envelope, and the octets between DATA and the dot.
type arrived struct {
	sink.Record
	raw  []byte
	read parsers.Message
}

// store keeps the octets of each message by their digest. The sink's record names the digest.
type store struct {
	mu  sync.Mutex
	raw map[string][]byte
}

func (s *store) Add(it mailbox.Item) (string, error) {
	var b bytes.Buffer
	if _, err := it.Body.WriteTo(&b); err != nil {
		return "", err
	}
	sum := sha256.Sum256(b.Bytes())
	s.mu.Lock()
	defer s.mu.Unlock()
	s.raw[hex.EncodeToString(sum[:])] = b.Bytes()
	return it.To, nil
}

func (s *store) Close() error { return nil }

// copied returns a copy of an example, without what runs have left in it.
func copied(t *testing.T, name string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), name)
	err := filepath.WalkDir(name, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(name, path)
		if err != nil {
			return err
		}
		if e.IsDir() {
			if e.Name() == ".mailshot" {
				return fs.SkipDir
			}
			return os.MkdirAll(filepath.Join(dir, rel), 0o700)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(dir, rel), b, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// open opens an example. stdin names the file for its standard input; "" means none.
func open(t *testing.T, dir, stdin string, target *campaign.SinkTarget) *campaign.Campaign {
	t.Helper()
	d, err := definition.Load(filepath.Join(dir, "campaign.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	o := campaign.Options{Definition: d, State: filepath.Join(dir, ".mailshot", "state.db"),
		Accounts: filepath.Join(dir, ".mailshot", "accounts.db"), Sink: target}
	if stdin != "" {
		b, err := os.ReadFile(filepath.Join(dir, stdin))
		if err != nil {
			t.Fatal(err)
		}
		o.Stdin = bytes.NewReader(b)
	}
	c, err := campaign.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// deliver sends an example to a sink, twice, and returns what arrived, by the text of the key column or by address.
func deliver(t *testing.T, name, stdin string, rows int) []arrived {
	t.Helper()
	dir := copied(t, name)
	var record bytes.Buffer
	kept := &store{raw: make(map[string][]byte)}
	server, err := sink.Start(sink.Options{TLS: "starttls", Record: &record, Store: kept})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	target := &campaign.SinkTarget{Sink: transport.Sink{
		Host: server.Host(), Port: server.Port(), TLS: "starttls", RootCAs: server.RootCAs(),
	}}

	dry := make(map[string][]byte) // what a dry run says, by Message-ID
	c := open(t, dir, stdin, target)
	for made, err := range c.Messages(t.Context(), campaign.Chosen{}) {
		if err != nil || made.Err != nil || made.Message == nil {
			t.Fatalf("%s: %v %v %s", made.Row.Place, err, made.Err, made.Why)
		}
		var b bytes.Buffer
		if _, err := made.Message.WriteTo(&b); err != nil {
			t.Fatal(err)
		}
		dry[strings.Trim(made.Message.ID(), "<>")] = b.Bytes()
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}

	for _, want := range []int64{int64(rows), 0} { // a finished campaign sends nothing
		c := open(t, dir, stdin, target)
		if _, err := c.Plan(t.Context(), campaign.PlanOptions{}); err != nil {
			t.Fatal(err)
		}
		sum, err := c.Run(t.Context(), nil, campaign.RunOptions{})
		if err != nil {
			t.Fatal(err)
		}
		counts := maps.Collect(func(yield func(string, int64) bool) {
			for state, n := range sum.Counts {
				if n != 0 && !yield(state, n) {
					return
				}
			}
		})
		delete(counts, "grouped") // in the message of another row
		diff := cmp.Diff(map[string]int64{"sent": int64(rows)}, counts)
		if sum.Sent != want || sum.ExitCode() != 0 || diff != "" {
			t.Errorf("sent %d, want %d; exit code %d; counts (-want +got)\n%s", sum.Sent, want, sum.ExitCode(), diff)
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := server.Close(); err != nil {
		t.Fatal(err)
	}

	records, err := sink.ReadRecords(&record)
	if err != nil || len(records) != rows {
		t.Fatalf("the sink has %d messages, want %d (%v)", len(records), rows, err)
	}
	date := regexp.MustCompile(`(?m)^Date: .*\r\n`)
	ids := make(map[string]bool)
	var all []arrived
	for _, r := range records {
		if len(r.To) != 1 || !r.TLS || ids[r.ID] || r.ID == "" {
			t.Errorf("record %+v: want one recipient, TLS, and a Message-ID of its own", r)
		}
		ids[r.ID] = true
		a := arrived{Record: r, raw: kept.raw[r.SHA256]}
		if a.read, err = parsers.GoMessage(a.raw); err != nil {
			t.Errorf("%s: %v", r.To, err)
		}
		got, want := date.ReplaceAll(a.raw, nil), date.ReplaceAll(dry[r.ID], nil)
		if !bytes.Equal(got, want) || len(got) == 0 {
			t.Errorf("%s: the wire carried other octets than a dry run shows (-dry +wire)\n%s", r.To,
				cmp.Diff(string(want), string(got)))
		}
		all = append(all, a)
	}
	return all
}

// field returns the unfolded text of a header field, or "" if there is none.
func (a arrived) field(name string) string {
	head, _, _ := bytes.Cut(a.raw, []byte("\r\n\r\n"))
	for line := range strings.SplitSeq(regexp.MustCompile(`\r\n([ \t])`).ReplaceAllString(string(head), "$1"), "\r\n") {
		if n, v, _ := strings.Cut(line, ":"); strings.EqualFold(n, name) {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

// expect compares what everybody sees of a message with what the row says.
func (a arrived) expect(t *testing.T, envelope string, m parsers.Message) {
	t.Helper()
	if a.From != envelope || a.To[0] != m.To.Address {
		t.Errorf("envelope %s -> %s, want %s -> %s", a.From, a.To[0], envelope, m.To.Address)
	}
	got := a.read
	got.Names, got.Parts = nil, nil
	if diff := cmp.Diff(m, got); diff != "" {
		t.Errorf("%s (-row +arrived)\n%s", a.To[0], diff)
	}
	if _, err := time.Parse(time.RFC1123Z, a.field("Date")); err != nil {
		t.Errorf("%s: %v", a.To[0], err)
	}
}

// parts returns the message's leaves, which must be of these types.
func (a arrived) parts(t *testing.T, types ...string) []string {
	t.Helper()
	var got, text []string
	for _, p := range a.read.Parts {
		got, text = append(got, p.Type), append(text, string(p.Content))
	}
	if !slices.Equal(got, types) {
		t.Fatalf("%s: parts %v, want %v", a.To[0], got, types)
	}
	return text
}

func (a arrived) contains(t *testing.T, text string, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(text, w) {
			t.Errorf("%s: no %q in\n%s", a.To[0], w, text)
		}
	}
}

func csvRows(t *testing.T, name string) [][]string {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows[1:]
}

// match pairs each row with its message by what only they share. It fails if a row or a message is left over.
func match(t *testing.T, rows [][]string, all []arrived, same func(row []string, a arrived) bool) map[int]arrived {
	t.Helper()
	pairs := make(map[int]arrived)
	for i, row := range rows {
		for _, a := range all {
			if same(row, a) {
				if _, twice := pairs[i]; twice {
					t.Errorf("%q got two messages", row)
				}
				pairs[i] = a
			}
		}
	}
	if len(pairs) != len(rows) || len(all) != len(rows) {
		t.Fatalf("%d messages for %d rows, %d of them matched", len(all), len(rows), len(pairs))
	}
	return pairs
}

// Each example goes through the real path to a server that speaks SMTP with TLS. What arrives is compared with the
// example's list and files as other programs read them. Then three parsers must see the same in each message.
//
// Proven: with the key left out of the token, the second person's List-Unsubscribe had the first's token. With render's
// kept files found by their extension alone and never looked at again, eleven PDFs were another customer's.
func TestArrival(t *testing.T) {
	t.Parallel()
	var all []arrived
	t.Run("newsletter", func(t *testing.T) { all = append(all, newsletter(t)...) })
	t.Run("invoices", func(t *testing.T) { all = append(all, invoices(t)...) })
	t.Run("conference", func(t *testing.T) { all = append(all, conference(t)...) })
	t.Run("notice", func(t *testing.T) { all = append(all, notice(t)...) })
	t.Run("statements", func(t *testing.T) { all = append(all, statements(t)...) })
	t.Run("parsers", func(t *testing.T) { agree(t, all) })
}

func newsletter(t *testing.T) []arrived {
	rows := csvRows(t, "newsletter/people.csv")
	all := deliver(t, "newsletter", "", 200)
	link := regexp.MustCompile(`https://readingroom\.example/unsubscribe/([A-Za-z0-9_-]{16,})`)
	tokens := make(map[string]bool)
	for i, a := range match(t, rows, all, func(row []string, a arrived) bool { return a.To[0] == row[0] }) {
		email, name, city, since, topics := rows[i][0], rows[i][1], rows[i][2], rows[i][3], rows[i][4]
		a.expect(t, "bounces@readingroom.example", parsers.Message{
			From:    parsers.Mailbox{Name: "The Reading Room", Address: "news@readingroom.example"},
			To:      parsers.Mailbox{Name: name, Address: email},
			ReplyTo: parsers.Mailbox{Address: "hello@readingroom.example"},
			Subject: name + ", what we read in November",
		})
		day, err := time.Parse(time.DateOnly, since)
		if err != nil {
			t.Fatal(err)
		}
		texts := a.parts(t, "text/plain", "text/html")
		for _, text := range texts {
			a.contains(t, text, "Translators talk", day.Format("January 2006"))
		}
		a.contains(t, texts[0], "Hello "+name+",", "Friends in "+city+" meet")
		for topic := range strings.FieldsFuncSeq(topics, func(r rune) bool { return r == ';' }) {
			a.contains(t, texts[1], "<strong>"+html.EscapeString(topic)+"</strong>")
		}
		if (topics == "") != strings.Contains(texts[0], "You have not told us yet") {
			t.Errorf("%s with topics %q reads\n%s", email, topics, texts[0])
		}

		found := link.FindStringSubmatch(a.field("List-Unsubscribe"))
		if found == nil || tokens[found[1]] {
			t.Fatalf("%s: List-Unsubscribe %q has no token of its own", email, a.field("List-Unsubscribe"))
		}
		token := found[1]
		tokens[token] = true
		if want := fmt.Sprintf("<https://readingroom.example/unsubscribe/%s>, "+
			"<mailto:unsubscribe@readingroom.example?subject=%[1]s>", token); a.field("List-Unsubscribe") != want {
			t.Errorf("%s: List-Unsubscribe %q, want %q", email, a.field("List-Unsubscribe"), want)
		}
		if got := a.field("List-Unsubscribe-Post"); got != "List-Unsubscribe=One-Click" {
			t.Errorf("%s: List-Unsubscribe-Post %q", email, got)
		}
		if got := a.field("List-Id"); !strings.HasSuffix(got, "<news.readingroom.example>") {
			t.Errorf("%s: List-Id %q", email, got)
		}
		for _, text := range texts {
			links := link.FindAllStringSubmatch(text, -1)
			if len(links) == 0 || slices.ContainsFunc(links, func(l []string) bool { return l[1] != token }) {
				t.Errorf("%s: the link to unsubscribe has tokens %q, the header %q", email, links, token)
			}
		}
	}
	return all
}

func invoices(t *testing.T) []arrived {
	book, err := excelize.OpenFile("invoices/customers.xlsx")
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	cells, err := book.GetRows("November")
	if err != nil {
		t.Fatal(err)
	}
	column := make(map[string]int)
	for i, name := range cells[0] {
		column[name] = i
	}
	rows := cells[1:]
	all := deliver(t, "invoices", "", 12)
	of := func(row []string, name string) string { return row[column[name]] }
	pairs := match(t, rows, all, func(row []string, a arrived) bool {
		return strings.HasSuffix(a.read.Subject, " "+isolated(of(row, "number")))
	})
	for i, a := range pairs {
		number, word, file := of(rows[i], "number"), "صورتحساب", "صورتحساب"
		if of(rows[i], "language") == "ar" {
			word, file = "الفاتورة", "فاتورة"
		}
		a.expect(t, "bounces@hesab.example", parsers.Message{
			From:    parsers.Mailbox{Name: "حسابداری نمونه", Address: "billing@hesab.example"},
			To:      parsers.Mailbox{Name: of(rows[i], "full_name"), Address: of(rows[i], "email")},
			ReplyTo: parsers.Mailbox{Address: "help@hesab.example"},
			Subject: word + " " + isolated(number),
		})
		texts := a.parts(t, "text/plain", "text/html", "application/pdf")
		pdf, err := os.ReadFile(filepath.Join("invoices", "invoices", number+".pdf"))
		if err != nil {
			t.Fatal(err)
		}
		if p := a.read.Parts[2]; !bytes.Equal(p.Content, pdf) || p.Inline || p.Name != file+" "+number+".pdf" {
			t.Errorf("%s: %q (%d bytes) is not the invoice %s (%d bytes)", a.To[0], p.Name, len(p.Content), number, len(pdf))
		}
		a.contains(t, texts[0], of(rows[i], "full_name"), number)
		a.contains(t, texts[1], of(rows[i], "full_name"), number, `dir="rtl"`,
			fmt.Sprintf(`lang="%s"`, of(rows[i], "language")))
	}
	return all
}

// isolated is a number as it stands in a right-to-left subject: between LRI and PDI.
func isolated(number string) string { return "\u2066" + number + "\u2069" }

func notice(t *testing.T) []arrived {
	rows := csvRows(t, "notice/affected.csv")
	all := deliver(t, "notice", "affected.csv", 4)
	for i, a := range match(t, rows, all, func(row []string, a arrived) bool { return a.To[0] == row[0] }) {
		email, name, host, minutes := rows[i][0], rows[i][1], rows[i][2], rows[i][4]
		starts, err := time.Parse("2006-01-02 15:04", rows[i][3])
		if err != nil {
			t.Fatal(err)
		}
		a.expect(t, "ops@acme.example", parsers.Message{
			From:    parsers.Mailbox{Name: "Acme Operations", Address: "ops@acme.example"},
			To:      parsers.Mailbox{Name: name, Address: email},
			ReplyTo: parsers.Mailbox{Address: "support@acme.example"},
			Subject: fmt.Sprintf("[notice] %s restarts on %s", host, starts.Format("2 January")),
		})
		if a.field("Auto-Submitted") != "auto-generated" {
			t.Errorf("%s: Auto-Submitted %q", email, a.field("Auto-Submitted"))
		}
		unit := "minutes"
		if minutes == "1" {
			unit = "minute"
		}
		text := a.parts(t, "text/plain")[0]
		a.contains(t, text, "Hello "+name+",\r\n",
			host+" restarts on "+starts.Format("Monday, 2 January 2006")+" at "+starts.Format("15:04")+" UTC",
			"for about "+minutes+" "+unit+".", "\r\n-- \r\nAcme Operations, https://status.acme.example/"+host)
	}
	return all
}
