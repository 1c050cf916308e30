package gallery

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mailshot/campaign"
	"mailshot/campaign/definition"
	"mailshot/cmd/mailshot/earlier"
	"mailshot/cmd/mailshot/page"
)

// club is a campaign of so many rows, each of whose subjects says its number; every tenth shouts.
func club(t *testing.T, rows int) campaign.Options {
	t.Helper()
	dir := t.TempDir()
	var list strings.Builder
	list.WriteString("email,name,subject\n")
	for i := range rows {
		subject := fmt.Sprintf("Letter %d", i)
		if i%10 == 0 {
			subject = "HELLO FROM THE CLUB"
		}
		fmt.Fprintf(&list, "p%d@example.com,Person %d,%s\n", i, i, subject)
	}
	for name, text := range map[string]string{
		"people.csv": list.String(), "body.md": "Hello {{.name}}!\n",
		"campaign.yaml": "id: club\nfrom: Club <club@example.org>\nsubject: \"{{.subject}}\"\nrecipients: {file: people.csv}\n" +
			"body: {markdown: body.md}\nserver: {host: 127.0.0.1, port: 25, tls: none}\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	d, err := definition.Load(filepath.Join(dir, "campaign.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return campaign.Options{Definition: d, Accounts: filepath.Join(dir, "own", "accounts.db")}
}

// All messages are those of a check, and what is found in them too. Some of them are those that are chosen.
func TestMake(t *testing.T) {
	t.Parallel()
	o := club(t, 2500)
	for _, test := range []struct {
		name    string
		cfg     Config
		shown   int64
		whole   bool
		more    bool
		shouted int64
	}{
		{name: "all", shown: 2500, whole: true, shouted: 250},
		{name: "one", cfg: Config{Chosen: campaign.Chosen{Row: 11}}, shown: 1, shouted: 0},
		{name: "some", cfg: Config{Chosen: campaign.Chosen{Where: `subject == "HELLO FROM THE CLUB"`}}, shown: 250,
			shouted: 250},
		{name: "few", cfg: Config{Limit: 30}, shown: 30, more: true, shouted: 3},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "gallery.html")
			v, err := page.New(file, "club")
			if err != nil {
				t.Fatal(err)
			}
			cfg := test.cfg
			cfg.Options, cfg.Page = o, v
			r, err := Make(context.Background(), cfg)
			if err != nil {
				t.Fatal(err)
			}
			s := r.Summary(cfg, time.Now())
			if err := v.Close(s); err != nil {
				t.Fatal(err)
			}
			if r.Shown != test.shown || s.Whole != test.whole || r.More != test.more {
				t.Errorf("%d shown, whole %v, more %v", r.Shown, s.Whole, r.More)
			}
			var shouted int64
			for _, f := range r.Report.Findings {
				if f.Code == "subject-shouts" {
					shouted = max(f.Rows, 1)
				}
			}
			if test.shown > 1 && shouted != test.shouted {
				t.Errorf("%d subjects shout, want %d", shouted, test.shouted)
			}
			if _, err := os.Stat(file); err != nil {
				t.Error(err)
			}
			if _, err := os.Stat(filepath.Join(o.Definition.Home(), "state.db")); err == nil {
				t.Error("a ledger was made")
			}
		})
	}
}

// Changes are counted from all goroutines, and the first of them are those of the first rows.
func TestChanges(t *testing.T) {
	t.Parallel()
	o := club(t, 1200)
	old := filepath.Join(t.TempDir(), "old.html")
	v, err := page.Open(filepath.Join(filepath.Dir(old), "index.html"), "club", true)
	if err != nil {
		t.Fatal(err)
	}
	cfg := Config{Options: o, Page: v}
	r, err := Make(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Close(r.Summary(cfg, time.Now())); err != nil {
		t.Fatal(err)
	}
	people := filepath.Join(o.Definition.Dir, "people.csv")
	text, err := os.ReadFile(people)
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.NewReplacer("Letter 3\n", "Letter three\n", "Letter 1199\n", "The last\n",
		"p7@example.com,Person 7,Letter 7\n", "").Replace(string(text)) + "new@example.com,New,Letter\n"
	if err := os.WriteFile(people, []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
	set, err := earlier.Open(context.Background(), earlier.Config{Named: []string{filepath.Dir(old)}})
	if err != nil {
		t.Fatal(err)
	}
	r, err = Make(context.Background(), Config{Options: o, Earlier: set})
	if err != nil {
		t.Fatal(err)
	}
	got := r.Text()
	for _, want := range []string{"2 changed, 1 new, 1 gone, 1197 the same",
		"changed: people.csv:5 p3@example.com\n    Of the message: the field Subject",
		"changed: people.csv:1200 p1199@example.com", "new: people.csv:1201 new@example.com", "p7@example.com"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if strings.Index(got, "p3@") > strings.Index(got, "p1199@") {
		t.Errorf("the order:\n%s", got)
	}
}
