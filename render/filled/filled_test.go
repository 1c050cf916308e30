package filled

import (
	"encoding/csv"
	"errors"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"mailshot/internal/parsers"
	"mailshot/render"
	"mailshot/templates"
	"mailshot/templates/source"
)

// fill fills in a text for one cell. A fault is ! and its code.
func fill(t testing.TB, kind, text, cell string) string {
	t.Helper()
	mark := source.NewMark()
	line, err := templates.New(templates.Config{}).Line("file",
		templates.Source{File: "a" + kind, Line: 1, Column: 1, Text: text, Mark: mark})
	if err != nil {
		t.Fatal(err)
	}
	f := File{Kind: kind, Text: line, Mark: mark}
	made, err := f.Make(render.Recipient{Data: templates.Data{Text: map[string]string{"c": cell},
		Values: map[string]any{"c": cell}}})
	if fault := (*render.Fault)(nil); errors.As(err, &fault) {
		return "!" + fault.Code
	} else if err != nil {
		t.Fatal(err)
	}
	return string(made)
}

// What the author has written is as it was, and a cell is text in it.
func TestFill(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ kind, text, cell, want string }{
		{".txt", "Dear {{.c}},\n", "Ann\nand Bob", "Dear Ann\nand Bob,\n"},
		{".txt", "{{.c}}", "a\x00", "!control-character"},
		{".txt", "{{.c}}", "a\xff", "!control-character"},
		{".csv", "name,x\n{{.c}},1\n", "Ann", "name,x\r\nAnn,1\r\n"},
		{".csv", "{{.c}},1\n", "Ann, Bob", "\"Ann, Bob\",1\r\n"},
		{".csv", "{{.c}};1\n", "a\nb", "\"a\nb\";1\r\n"},
		{".csv", `"{{.c}}",1` + "\n", `a","b`, `"a"",""b",1` + "\r\n"},
		{".csv", "{{.c}} x,1\n", "a,b", "!unsafe-cell"},
		{".csv", "x{{.c}},1\n", `a"b`, "!unsafe-cell"},
		{".csv", "{{.c}},1\n", "=1+1", "'=1+1,1\r\n"},
		{".csv", `"{{.c}}",1`, "@SUM(1,2)", `"'@SUM(1,2)",1`},
		{".csv", "{{.c}},1", "-12.50", "-12.50,1"},
		{".csv", "{{.c}},1", "-12+cmd|' /C calc'!A0", "'-12+cmd|' /C calc'!A0,1"},
		{".csv", "x{{.c}},1", "=1", "x=1,1"},
		{".csv", "{{.c}}{{.c}},1", "=1", "'=1=1,1"},
		{".ics", "SUMMARY:{{.c}}\n", "a;b,c\\d\nEND:VEVENT", "SUMMARY:a\\;b\\,c\\\\d\\nEND:VEVENT\r\n"},
		{".ics", "URL:{{.c}}\n", "https://x.example/?a=1,2;3", "URL:https://x.example/?a=1,2;3\r\n"},
		{".ics", "URL:{{.c}}\n", "https://x.example/\nEND:VEVENT", "!unsafe-cell"},
		{".ics", "ATTENDEE;CN=\"{{.c}}\":mailto:a@example.com\n", "Ann, Bob",
			"ATTENDEE;CN=\"Ann, Bob\":mailto:a@example.com\r\n"},
		{".ics", "ATTENDEE;CN=\"{{.c}}\":mailto:a@example.com\n", `Ann":mailto:x`, "!unsafe-cell"},
		{".ics", "ATTENDEE;CN={{.c}}:mailto:a@example.com\n", "Ann;ROLE=CHAIR", "!unsafe-cell"},
		{".ics", "ATTENDEE;CN=Ann:mailto:{{.c}}\n", "a@example.com", "ATTENDEE;CN=Ann:mailto:a@example.com\r\n"},
		{".ics", "{{.c}}:x\n", "SUMMARY", "!unsafe-cell"},
		{".ics", "A:1\n{{.c}}\nB:2\n", "", "A:1\r\nB:2\r\n"},
		{".ics", "A:1\n\nB:2\n", "", "A:1\r\nB:2\r\n"},
		{".ics", "A:1\n 2\n\t3\nB:{{.c}}\n", "4", "A:123\r\nB:4\r\n"},
		{".vcf", "item1.URL:{{.c}}\n", "https://a.example/\nX:1", "!unsafe-cell"},
		{".vcf", "FN:{{.c}}\n", "Ann\rX:1", "FN:Ann\\nX:1\r\n"},
	} {
		if got := fill(t, c.kind, c.text, c.cell); got != c.want {
			t.Errorf("%s %q with %q: %q, want %q", c.kind, c.text, c.cell, got, c.want)
		}
	}
}

// Whatever is in a cell, a table has the cells that it has with "x". Seen to fail without the doubled quotes, and
// without the quotes around a whole cell.
func FuzzTable(f *testing.F) {
	for _, s := range []string{"x", "a,b", "\"", "a\nb", "=1", "\";\"", "\r\n", " a "} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, cell string) {
		for _, text := range []string{"{{.c}},1\n2,3\n", "\"{{.c}}\",1\n2,3\n", "1,{{.c}}\n2,3\n", "1,\"a {{.c}} b\"\n2,3"} {
			made := fill(t, ".csv", text, cell)
			if made == "!control-character" {
				return
			}
			got, err := csv.NewReader(strings.NewReader(made)).ReadAll()
			if err != nil || len(got) != 2 || len(got[0]) != 2 || !slices.Equal(got[1], []string{"2", "3"}) {
				t.Fatalf("%q: %q %v %v", text, made, got, err)
			}
			all := strings.ReplaceAll(strings.Join(got[0], ""), "\n", "")
			if want := strings.NewReplacer("\r", "", "\n", "").Replace(cell); !strings.Contains(strings.ReplaceAll(all, "\r",
				""), want) {
				t.Fatalf("%q: %q lost %q", text, all, want)
			}
		}
	})
}

// Whatever is in a cell, a calendar has the lines that it has with "x", none of them longer than 75 octets, and another
// parser reads the cell back. Seen to fail without Escape.
func TestCalendarIsReadBack(t *testing.T) {
	t.Parallel()
	// None has a backslash before n, which icalendar 4 reads as a line break.
	cells := []string{"x", "a;b,c", "a\nb", "\\", "END:VEVENT\r\nEND:VCALENDAR", "ملاقات؛ در تهران",
		strings.Repeat("é", 100),
		strings.Repeat("x", 74), "a\"b", "a:b", "^n", "%0d%0a", "🎉🎉🎉 " + strings.Repeat("🎉", 40)}
	var calendars [][]byte
	for _, c := range cells {
		made := fill(t, ".ics", "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//Acme//EN\nBEGIN:VEVENT\nUID:1@acme.example\n"+
			"DTSTAMP:20261128T100000Z\nDTSTART:20261201T100000Z\nSUMMARY:{{.c}}\nEND:VEVENT\nEND:VCALENDAR\n", c)
		for line := range strings.SplitSeq(strings.TrimSuffix(made, "\r\n"), "\r\n") {
			if len(line) > 75 || !utf8.ValidString(line) || strings.ContainsAny(line, "\r\n") {
				t.Errorf("%q: the line %q has %d octets", c, line, len(line))
			}
		}
		calendars = append(calendars, []byte(made))
	}
	read, err := parsers.Calendars(t.Context(), calendars)
	if errors.Is(err, parsers.ErrNoCalendar) {
		t.Skip(err)
	} else if err != nil {
		t.Fatal(err)
	}
	for i, c := range cells {
		want := strings.ReplaceAll(c, "\r\n", "\n")
		if got := read[i]["SUMMARY"]; got != want || read[i]["lines"] != read[0]["lines"] {
			t.Errorf("%q was read as %q, with %s lines", want, got, read[i]["lines"])
		}
	}
}
