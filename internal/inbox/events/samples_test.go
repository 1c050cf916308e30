package events

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mailshot/internal/inbox"
)

var update = flag.Bool("events.update", false, "write what is read into testdata, to be looked at")

// sample is an event as its provider's documentation has it, made up, and what is to be read in it.
type sample struct {
	name, payload string
	want          []string
}

func samples(t testing.TB, p Provider) (all []sample) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", string(p)+".txt"))
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") {
		switch {
		case strings.HasPrefix(l, "# "):
			all = append(all, sample{name: l[2:]})
		case strings.HasPrefix(l, "> "):
			all[len(all)-1].want = append(all[len(all)-1].want, l[2:])
		default:
			all[len(all)-1].payload += l + "\n"
		}
	}
	return all
}

// shown is a message in a line.
func shown(m inbox.Message) string {
	if m.Event == nil {
		_, err := m.Open(context.Background())
		return "mistake: " + err.Error()
	}
	r := m.Event.Reports[0]
	date := "no date"
	if !m.Event.Date.IsZero() {
		date = m.Event.Date.Format(time.RFC3339)
	}
	return fmt.Sprintf("%s, %s, %s, %d %s, %q, %.1f, %q; %s; about %s from %s %s", r.Kind, r.Reason, r.Recipient, r.Code,
		r.Enhanced, r.Detail, r.Confidence, r.Line, date, strings.Join(m.Event.About.MessageIDs, " "),
		strings.Join(m.Event.About.Senders, " "), m.Event.About.EnvelopeID)
}

// everything reads a text.
func everything(t testing.TB, text string, p Provider) (got []inbox.Message, count Count) {
	t.Helper()
	err := Read(t.Context(), strings.NewReader(text), Stream{"x", p, &count}, nil, func(m inbox.Message) error {
		got = append(got, m)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return got, count
}

// What each provider writes is read, whether it is told whose it is or not. The samples were written after the
// documentation that the readers name; what is read in each was looked at.
func TestSamples(t *testing.T) {
	t.Parallel()
	total := 0
	for _, p := range Providers() {
		all := samples(t, p)
		var written strings.Builder
		for _, s := range all {
			total++
			got, count := everything(t, s.payload, "")
			told, _ := everything(t, s.payload, p)
			var lines []string
			for i, m := range got {
				lines = append(lines, shown(m))
				if m.Event != nil && (m.Trusted == strings.HasPrefix(m.Event.Reports[0].Recipient, "other@") ||
					len(m.Event.Reports) != 1) {
					t.Errorf("%s, %s: %+v", p, s.name, m)
				}
				if i < len(told) && told[i].ID != m.ID {
					t.Errorf("%s, %s: told whose it is, it is another event", p, s.name)
				}
			}
			if len(told) != len(got) {
				t.Errorf("%s, %s: %d events, and %d when told whose", p, s.name, len(got), len(told))
			}
			for kind, n := range count.Left {
				lines = append(lines, fmt.Sprintf("left out: %d %s", n, kind))
			}
			sortLeft(lines)
			if strings.Join(lines, "\n") != strings.Join(s.want, "\n") && !*update {
				t.Errorf("%s, %s:\n%s\nwant\n%s", p, s.name, strings.Join(lines, "\n"), strings.Join(s.want, "\n"))
			}
			fmt.Fprintf(&written, "# %s\n%s", s.name, s.payload)
			for _, l := range lines {
				fmt.Fprintf(&written, "> %s\n", l)
			}
		}
		if *update {
			if err := os.WriteFile(filepath.Join("testdata", string(p)+".txt"), []byte(written.String()), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	if total < 60 {
		t.Errorf("%d samples", total)
	}
}

// sortLeft sorts what was left out, which has no order.
func sortLeft(lines []string) {
	for i := range lines {
		for j := i + 1; j < len(lines); j++ {
			if strings.HasPrefix(lines[i], "left out") && strings.HasPrefix(lines[j], "left out") && lines[j] < lines[i] {
				lines[i], lines[j] = lines[j], lines[i]
			}
		}
	}
}

var errStop = errors.New("stop")

// Of SES only an address that the message was sent to is its own word: the others come from whoever sends it a report.
// Seen to fail with Trusted of each event.
func TestHearsay(t *testing.T) {
	t.Parallel()
	for destination, trusted := range map[string]bool{`"gone@example.org"`: true, `"Gone <GONE@example.org>"`: true,
		`"ann@example.org"`: false, `"ann@example.org","gone@example.org"`: true, ``: false} {
		got, _ := everything(t, `{"eventType":"Bounce","bounce":{"bounceType":"Permanent","bounceSubType":"General",`+
			`"bouncedRecipients":[{"emailAddress":"gone@example.org"}]},"mail":{"destination":[`+destination+`]}}`, "")
		if len(got) != 1 || got[0].Trusted != trusted {
			t.Errorf("%s: %+v", destination, got)
		}
	}
}
