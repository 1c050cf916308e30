package main

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"mailshot/campaign"
	"mailshot/campaign/dispatch"
	"mailshot/campaign/report"
	"mailshot/campaign/transport"
	"mailshot/cmd/mailshot/human"
	"mailshot/cmd/mailshot/textwidth"
	"mailshot/internal/shell"
	"mailshot/sender"
)

func TestProgress(t *testing.T) {
	t.Parallel()
	var said []string
	p := newProgress(screen{}, func(format string, args ...any) { said = append(said, fmt.Sprintf(format, args...)) })
	begin := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	p.zone = time.FixedZone("CET", 3600) // that of the machine may have no name
	p.tick(begin)                        // nothing is known yet
	p.connection(sender.Event{Kind: sender.Silent, Server: "mail.example:587", Text: "connected, and no greeting yet"})
	p.connection(sender.Event{Kind: sender.Opened, Server: "mail.example:587"})
	p.observe(dispatch.Event{Kind: "started", Planned: 200, Time: begin})
	p.observe(dispatch.Event{Kind: "refused", Planned: 200, Done: 50,
		Counts: counted(map[string]int64{"sent": 48, "refused": 2, "invalid": 3}), Time: begin})
	p.tick(begin.Add(10 * time.Second))
	p.tick(begin.Add(15 * time.Second)) // no news: nothing to say
	p.observe(dispatch.Event{Kind: "hold", Planned: 200, Done: 50, Text: "421 \x1b[2Jbusy",
		Until: begin.Add(time.Minute), Time: begin})
	p.observe(dispatch.Event{Kind: "sent", Planned: 200, Done: 51,
		Counts: counted(map[string]int64{"sent": 49, "refused": 2}),
		Time:   begin})
	p.tick(begin.Add(20 * time.Second))
	p.observe(dispatch.Event{Kind: "draining", Planned: 200, Done: 51, InFlight: 5, Begun: 3})
	const hold = "10:01:00 CET"
	want := []string{
		"mail.example:587 has said nothing for 5 s and is waited for: connected, and no greeting yet",
		"50 of 200 · 5.0/s · 48 sent · 2 refused · 30 s left",
		"waiting until " + hold + `: 421 \x1b[2Jbusy`,
		"51 of 200 · 2.5/s · 49 sent · 2 refused · 59 s left · waiting until " + hold,
		"stopping: waiting for 3 replies, up to 10 min; press again to leave 3 unknown",
	}
	if got := strings.Join(said, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("it said\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
}

func TestProgressBar(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		done, planned int64
		width         int
		want          string
	}{
		{0, 10, 12, "[..........] "},
		{5, 10, 12, "[#####.....] "},
		{10, 10, 12, "[##########] "},
		{11, 10, 12, "[##########] "},
		{5, 10, 6, ""},
	} {
		if got := bar(c.done, c.planned, c.width); got != c.want {
			t.Errorf("bar(%d, %d, %d) = %q, want %q", c.done, c.planned, c.width, got, c.want)
		}
	}
	var out strings.Builder
	p := newProgress(screen{w: &out, terminal: true},
		func(format string, args ...any) { fmt.Fprintf(&out, format+"\n", args...) })
	begin := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	p.observe(dispatch.Event{Kind: "started", Planned: 4, Time: begin})
	p.observe(dispatch.Event{Kind: "sent", Planned: 4, Done: 1, Counts: counted(map[string]int64{"sent": 1}), Time: begin})
	p.tick(begin.Add(time.Second))
	p.observe(dispatch.Event{Kind: "refused", Planned: 4, Done: 2, Place: "people.csv:3", Address: "bob@example.com",
		Text: "550 no", Time: begin})
	want := "\r[#######.....................] 1 of 4 · 1.0/s · 1 sent · 3 s left\x1b[K" +
		"\r\x1b[Kpeople.csv:3 bob@example.com refused: 550 no\n"
	if got := out.String(); got != want {
		t.Errorf("it drew\n%q\nwant\n%q", got, want)
	}
}

// A run whose plan ends on Monday is not said to end in seconds, as its first messages' rate would have it. Proven by
// leaving out the plan's end: "20 s left".
func TestProgressKnowsThePlan(t *testing.T) {
	t.Parallel()
	var said string
	p := newProgress(screen{}, func(format string, args ...any) { said = fmt.Sprintf(format, args...) })
	begin := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	p.zone, p.ends = time.FixedZone("CET", 3600), begin.Add(48*time.Hour)
	p.observe(dispatch.Event{Kind: "started", Planned: 30, Time: begin})
	p.observe(dispatch.Event{Kind: "sent", Planned: 30, Done: 10, Counts: counted(map[string]int64{"sent": 10}),
		Time: begin})
	p.tick(begin.Add(10 * time.Second))
	if want := "10 of 30 · 1.0/s · 10 sent · until Monday, 10:00 CET at the earliest"; said != want {
		t.Errorf("it said %q, want %q", said, want)
	}
	p.ends = begin.Add(15 * time.Second) // it was slower than foreseen
	if want := "20 s left"; !strings.HasSuffix(p.line(begin.Add(10*time.Second)), want) {
		t.Errorf("it says %q, want %q", p.line(begin.Add(10*time.Second)), want)
	}
}

// A bar that was drawn in a wider window takes several lines of a narrower one, and all of them go. Proven by clearing
// the last line alone: the screen kept "[###".
func TestProgressInANarrowerWindow(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	p := newProgress(screen{w: &out, terminal: true}, func(string, ...any) {}) // 80 columns
	p.drawn, p.columns = true, 200
	p.clear()
	if got, want := out.String(), "\r\x1b[2A\x1b[J\x1b[K"; got != want {
		t.Errorf("it wrote %q, want %q", got, want)
	}
}

// The next command begins with the program as it was called, and so do those that a hint names beside it. Proven by
// writing the name alone.
func TestTyped(t *testing.T) {
	t.Parallel()
	tl := &tool{program: "./mailshot"}
	for next, want := range map[string]string{
		"mailshot send c.yaml":                         "./mailshot send c.yaml",
		"fix it, then mailshot check mailshot":         "fix it, then ./mailshot check mailshot",
		"mailshot suppress list, or mailshot why ann@": "./mailshot suppress list, or ./mailshot why ann@",
		"restore a backup of mailshot.db":              "restore a backup of mailshot.db",
	} {
		if got := tl.typed(next); got != want {
			t.Errorf("typed %q, want %q", got, want)
		}
	}
	for arg, want := range map[string]string{
		"mailshot": "mailshot", "./mailshot": "./mailshot", "/opt/mailshot": "/opt/mailshot",
		"/tmp/go-build123/b001/exe/mailshot": "go run ",
	} {
		if got := called(arg); got != want && !(want == "go run " && strings.HasPrefix(got, want)) {
			t.Errorf("called(%q) = %q, want %q", arg, got, want)
		}
	}
}

// A list of which every row goes wrong does not fill the screen.
func TestProgressTellsFew(t *testing.T) {
	t.Parallel()
	said := 0
	p := newProgress(screen{terminal: true}, func(string, ...any) { said++ })
	for range 1000 {
		p.observe(dispatch.Event{Kind: "refused", Planned: 1000})
	}
	if said != mostTold+1 {
		t.Errorf("it said %d lines, want %d", said, mostTold+1)
	}
}

// A server that gives each copy another reason has five of them told, the commonest first, and how many more there are.
func TestSaysFewReasons(t *testing.T) {
	t.Parallel()
	var stderr bytes.Buffer
	sum := &campaign.Summary{}
	for i := range 30 {
		text := fmt.Sprintf("queue id %02d", i)
		if i%10 == 7 {
			text = "full"
		}
		sum.Copies.Named = append(sum.Copies.Named, transport.Unfiled{Place: fmt.Sprint("people.csv:", i+2), Text: text})
	}
	(&tool{stderr: &stderr}).sayCopies(sum, report.SentCopies{Failed: 30})
	lines := strings.Split(strings.TrimSpace(stderr.String()), "\n")
	if len(lines) != 7 || lines[1] != "mailshot: no copy: full: people.csv:9, people.csv:19, people.csv:29" ||
		lines[6] != "mailshot: no copy: and 23 more; --log FILE has them" {
		t.Errorf("%q", lines)
	}
}

func TestWords(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.FixedZone("CET", 3600))
	const zone = "CET"
	for _, c := range []struct{ got, want string }{
		{shell.Quote("a.yaml"), "a.yaml"},
		{shell.Quote("my camp/a.yaml"), "'my camp/a.yaml'"},
		{shell.Quote("it's"), `'it'\''s'`},
		{shell.Quote(""), "''"},
		{human.Plural(1, "reply", "replies"), "1 reply"},
		{human.Plural(0, "reply", "replies"), "0 replies"},
		{human.Plural(2, "row"), "2 rows"},
		{human.Size(1), "1 byte"},
		{human.Size(999), "999 bytes"},
		{human.Size(12345), "12 kB"},
		{human.Size(999_600), "1.0 MB"},
		{human.Duration(1500 * time.Millisecond), "1.5 s"},
		{human.Duration(61 * time.Second), "1 min 1 s"},
		{human.Duration(3*time.Hour + 20*time.Minute), "3 h 20 min"},
		{human.Duration(50 * time.Hour), "2 days 2 h"},
		{human.When(now, now), "now"},
		{human.When(now.Add(time.Hour).UTC(), now), "at 10:00:00 " + zone},
		{human.When(now.Add(24*time.Hour), now), "on Monday, 09:00 " + zone},
		{human.When(now.Add(240*time.Hour), now), "on 2 December 2026, 09:00 " + zone},
		{textwidth.Fit("مرحبا", 10), "مرحبا"},
		{textwidth.Fit("日本語のテキスト", 7), "日本語…"},
		{fmt.Sprint(textwidth.Of("می\u200cخواهم")), "7"},
		{fmt.Sprint(textwidth.Of("日本 e\u0301")), "6"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

// counted is the Counts of an event.
func counted(n map[string]int64) func() map[string]int64 { return func() map[string]int64 { return n } }
