package definition

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"mailshot/campaign/check"
	"mailshot/campaign/definition/copies"
	"mailshot/campaign/definition/schema"
	"mailshot/sender/limits"
)

// Each file of testdata/bad has beside it the messages that it gives, as a person sees them.
//
// The password-* files hold the secret hunter2 in every place where a person may put it, and no message may show it.
// Broken on purpose: 33 of the files show it without the mask in an excerpt's line, two without secretLines, one
// without hide, and one without the mask in shown.
func TestBad(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil || len(names) < 90 {
		t.Fatal(len(names), err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".yaml"), func(t *testing.T) {
			t.Parallel()
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			d, err := Parse("campaign.yaml", data, "testdata/folder")
			if err == nil || d != nil {
				t.Fatal("no mistake was found")
			}
			var b strings.Builder
			for _, f := range check.From(err) {
				if f.Code == "error" || !strings.HasPrefix(f.Place, "campaign.yaml") {
					t.Errorf("%+v", f)
				}
				if err := f.Write(&b); err != nil {
					t.Fatal(err)
				}
				if strings.Contains(f.Excerpt, "hunter2") {
					t.Errorf("the excerpt shows the secret: %q", f.Excerpt)
				}
			}
			if got := b.String() + err.Error(); strings.Contains(got, "hunter2") {
				t.Errorf("the secret is shown:\n%s", got)
			}
			path := strings.TrimSuffix(name, ".yaml") + ".txt"
			if *update {
				if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if b.String() != string(want) {
				t.Errorf("got\n%s\nwant\n%s", b.String(), want)
			}
		})
	}
}

func load(t *testing.T, name string) *Definition {
	t.Helper()
	data, err := os.ReadFile("testdata/good/" + name)
	if err != nil {
		t.Fatal(err)
	}
	d, err := Parse("campaign.yaml", data, "testdata/folder")
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// at is a text with its place.
func at(text string, line, column int) Text { return Text{Text: text, Line: line, Column: column} }

func TestLeast(t *testing.T) {
	t.Parallel()
	d := load(t, "least.yaml")
	want := &Definition{
		Path: "campaign.yaml", Name: "campaign.yaml", Dir: "testdata/folder", Digest: d.Digest,
		ID: "news", From: at("News <news@example.com>", 2, 7), Subject: at("Hello", 3, 10),
		Recipients: Recipients{File: "people.csv", Duplicates: "error",
			Places: map[string]Text{"file": at("people.csv", 4, 21)}},
		Body: Body{Markdown: at("body.md", 5, 19)},
	}
	want.marks = d.marks // see readiness
	if !reflect.DeepEqual(want, d) {
		t.Errorf("got  %+v\nwant %+v", d, want)
	}
	if len(d.Digest) != 64 {
		t.Errorf("digest %q", d.Digest)
	}
}

// Every key of the table is read into its field, with its place.
func TestMost(t *testing.T) {
	t.Parallel()
	d := load(t, "most.yaml")
	want := &Definition{
		Path: "campaign.yaml", Name: "campaign.yaml", Dir: "testdata/folder", Digest: d.Digest,
		ID:      "news-{{ date }}",
		From:    at("{{.sender}} <news@example.com>", 3, 8),
		ReplyTo: at("Help 'desk' <help@example.com>", 4, 12),
		Copies:  copies.Mail{ReplyTo: []Text{at("Help 'desk' <help@example.com>", 4, 12)}},
		Subject: at(`Hello {{.name}}, here is "it"`, 7, 3),
		Bounces: d.Bounces,
		Recipients: Recipients{
			File: "-", Delimiter: '\t', HeaderRow: 1000, Columns: map[string]string{"due date": "date", "2026": "number"},
			Where: at("amount > 0", 17, 5), Duplicates: "first", Language: "lang",
			Places: map[string]Text{"columns.2026": at("2026", 15, 5), "columns.due date": at("due date", 14, 6),
				"language": at("lang", 19, 13), "file": at("-", 10, 10)},
		},
		Body: Body{
			HTML: at("body.html", 21, 9), Text: at("body.md", 22, 9), Layout: at("letter", 23, 11),
			Language: "pt-BR", Direction: "rtl",
		},
		Attachments: []Attachment{
			{File: at("invoices/{{.number}}.pdf", 27, 9), Name: at("{{.number}}: é.pdf", 28, 10)},
			{File: at("logo.png", 29, 11), CID: "logo"},
		},
		Languages: Languages{Default: "pt-BR", Others: []Language{
			{
				Tag: at("fa", 54, 3), Subject: at("خبر", 54, 18),
				Body:        Body{Markdown: at("body.md", 54, 33), Layout: at("plain", 54, 50), Language: "fa", Direction: "rtl"},
				Attachments: []Attachment{{File: at("logo.png", 54, 96)}},
			},
			{Tag: at("de", 55, 3), Body: Body{Language: "de"}},
		}},
		Suppress: []Text{at("do-not-mail.csv", 30, 11)},
		Headers: []Header{
			{"X-One", at("012", 32, 10)}, {"List-Id", at("News <news.example.com>", 33, 13)}, {"X-Three", at("no", 34, 12)},
		},
		Archive: "sent/",
		Notify:  "failure,delay",
		Limits: Limits{
			Caps: []limits.Cap{{N: 20, Window: time.Minute}},
			Domains: map[string][]limits.Cap{
				"xn--bcher-kva.example": {{N: 1, Window: time.Second}, {N: 10000, Window: 24 * time.Hour}},
			},
			Connections: 4, MessagesPerConnection: 1000,
			Retry: limits.Backoff{First: 90 * time.Second, Max: 2 * time.Hour, GiveUp: 48 * time.Hour},
		},
	}
	want.single = Server{
		Name: "[::1]:2525", Weight: 1, Host: "::1", Port: 2525, Protocol: "lmtp", TLS: "none",
		Username: "me", Password: &Secret{Command: []string{"pass", "show", "smtp"}}, Chunking: 32768,
		Limits: Limits{Caps: want.Limits.Caps, Connections: 4, MessagesPerConnection: 1000}, path: "server",
	}
	want.Servers = []*Server{&want.single}
	want.marks = d.marks // see readiness
	if d.Bounces.String() != "bounces@xn--bcher-kva.example" {
		t.Errorf("bounces %v", d.Bounces)
	}
	if !reflect.DeepEqual(want, d) {
		t.Errorf("got  %+v\nwant %+v", d, want)
	}
}

// The date of an id is that of the schedule's zone, wherever the program runs. Proven by taking the date in the zone of
// the clock: "news-2026-11-02".
func TestExpandID(t *testing.T) {
	t.Parallel()
	d := &Definition{ID: "news-{{ date }}"}
	d.Schedule.Zone = time.FixedZone("", 2*3600)
	now := time.Date(2026, 11, 2, 23, 59, 0, 0, time.FixedZone("", 3600))
	if got := d.ExpandID(now); got != "news-2026-11-03" {
		t.Errorf("id %q", got)
	}
	if got := d.IDTemplate(); got != "news-{{date}}" {
		t.Errorf("template %q", got)
	}
}

// An id is one of the template's only if it is the template's text with one day.
func TestDayOf(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ id, of, day string }{
		{"news-{{date}}", "news-2026-11-03", "2026-11-03"},
		{"news-{{ date }}-b", "news-2026-11-03-b", "2026-11-03"},
		{"{{date}}.{{date}}", "2026-11-03.2026-11-03", "2026-11-03"},
		{"{{date}}.{{date}}", "2026-11-03.2026-11-04", ""},
		{"news-{{date}}", "news-2026-11-03-b", ""},
		{"news-{{date}}", "news-2026-11-03/rehearsal/1", ""},
		{"news-{{date}}", "news-2026-13-03", ""},
		{"news-{{date}}", "news-2026-1-3", ""},
		{"news-{{date}}", "newsX2026-11-03", ""},
		{"news-{{date}}", "news-", ""},
		{"news-2026-11-03", "news-2026-11-03", ""}, // no date in it: one campaign
		{"", "2026-11-03", ""},
	} {
		day, ok := (&Definition{ID: tt.id}).DayOf(tt.of)
		if day != tt.day && ok || ok != (tt.day != "") {
			t.Errorf("%s of %s: %q, %v; want %q", tt.of, tt.id, day, ok, tt.day)
		}
	}
}

func TestDefaultPort(t *testing.T) {
	t.Parallel()
	least, err := os.ReadFile("testdata/good/least.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for tls, want := range map[string]int{
		", protocol: lmtp": 24, "": 587, ", tls: starttls": 587, ", tls: implicit": 465, ", tls: implicit, port: 4465": 4465,
	} {
		d, err := Parse("campaign.yaml", []byte(string(least)+"server: { host: smtp.example.com"+tls+" }\n"), "")
		if err != nil || d.Servers[0].Port != want {
			t.Errorf("%q: %+v, %v", tls, d, err)
		}
	}
}

// The files that a campaign names are looked for below its own folder, wherever the program runs.
func TestLoad(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	least, err := os.ReadFile("testdata/good/least.yaml")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "news.yaml")
	write("news.yaml", "\ufeff"+string(least))
	_, err = Load(path)
	var e *Error
	if !errors.As(err, &e) || e.Place != "news.yaml:4:21" || e.Code != "missing-file" {
		t.Errorf("without the list: %v", err)
	}
	write("people.csv", "")
	write("body.md", "")
	d, err := Load(path)
	if err != nil || d.Path != path || d.Dir != dir || d.Name != "news.yaml" {
		t.Errorf("%+v, %v", d, err)
	}

	if err := os.Remove(filepath.Join(dir, "body.md")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(os.DevNull, filepath.Join(dir, "body.md")); err == nil {
		if _, err = Load(path); !errors.As(err, &e) || e.Code != "leaves-folder" {
			t.Errorf("a link out of the folder: %v", err)
		}
	}

	if _, err := Load(filepath.Join(dir, "none.yaml")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	if _, err := Load(dir); err == nil {
		t.Error("a folder was read")
	}
	write("news.yaml", strings.Repeat("#", MaxSize+1))
	if _, err := Load(path); !errors.As(err, &e) || e.Code != "too-large" {
		t.Errorf("a large file: %v", err)
	}
}

// A file full of mistakes gives the first hundred mistakes and the number of the others.
func TestManyMistakes(t *testing.T) {
	t.Parallel()
	_, err := Parse("campaign.yaml", []byte("id: news\n"+strings.Repeat("zzzzz: 1\n", 1000)), "")
	fs := check.From(err)
	if n := len(fs); n > schema.MaxErrors+10 || n < schema.MaxErrors || !strings.HasSuffix(fs[n-1].Text, "more mistakes") {
		t.Errorf("%d findings, the last %+v", len(fs), fs[len(fs)-1])
	}
}

func FuzzParse(f *testing.F) {
	for _, pattern := range []string{"testdata/bad/*.yaml", "testdata/good/*.yaml"} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			f.Fatal(err)
		}
		for _, name := range names {
			if data, err := os.ReadFile(name); err == nil && len(data) < 4096 {
				f.Add(data)
			}
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := Parse("campaign.yaml", data, "")
		if (err == nil) != (d != nil) {
			t.Fatal("neither or both")
		}
		for _, finding := range check.From(err) {
			if finding.Code == "error" || finding.Text == "" || !strings.HasPrefix(finding.Place, "campaign.yaml") {
				t.Fatalf("%+v", finding)
			}
			if finding.Column > len([]rune(finding.Excerpt))+1 {
				t.Fatalf("column %d in %q", finding.Column, finding.Excerpt)
			}
		}
		if d != nil && (d.ID == "" || d.Recipients.File == "" || !d.From.Given() || !d.Subject.Given()) {
			t.Fatalf("%+v", d)
		}
	})
}

// What follows password: is never shown, whatever it is and whatever is wrong around it.
func FuzzPassword(f *testing.F) {
	f.Add("", "", "\nprot: 1")
	f.Add("\"", "\"", ", x: @")
	f.Add("{ env: ", "}", "")
	f.Add("|\n    ", "\n", "  host: [")
	f.Add("[", "]", "")
	f.Fuzz(func(t *testing.T, before, after, rest string) {
		const secret = "Xq7Zk2Vw9"
		for _, frame := range []string{"server:\n  host: x y\n  password: %\n", "server: { host: x y, password: % }\n"} {
			text := strings.Replace(frame, "%", before+secret+after, 1) + rest
			_, err := Parse("campaign.yaml", []byte(text), "")
			for _, f := range check.From(err) {
				if strings.Contains(f.String()+f.Excerpt, secret) && !strings.ContainsAny(before, ",}\n\r\u0085\u2028\u2029") {
					t.Fatalf("%q shows it: %s", text, f)
				}
			}
		}
	})
}

// A long file of one line, each word of it a mistake, is read in time that does not grow with its square. At the
// greatest size it takes 46 s instead of one second without the caches of excerpts and runes in source.
func TestLongLine(t *testing.T) {
	t.Parallel()
	for _, item := range []string{"x, ", "1/s #, ", "{ a: b }, ", "password: x, "} {
		text := "id: news\nlimits: { caps: [" + strings.Repeat(item, MaxSize/8/len(item)) + "] }\n"
		if _, err := Parse("campaign.yaml", []byte(text), ""); err == nil {
			t.Errorf("%q: no mistake was found", item)
		}
	}
}
