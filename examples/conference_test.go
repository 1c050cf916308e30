package examples

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"mailshot/internal/parsers"
)

// conference compares each guest's message with the list: the code is read by another program, and the invitation by
// another library.
func conference(t *testing.T) []arrived {
	rows := csvRows(t, "conference/guests.csv")
	all := deliver(t, "conference", "", len(rows))
	zone, err := time.LoadLocation("Europe/Copenhagen")
	if err != nil {
		t.Fatal(err)
	}
	calendars, codes := make([][]byte, len(rows)), make([][]byte, len(rows))
	pairs := match(t, rows, all, func(row []string, a arrived) bool { return a.To[0] == row[2] })
	for i, a := range pairs {
		ticket, name, track := rows[i][0], rows[i][1], rows[i][3]
		a.expect(t, "tickets@harbourdays.example", parsers.Message{
			From:    parsers.Mailbox{Name: "Harbour Days", Address: "tickets@harbourdays.example"},
			To:      parsers.Mailbox{Name: name, Address: rows[i][2]},
			ReplyTo: parsers.Mailbox{Address: "help@harbourdays.example"},
			Subject: "Your ticket " + ticket + " for the Harbour Days",
		})
		var names []string
		for _, p := range a.read.Parts {
			names = append(names, p.Type+" "+p.Name)
		}
		want := []string{"text/plain ", "text/html ", "text/calendar ", "image/png " + ticket + ".png",
			"application/ics invitation.ics", "text/plain Confirmation " + ticket + ".txt"}
		if track == "boats" {
			want = append(want, "text/plain boats-bring.txt")
		}
		want = append(want, "text/plain "+track+"-read.txt")
		if !slices.Equal(names, want) {
			t.Fatalf("%s: %q, want %q", ticket, names, want)
		}
		parts := a.read.Parts
		a.contains(t, string(parts[1].Content), `src="cid:badge@harbourdays.example"`, `alt="The code of ticket `+ticket+`"`)
		a.contains(t, string(parts[5].Content), "Ticket     "+ticket+"\nName       "+name+"\n")
		if parts[3].CID != "badge@harbourdays.example" || !parts[3].Inline ||
			!bytes.Equal(parts[2].Content, parts[4].Content) {
			t.Errorf("%s: %+v", ticket, parts[3])
		}
		calendars[i], codes[i] = parts[2].Content, parts[3].Content
	}
	t.Run("calendars", func(t *testing.T) {
		read, err := parsers.Calendars(t.Context(), calendars)
		if errors.Is(err, parsers.ErrNoCalendar) {
			t.Skip(err)
		} else if err != nil {
			t.Fatal(err)
		}
		seen := make(map[string]bool)
		for i, c := range read {
			starts, err := time.ParseInLocation("2006-01-02 15:04", rows[i][5], zone)
			if err != nil {
				t.Fatal(err)
			}
			minutes, _ := strconv.Atoi(rows[i][6])
			from, until := starts.UTC(), starts.UTC().Add(time.Duration(minutes)*time.Minute)
			got := []string{c["METHOD"], c["SUMMARY"], c["LOCATION"], c["DTSTART"], c["DTEND"], c["ATTENDEE"],
				c["ATTENDEE;CN"], c["SEQUENCE"]}
			if want := []string{"REQUEST", "Workshop: " + rows[i][4], rows[i][7] + ", Harbour House, Copenhagen",
				from.Format("2006-01-02T15:04:05+00:00"), until.Format("2006-01-02T15:04:05+00:00"),
				"mailto:" + rows[i][2], rows[i][1], "0"}; !slices.Equal(got, want) || seen[c["UID"]] {
				t.Errorf("%q, want %q; UID %s", got, want, c["UID"])
			}
			seen[c["UID"]] = true
		}
	})
	t.Run("codes", func(t *testing.T) {
		zbar, err := exec.LookPath("zbarimg")
		if err != nil {
			t.Skip("no zbarimg on this machine (Debian: zbar-tools): no code was read back")
		}
		for i, code := range codes {
			name := filepath.Join(t.TempDir(), "code.png")
			if err := os.WriteFile(name, code, 0o600); err != nil {
				t.Fatal(err)
			}
			out, err := exec.CommandContext(t.Context(), zbar, "--raw", "-q", "-Sbinary", name).Output()
			if err != nil || string(out) != rows[i][0] {
				t.Errorf("%s is read as %q: %v", rows[i][0], out, err)
			}
		}
	})
	return all
}
