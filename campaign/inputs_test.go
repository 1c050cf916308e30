package campaign_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"mailshot/campaign"
	"mailshot/campaign/accounts"
	"mailshot/campaign/check"
	"mailshot/campaign/dispatch"
	"mailshot/campaign/ledger"
	"mailshot/internal/mailbox"
	"mailshot/internal/sink"
)

// keeper is a mailbox in memory: each message with every byte, but for its Date.
type keeper struct {
	mu  sync.Mutex
	got map[string][]string // To -> messages
}

func (k *keeper) Add(item mailbox.Item) (string, error) {
	var raw bytes.Buffer
	if _, err := item.Body.WriteTo(&raw); err != nil {
		return "", err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.got == nil {
		k.got = map[string][]string{}
	}
	k.got[item.To] = append(k.got[item.To], withoutTrace(undated(raw.String())))
	return "", nil
}

func (*keeper) Close() error { return nil }

// withoutTrace is a message as it came: a server may put lines of its own before the first.
func withoutTrace(m string) string {
	if i := strings.Index(m, "From: "); i >= 0 {
		return m[i:]
	}
	return m
}

// planned are the folder's messages as a preview shows them, by recipient.
func (f *folder) planned(t *testing.T) map[string]string {
	t.Helper()
	c := f.open(t, campaign.Options{})
	defer c.Close()
	all := map[string]string{}
	for m, err := range c.Messages(t.Context(), campaign.Chosen{}) {
		if err != nil || m.Err != nil {
			t.Fatal(err, m.Err)
		}
		var b strings.Builder
		if _, err := m.Message.WriteTo(&b); err != nil {
			t.Fatal(err)
		}
		all[m.Message.To()] = withoutTrace(undated(b.String()))
	}
	return all
}

// same checks that what came is what was planned, byte by byte, and nobody has two; it returns how many came.
func (k *keeper) same(t *testing.T, planned map[string]string) int {
	t.Helper()
	k.mu.Lock()
	defer k.mu.Unlock()
	n := 0
	for to, all := range k.got {
		n += len(all)
		for _, m := range all {
			if m != planned[to] {
				t.Errorf("%s got other bytes than were planned:\n%q\nplanned:\n%q", to, m, planned[to])
			}
		}
		if len(all) > 1 {
			t.Errorf("%s got %d messages", to, len(all))
		}
	}
	return n
}

// inputs is a campaign with one of each kind of input.
func inputs(t *testing.T, s *sink.Server, n int) (*folder, string) {
	t.Helper()
	f := newFolder(t)
	yaml := `id: test
from: Sender <sender@example.org>
reply_to: help@example.org
subject: "Hello {{.name}}"
headers: { X-Run: "{{.token}}" }
recipients: { file: people.csv }
body: { markdown: body.md, layout: layout.html }
attachments: [{ file: "files/{{.token}}.txt" }, { file: terms.txt }]
` + server(s, "")
	yaml = strings.Replace(yaml, "connections: 4", "connections: 1", 1)
	f.write(t, "campaign.yaml", yaml)
	f.write(t, "body.md", "Dear *{{.name}}*\n")
	f.write(t, "layout.html", "<html><body><p>Club</p>{{template \"content\" .}}</body></html>\n")
	f.write(t, "terms.txt", "the terms as planned\n")
	f.write(t, "people.csv", people(n))
	for i := range n {
		f.write(t, "files/"+token(i)+".txt", "planned for "+token(i)+"\n")
	}
	return f, yaml
}

// replace puts what change makes of a file in its place.
func (f *folder) replace(t *testing.T, name string, change func(string) string) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(f.dir, name))
	if err != nil {
		t.Fatal(err)
	}
	f.write(t, name, change(string(b)))
}

// remove takes a file away, and puts nothing, a link or a folder in its place.
func (f *folder) remove(t *testing.T, name, instead string) {
	t.Helper()
	path := filepath.Join(f.dir, name)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	var err error
	switch instead {
	case "":
	case "folder":
		err = os.Mkdir(path, 0o700)
	default:
		err = os.Symlink(instead, path)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// What changes while a run goes on changes no message of it: templates, the definition and the list are in memory or in
// the ledger, and an attachment that is not what was planned holds its own row and no other. Proven by comparing no
// digest in Maker.Again: the changed, cut and linked files arrived at the sink.
func TestInputsChangeInTheRun(t *testing.T) {
	t.Parallel()
	const n, last = 12, 11
	mine := "files/" + token(last) + ".txt" // the last row's, which is not made before the first is sent
	for _, c := range []struct {
		name   string
		change func(*testing.T, *folder)
		held   int64 // rows that cannot go any more; -1: all but those made before
	}{
		{"template", func(t *testing.T, f *folder) { f.write(t, "body.md", "Other\n") }, 0},
		{"template gone", func(t *testing.T, f *folder) { f.remove(t, "body.md", "") }, 0},
		{"layout", func(t *testing.T, f *folder) {
			f.write(t, "layout.html", "<html><body>{{template \"content\" .}}</body></html>\n")
		}, 0},
		{"definition", func(t *testing.T, f *folder) {
			f.replace(t, "campaign.yaml", func(s string) string { return strings.ReplaceAll(s, "Hello", "Other") })
		}, 0},
		{"definition gone", func(t *testing.T, f *folder) { f.remove(t, "campaign.yaml", "") }, 0},
		{"list", func(t *testing.T, f *folder) {
			f.replace(t, "people.csv", func(s string) string { return strings.ReplaceAll(s, "Person", "Other") })
		}, 0},
		{"list gone", func(t *testing.T, f *folder) { f.remove(t, "people.csv", "") }, 0},
		{"attachment", func(t *testing.T, f *folder) {
			f.replace(t, mine, func(s string) string { return strings.Replace(s, "planned", "changed", 1) })
		}, 1},
		{"attachment half-written",
			func(t *testing.T, f *folder) { f.replace(t, mine, func(s string) string { return s[:len(s)/2] }) }, 1},
		{"attachment empty", func(t *testing.T, f *folder) { f.write(t, mine, "") }, 1},
		{"attachment gone", func(t *testing.T, f *folder) { f.remove(t, mine, "") }, 1},
		{"attachment another row's", func(t *testing.T, f *folder) { f.remove(t, mine, token(0)+".txt") }, 1},
		{"attachment from outside", func(t *testing.T, f *folder) { f.remove(t, mine, "/etc/hostname") }, 1},
		{"attachment a folder", func(t *testing.T, f *folder) { f.remove(t, mine, "folder") }, 1},
		{"everybody's attachment", func(t *testing.T, f *folder) { f.write(t, "terms.txt", "other terms\n") }, -1},
		{"a link with the planned bytes", func(t *testing.T, f *folder) {
			f.write(t, "moved.txt", "the terms as planned\n")
			f.remove(t, "terms.txt", "moved.txt")
		}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			kept := new(keeper)
			s, _ := startSink(t, sink.Options{Store: kept})
			f, _ := inputs(t, s, n)
			planned := f.planned(t)
			var once sync.Once
			sum := f.send(t, campaign.Options{Observe: func(e dispatch.Event) {
				if e.Kind == "sent" {
					once.Do(func() { c.change(t, f) })
				}
			}}, campaign.PlanOptions{})
			came := kept.same(t, planned)
			held := sum.Counts["held"]
			if int64(came) != sum.Counts["sent"] || sum.Counts["sent"]+held != n {
				t.Errorf("%d came, the states are %v", came, sum.Counts)
			}
			last := "p11@example.com"
			if c.held >= 0 && held != c.held || c.held < 0 && (held == 0 || planned[last] == "" || kept.got[last] != nil) {
				t.Errorf("%d are held, want %d", held, c.held)
			}
		})
	}
}

// What changed between two runs is refused by name, and nothing goes; with the planned input back in its place the rest
// goes, as planned. Proven by comparing nothing in the resume: the eleven changes that can still be read were gone on
// with, without a word.
func TestInputsChangeBetweenRuns(t *testing.T) {
	t.Parallel()
	const n = 6
	for _, c := range []struct {
		name, file string
		change     func(*testing.T, *folder)
		say        string // in the refusal
	}{
		{"template", "body.md",
			func(t *testing.T, f *folder) { f.write(t, "body.md", "Other {{.name}}\n") }, "the templates"},
		{"template half-written", "body.md",
			func(t *testing.T, f *folder) { f.write(t, "body.md", "Dear *{{.na") }, "body.md"},
		{"template gone", "body.md", func(t *testing.T, f *folder) { f.remove(t, "body.md", "") }, "body.md"},
		{"template from outside", "body.md",
			func(t *testing.T, f *folder) { f.remove(t, "body.md", "/etc/hostname") }, "body.md"},
		{"template a folder", "body.md", func(t *testing.T, f *folder) { f.remove(t, "body.md", "folder") }, "body.md"},
		{"layout", "layout.html", func(t *testing.T, f *folder) {
			f.write(t, "layout.html", "<html><body>{{template \"content\" .}}</body></html>\n")
		}, "the templates"},
		{"layout gone", "layout.html", func(t *testing.T, f *folder) { f.remove(t, "layout.html", "") }, "layout.html"},
		{"subject", "campaign.yaml", func(t *testing.T, f *folder) {
			f.replace(t, "campaign.yaml", func(s string) string { return strings.Replace(s, "Hello", "Other", 1) })
		}, "subject"},
		{"reply_to and headers", "campaign.yaml", func(t *testing.T, f *folder) {
			f.replace(t, "campaign.yaml", func(s string) string {
				return strings.NewReplacer("help@", "other@", "X-Run", "X-Other").Replace(s)
			})
		}, "reply_to, headers"},
		{"attachments", "campaign.yaml", func(t *testing.T, f *folder) {
			f.replace(t, "campaign.yaml", func(s string) string { return strings.Replace(s, ", { file: terms.txt }", "", 1) })
		}, "attachments"},
		{"definition half-written", "campaign.yaml", func(t *testing.T, f *folder) {
			f.replace(t, "campaign.yaml", func(s string) string { return s[:strings.Index(s, "body:")] })
		}, "body"},
		{"definition gone", "campaign.yaml",
			func(t *testing.T, f *folder) { f.remove(t, "campaign.yaml", "") }, "campaign.yaml"},
		{"row added", "people.csv",
			func(t *testing.T, f *folder) { f.write(t, "people.csv", people(n+1)) }, "the list people.csv"},
		{"row removed", "people.csv",
			func(t *testing.T, f *folder) { f.write(t, "people.csv", people(n-1)) }, "the list people.csv"},
		{"row edited", "people.csv", func(t *testing.T, f *folder) {
			f.replace(t, "people.csv", func(s string) string { return strings.Replace(s, "Person 5", "Other", 1) })
		}, "the list people.csv"},
		{"rows reordered", "people.csv",
			func(t *testing.T, f *folder) { f.replace(t, "people.csv", backwards) }, "the list people.csv"},
		{"column renamed", "people.csv", func(t *testing.T, f *folder) {
			f.replace(t, "people.csv", func(s string) string { return strings.Replace(s, "token", "other", 1) })
		}, "the list people.csv"},
		{"list half-written", "people.csv", func(t *testing.T, f *folder) {
			f.replace(t, "people.csv", func(s string) string { return s[:len(s)-7] })
		}, "the list people.csv"},
		{"list gone", "people.csv", func(t *testing.T, f *folder) { f.remove(t, "people.csv", "") }, "people.csv"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			kept := new(keeper)
			s, _ := startSink(t, sink.Options{Store: kept})
			f, _ := inputs(t, s, n)
			planned := f.planned(t)
			sum := f.send(t, campaign.Options{}, campaign.PlanOptions{Limit: 2})
			want(t, sum, map[ledger.State]int64{ledger.Sent: 2, ledger.Pending: n - 2})
			was, err := os.ReadFile(filepath.Join(f.dir, c.file))
			if err != nil {
				t.Fatal(err)
			}
			c.change(t, f)
			c2, err := f.tryOpen(options{})
			if err == nil {
				_, err = c2.Plan(t.Context(), planOptions{})
				c2.Close()
			}
			if err == nil || !strings.Contains(err.Error(), c.say) {
				t.Errorf("refused with %v, want %q in it", err, c.say)
			}
			if err := os.RemoveAll(filepath.Join(f.dir, c.file)); err != nil {
				t.Fatal(err)
			}
			f.write(t, c.file, string(was))
			want(t, f.send(t, options{}, planOptions{}), map[ledger.State]int64{ledger.Sent: n})
			if came := kept.same(t, planned); came != n {
				t.Errorf("%d came, want %d", came, n)
			}
		})
	}
}

type (
	options     = campaign.Options
	planOptions = campaign.PlanOptions
)

// backwards is a list with its rows in the other order.
func backwards(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	for i, j := 1, len(lines)-1; i < j; i, j = i+1, j-1 {
		lines[i], lines[j] = lines[j], lines[i]
	}
	return strings.Join(lines, "\n") + "\n"
}

// What is accepted is what was shown: the four counts, for each way in which a list can change; and who has a message
// gets no other.
func TestAcceptedLists(t *testing.T) {
	t.Parallel()
	const n = 6 // p0 and p1 are sent before the change
	for _, c := range []struct {
		name   string
		change func(string) string
		want   campaign.Changes
	}{
		{"added", func(s string) string { return s + "q@example.com,Q,tok0tok\n" }, campaign.Changes{Added: 1, Untouched: n}},
		{"removed",
			func(s string) string { return strings.Replace(s, "p5@example.com,Person 5,tok5tok\n", "", 1) },
			campaign.Changes{Cancelled: 1, Untouched: n - 1}},
		{"removed and done",
			func(s string) string { return strings.Replace(s, "p0@example.com,Person 0,tok0tok\n", "", 1) },
			campaign.Changes{Untouched: n}},
		{"edited",
			func(s string) string { return strings.Replace(s, "Person 5", "Other", 1) },
			campaign.Changes{Edited: 1, Untouched: n - 1}},
		{"edited and done",
			func(s string) string { return strings.Replace(s, "Person 0", "Other", 1) },
			campaign.Changes{Untouched: n}},
		{"reordered", backwards, campaign.Changes{Untouched: n}},
		{"address edited",
			func(s string) string { return strings.Replace(s, "p5@", "p55@", 1) },
			campaign.Changes{Added: 1, Cancelled: 1, Untouched: n - 1}},
		{"column added", func(s string) string {
			return strings.NewReplacer("token\n", "token,more\n", "tok\n", "tok,x\n").Replace(s)
		}, campaign.Changes{Untouched: n}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			kept := new(keeper)
			s, _ := startSink(t, sink.Options{Store: kept})
			f, _ := inputs(t, s, n)
			planned := f.planned(t)
			f.send(t, options{}, planOptions{Limit: 2})
			f.replace(t, "people.csv", c.change)
			for to, m := range f.planned(t) { // what a preview shows now holds for those that are not done
				if to != "p0@example.com" && to != "p1@example.com" {
					planned[to] = m
				}
			}
			sum := f.send(t, options{}, planOptions{AcceptChanges: true, Confirm: func(ch campaign.Changes) (bool, error) {
				if len(ch.What) != 1 || ch.Added != c.want.Added || ch.Cancelled != c.want.Cancelled ||
					ch.Edited != c.want.Edited || ch.Untouched != c.want.Untouched {
					t.Errorf("shown %+v, want %+v", ch, c.want)
				}
				return true, nil
			}})
			came := kept.same(t, planned)
			if int64(came) != n+c.want.Added-c.want.Cancelled || sum.Counts["sent"] != int64(came) ||
				sum.Counts["cancelled"] != c.want.Cancelled {
				t.Errorf("%d came, states %v", came, sum.Counts)
			}
		})
	}
}

// The same person in other letters is one person: exact, by case, by blanks around, by Unicode's form, as an A-label.
func TestDuplicateForms(t *testing.T) {
	t.Parallel()
	s, rec := startSink(t, sink.Options{})
	f := newFolder(t)
	first := strings.Replace(base, "file: people.csv", "file: people.csv, duplicates: first", 1)
	f.write(t, "campaign.yaml", first+server(s, ""))
	f.write(t, "body.txt", "Dear {{.name}}\n")
	f.write(t, "people.csv", "email,name\n"+
		"ann@example.com,Ann\nann@example.com,Ann\nann@EXAMPLE.com,Ann\nANN@example.com,Ann\n"+
		"\" ann@example.com \",Ann\nann@example.com,Anna\n"+
		"bob@b\u00fccher.example,Bob\nbob@bu\u0308cher.example,Bob\n"+
		"bob@xn--bcher-kva.example,Bob\nbob@B\u00dcCHER.example,Bob\n")
	want(t, f.send(t, options{}, planOptions{}), map[ledger.State]int64{ledger.Sent: 2, ledger.Duplicate: 8})
	if n := len(rec.accepted(t)); n != 2 {
		t.Errorf("%d messages at the sink", n)
	}
	l, err := ledger.Open(filepath.Join(f.dir, ".mailshot", "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for d, err := range l.Deliveries(t.Context(), "test", ledger.Filter{States: []ledger.State{ledger.Duplicate}}) {
		first := "people.csv:2"
		if d.Number > 6 {
			first = "people.csv:8"
		}
		if err != nil || d.Reason != "same key as "+first {
			t.Errorf("%s: %q, %v", d.Place, d.Reason, err)
		}
	}
}

// A row that cannot be mailed is found before anything leaves, wherever it stands: rows 9,997 to 9,999 of 10,000.
func TestLateBadRows(t *testing.T) {
	t.Parallel()
	s, rec := startSink(t, sink.Options{})
	f := newFolder(t)
	f.write(t, "campaign.yaml", base+"attachments: [{ file: \"{{.file}}\" }]\n"+server(s, ""))
	f.write(t, "body.txt", "Dear {{.name}}\n")
	f.write(t, "a.txt", "a")
	var b strings.Builder
	b.WriteString("email,name,file\n")
	for i := 1; i <= 10_000; i++ {
		name, file := "Ann", "a.txt"
		switch i {
		case 9_997:
			file = "missing.txt"
		case 9_998:
			file = "../a.txt"
		case 9_999:
			name = "\"Ann\nBcc: all@example.com\""
		}
		fmt.Fprintf(&b, "p%d@example.com,%s,%s\n", i, name, file)
	}
	f.write(t, "people.csv", b.String())
	c := f.open(t, options{})
	defer c.Close()
	_, err := c.Plan(t.Context(), planOptions{})
	var refused *campaign.CheckError
	if !errors.As(err, &refused) {
		t.Fatalf("Plan: %v, want a CheckError", err)
	}
	// To and Subject of the last row are both wrong.
	rows := []string{"people.csv:9998", "people.csv:9999", "people.csv:10000", "people.csv:10000"}
	if refused.Report.Errors() != len(rows) {
		t.Fatalf("%+v, want %d errors", refused.Report.Findings, len(rows))
	}
	errs := slices.DeleteFunc(refused.Report.Findings, func(f check.Finding) bool { return f.Severity != check.Error })
	for i, f := range errs {
		if !strings.Contains(f.Place+f.Text, rows[i]) {
			t.Errorf("%+v, want %s in it", f, rows[i])
		}
	}
	if n := len(rec.accepted(t)); n != 0 {
		t.Errorf("%d messages left", n)
	}
}

// Who unsubscribes while a run goes on is not mailed after that, but for what is in flight; nor is who does so between
// two runs. Proven by giving the ledger nobody to ask: all three were mailed.
func TestUnsubscribedInTheRun(t *testing.T) {
	t.Parallel()
	s, rec := startSink(t, sink.Options{})
	f := newFolder(t)
	f.write(t, "campaign.yaml", strings.Replace(base+server(s, ""), "connections: 4", "connections: 1", 1))
	f.write(t, "body.txt", "Dear {{.name}}\n")
	f.write(t, "people.csv", people(20))
	suppress := func(keys ...string) {
		a, err := accounts.Open(f.accounts) // another process
		if err != nil {
			t.Error(err)
			return
		}
		for _, key := range keys {
			err = errors.Join(err, a.Suppress(t.Context(), accounts.Entry{Domain: "example.org", Key: key, Reason: "asked"}))
		}
		if err := errors.Join(err, a.Close()); err != nil {
			t.Error(err)
		}
	}
	var once sync.Once
	f.send(t, options{Observe: func(e dispatch.Event) {
		if e.Kind == "sent" {
			once.Do(func() { suppress("p9@example.com", "p18@example.com") })
		}
	}}, planOptions{Limit: 10})
	suppress("p19@example.com")
	sum := f.send(t, options{}, planOptions{})
	want(t, sum, map[ledger.State]int64{ledger.Sent: 17, ledger.Suppressed: 3})
	for _, r := range rec.accepted(t) {
		if to := r.To[0]; to == "p9@example.com" || to == "p18@example.com" || to == "p19@example.com" {
			t.Errorf("%s was mailed after it was suppressed", to)
		}
	}
}
