package invitation

import (
	"errors"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"mailshot/internal/parsers"
	"mailshot/render"
	"mailshot/render/address"
	"mailshot/templates"
)

// event is an event whose texts are the columns of a row.
func event(t testing.TB, texts map[string]string) *Event {
	t.Helper()
	compiler := templates.New(templates.Config{})
	line := func(name string) *templates.Text {
		text, given := texts[name]
		if !given {
			return nil
		}
		l, err := compiler.Line(name, templates.Source{File: "campaign.yaml", Line: 1, Column: 1, Text: text})
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	return &Event{
		Start: line("start"), End: line("end"), Duration: line("duration"), Summary: line("summary"),
		Location: line("location"), Description: line("description"), URL: line("url"), Organizer: line("organizer"),
		Name: "summit", Domain: "acme.example",
	}
}

func to(t testing.TB, name, mail, cell string) render.Recipient {
	t.Helper()
	a, err := address.Parse(mail)
	if err != nil {
		t.Fatal(err)
	}
	return render.Recipient{Address: a, Name: name, Key: mail,
		Data: templates.Data{Text: map[string]string{"c": cell}, Values: map[string]any{"c": cell}}}
}

func berlin(t testing.TB) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// An event is what another parser reads: its times in UTC, its texts as they were given, the guest and the host. A
// changed event replaces the one before, and a cancelled one takes it away.
func TestEvent(t *testing.T) {
	t.Parallel()
	texts := map[string]string{"start": "2026-12-01 10:00", "duration": "90m", "summary": "Review; part 1, {{.c}}",
		"location": "Room 5, Berlin", "description": "{{.c}}", "url": "https://acme.example/?a=1,2",
		"organizer": `"Acme \"Events\"" <events@acme.example>`}
	first := event(t, texts)
	first.Zone = berlin(t)
	texts["start"], texts["end"] = "2026-12-02", "2026-12-03"
	delete(texts, "duration")
	changed := event(t, texts)
	changed.Sequence, changed.Cancel = 2, true
	cell := "line 1\r\nEND:VEVENT " + strings.Repeat("دیدار", 30)
	ann := to(t, `Ann "the" Guest`, "ann%x@example.com", cell)
	var made [][]byte
	for _, e := range []*Event{first, changed, first} {
		b, err := e.Make(ann)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.SplitSeq(strings.TrimSuffix(string(b), "\r\n"), "\r\n") {
			if len(line) > 75 || strings.ContainsAny(line, "\r\n") {
				t.Errorf("a line of %d octets: %q", len(line), line)
			}
		}
		made = append(made, b)
	}
	if string(made[0]) != string(made[2]) {
		t.Error("the same event is another one when it is made again")
	}
	read, err := parsers.Calendars(t.Context(), made)
	if errors.Is(err, parsers.ErrNoCalendar) {
		t.Skip(err)
	} else if err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(cell, "\r\n", "\n")
	for i, want := range []map[string]string{
		{"METHOD": "REQUEST", "events": "1", "DTSTART": "2026-12-01T09:00:00+00:00", "DTEND": "2026-12-01T10:30:00+00:00",
			"SUMMARY": "Review; part 1, " + text, "LOCATION": "Room 5, Berlin", "DESCRIPTION": text, "SEQUENCE": "0",
			"URL": "https://acme.example/?a=1,2", "ORGANIZER": "mailto:events@acme.example", "ORGANIZER;CN": "Acme 'Events'",
			"ATTENDEE": "mailto:ann%25x@example.com", "ATTENDEE;CN": "Ann 'the' Guest", "ATTENDEE;RSVP": "TRUE",
			"STATUS": "CONFIRMED", "DTSTAMP": "2000-01-01T00:00:00+00:00", "UID": read[1]["UID"]},
		{"METHOD": "CANCEL", "events": "1", "DTSTART": "2026-12-02", "DTEND": "2026-12-04", "SEQUENCE": "2",
			"STATUS": "CANCELLED", "DTSTAMP": "2000-01-01T00:00:02+00:00", "UID": read[0]["UID"]},
	} {
		for name, value := range want {
			if got := read[i][name]; got != value {
				t.Errorf("%d: %s is %q, want %q", i, name, got, value)
			}
		}
	}
	other, err := first.Make(to(t, "Bob", "bob@example.com", "x"))
	if err != nil || strings.Contains(string(other), read[0]["UID"]) ||
		!strings.HasSuffix(read[0]["UID"], "@acme.example") {
		t.Errorf("%v: the UID %s is not one person's", err, read[0]["UID"])
	}
}

// Times are moments. One that the clocks of a zone skip, or show twice, is a fault, and so is what is not a time. Seen
// to fail with time.ParseInLocation in local.
func TestTimes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ start, end, duration, want string }{
		{"2026-12-01 10:00", "2026-12-01T11:00", "", ":20261201T090000Z :20261201T100000Z"},
		{"2026-07-01T10:00:30", "", "1h30m", ":20260701T080030Z :20260701T093030Z"},
		{"2026-07-01 10:00+03:30", "", "1h", ":20260701T063000Z :20260701T073000Z"},
		{"2026-07-01T10:00:00Z", "", "1h", ":20260701T100000Z :20260701T110000Z"},
		{"2026-07-01", "", "2d", ";VALUE=DATE:20260701 ;VALUE=DATE:20260703"},
		{"2026-07-01", "2026-07-01", "", ";VALUE=DATE:20260701 ;VALUE=DATE:20260702"},
		{"2026-03-28 12:00", "", "1d", ":20260328T110000Z :20260329T100000Z"},
		{"2026-03-29 02:30", "", "1h", "!does not exist in Europe/Berlin"},
		{"2026-10-25 02:30", "", "1h", "!comes twice in Europe/Berlin"},
		{"2026-10-25 02:30+01:00", "", "1h", ":20261025T013000Z :20261025T023000Z"},
		{"2026-10-25 03:00", "", "1h", ":20261025T020000Z :20261025T030000Z"},
		{"1.12.2026 10:00", "", "1h", "!is not a moment"},
		{"2026-02-30 10:00", "", "1h", "!is not a moment"},
		{"", "", "1h", "!start is empty"},
		{"2026-12-01 10:00", "", "1 hour", "!is not a length of time"},
		{"2026-12-01 10:00", "", "-1h", "!is not a length of time"},
		{"2026-12-01", "", "90m", "!has a duration in days"},
		{"2026-12-01 10:00", "2026-12-01", "", "!not both days"},
		{"2026-12-01 10:00", "2026-12-01 09:00", "", "!ends before it begins"},
		{"2026-12-01 10:00", "2026-12-01 10:00", "", "!ends before it begins"},
		{"2026-12-01\r\nX:1", "", "1h", "!is not a moment"},
	} {
		texts := map[string]string{"start": c.start}
		if c.end != "" {
			texts["end"] = c.end
		} else {
			texts["duration"] = c.duration
		}
		e := event(t, texts)
		e.Zone = berlin(t)
		w := writer{to: to(t, "", "ann@example.com", "")}
		start, end := e.times(&w)
		got := start + " " + end
		if w.err != nil {
			got = w.err.Error()
		}
		if want, bad := strings.CutPrefix(c.want, "!"); bad && (w.err == nil || !strings.Contains(got, want)) || !bad &&
			got != want {
			t.Errorf("%+v: %s", c, got)
		}
	}
	w := writer{to: to(t, "", "ann@example.com", "")}
	event(t, map[string]string{"start": "2026-12-01 10:00", "duration": "1h"}).times(&w)
	if w.err == nil || !strings.Contains(w.err.Error(), "no time zone") {
		t.Errorf("%v", w.err)
	}
}

// Whatever a row brings, it is a value. Seen to fail with an address of the web that is written unseen.
func TestHostileCells(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ property, cell, want string }{
		{"url", "https://x.example/\r\nATTENDEE:mailto:eve@example.com", "bad-address"},
		{"url", "javascript:alert(1)", "bad-address"},
		{"summary", "a\x00b", "control-character"},
		{"summary", " ", "empty-value"},
		{"organizer", "a@example.com\r\nX:1", "bad-address"},
		{"organizer", "a@example.com, b@example.com", "bad-address"},
	} {
		texts := map[string]string{"start": "2026-12-01", "duration": "1d", "summary": "x", "organizer": "a@example.com"}
		texts[c.property] = "{{.c}}"
		_, err := event(t, texts).Make(to(t, "", "ann@example.com", c.cell))
		if fault := (*render.Fault)(nil); !errors.As(err, &fault) || fault.Code != c.want {
			t.Errorf("%s with %q: %v, want %s", c.property, c.cell, err, c.want)
		}
	}
}
