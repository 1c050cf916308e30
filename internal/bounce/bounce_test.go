package bounce

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"mailshot/internal/bounce/parts"
)

// seeds are the examples of the rules, and reports.
func seeds() []string {
	all := []string{"", "\n", "From: a\n\n", report("Final-Recipient: rfc822; ann@example.com\nAction: failed\nStatus: 5.1.1")}
	for _, r := range book().notices {
		for _, e := range r.examples {
			all = append(all, e.text)
		}
	}
	return all
}

// check holds for what any message at all means.
func check(t *testing.T, b []byte) {
	t.Helper()
	m, err := Read(bytes.NewReader(b), Options{})
	if err != nil {
		var limit *parts.LimitError
		if !errors.As(err, &limit) {
			t.Fatal(err)
		}
		return
	}
	if len(m.Reports) == 0 || len(m.Reports) > 1000 || len(m.To) > 200 || len(m.About.MessageIDs) > 20 {
		t.Fatalf("%d reports, to %d, %d ids", len(m.Reports), len(m.To), len(m.About.MessageIDs))
	}
	for _, r := range m.Reports {
		switch {
		case len(r.Line) > 300, !utf8.ValidString(r.Line), strings.IndexFunc(r.Line, unicode.IsControl) >= 0,
			r.Confidence < 0 || r.Confidence > 1, r.Kind == "", r.Code != 0 && r.Code/100 != 4 && r.Code/100 != 5,
			(r.Kind == Bounce || r.Kind == Delayed) != (r.Reason != ""),
			r.Reason == Hard && r.Kind != Bounce,
			strings.ContainsAny(r.Recipient, " \n<>"), r.Recipient != "" && !strings.Contains(r.Recipient, "@"):
			t.Fatalf("%+v", r)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, s := range seeds() {
		f.Add([]byte(s))
	}
	f.Fuzz(check)
}

// Messages that are cut, doubled and changed at random are read all the same.
func TestAnyBytes(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	all := seeds()
	for range 300 {
		b := []byte(all[r.IntN(len(all))])
		for range r.IntN(8) {
			if len(b) == 0 {
				break
			}
			switch at := r.IntN(len(b)); r.IntN(4) {
			case 0:
				b = b[:at]
			case 1:
				b = append(b[:at:at], all[r.IntN(len(all))]...)
			case 2:
				b[at] = byte(r.IntN(256))
			default:
				b = append(b[:at:at], append([]byte("\n\n--x\nContent-Type: message/rfc822\n\n"), b[at:]...)...)
			}
		}
		check(t, b)
	}
}

// A person's words about an address that does not exist decide nothing, and neither does what a person quotes.
//
// Broken on purpose: with the rule for any failure also for what people send, each of these is a bounce.
func TestPeople(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"From: Gus <gus@example.com>\nSubject: Re: News\n\nYour mail to ann@example.com could not be delivered: user unknown.\n",
		"From: Help <help@council.example>\nAuto-Submitted: auto-replied\nSubject: Ticket 7 opened\n\nThank you.\n\n" +
			"> 550 5.1.1 <ann@example.com>: user unknown\n",
		"From: postmaster@example.com\nSubject: Re: News\n\nPlease tell us more.\n\n> Your mail to ann@example.com could not be delivered\n",
		"From: Ann <ann@example.com>\nReturn-Path: <>\nAuto-Submitted: auto-replied\nSubject: Out of office\n\n" +
			"I am away. My old address ann@old.example does not exist any more.\n",
	} {
		for _, r := range read(t, text).Reports {
			if r.Kind == Bounce {
				t.Errorf("%s\n%+v", text, r)
			}
		}
	}
}

// Messages whose text is made to be slow are read in time that grows with their size.
//
// Broken on purpose: with the words of a paragraph counted from its beginning each time, the blanks take minutes; with a
// verdict for each of X-Failed-Recipients, however many, the names do.
func TestSlowTexts(t *testing.T) {
	t.Parallel()
	const head = "From: mailer-daemon@x.example\nSubject: failure notice\n"
	for _, text := range []string{
		"\nundeliverable" + strings.Repeat(" \n", 60_000), "\nundeliverable\n" + strings.Repeat("Received: from x\n", 11_000),
		strings.Repeat("X-Failed-Recipients: a@b.example, c@d.example\n", 10_000) + "\n" + strings.Repeat("\"", 190_000),
		"\nundeliverable\n" + strings.Repeat("<a@b.example>:\nodd\n\n", 6000), "\nundeliverable" + strings.Repeat("@", 190_000),
		"\nundeliverable to <a@b.example>: " + strings.Repeat("550 5.1.1 ", 19_000),
	} {
		check(t, []byte(head+text))
	}
}

func BenchmarkRead(b *testing.B) {
	all := seeds()
	if files, _ := filepath.Glob(corpora + "sisimai/*.eml"); len(files) > 0 {
		all = nil
		for _, name := range files {
			text, err := os.ReadFile(name)
			if err != nil {
				b.Fatal(err)
			}
			all = append(all, string(text))
		}
	}
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		if _, err := Read(strings.NewReader(all[n%len(all)]), Options{}); err != nil {
			b.Fatal(err)
		}
		n++
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "messages/s")
}
