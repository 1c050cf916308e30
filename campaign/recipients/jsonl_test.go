package recipients

import (
	"context"
	"strings"
	"testing"
	"time"
)

func TestJSONLines(t *testing.T) {
	t.Parallel()
	list := "\uFEFF" + `{"email": "ann@example.com", "amount": 1234567890123456, "due": "2026-11-30", "vip": ` +
		`true, "note": "a\nb \u00fc"}` + "\r\n\n" +
		`{"amount": -1.5e2, "email": "bob@example.com", "vip": null, "due": null, "note": ""}` + "\n" +
		`{"email":"cem@example.com","amount":"x","due":"","vip":false,"note":","}`
	l, err := Open(Config{File: "-", Stdin: strings.NewReader(list),
		Columns: map[string]Type{"amount": Number, "due": Date, "vip": Bool}})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var got []map[string]any
	var faults []string
	for row, err := range l.Rows(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range row.Faults {
			faults = append(faults, f.Error())
		}
		got = append(got, row.Values())
	}
	if len(got) != 3 || got[0]["amount"] != 1234567890123456.0 ||
		!got[0]["due"].(time.Time).Equal(time.Date(2026, 11, 30, 0, 0, 0, 0, time.UTC)) ||
		got[0]["vip"] != true || got[0]["note"] != "a\nb ü" || got[1]["amount"] != -150.0 || got[1]["vip"] != nil ||
		got[1]["email"] != "bob@example.com" || got[2]["note"] != "," {
		t.Error(got)
	}
	if len(faults) != 1 || !strings.HasPrefix(faults[0], `-:4: amount: "x" is not a number`) {
		t.Error(faults)
	}
}

func TestJSONMistakes(t *testing.T) {
	t.Parallel()
	const first = `{"email":"a@example.com","n":1}` + "\n"
	for list, want := range map[string]string{
		first + `{"email":"b@example.com"}`: `-:2: the key "n" is missing (write null where ` +
			`the row has no value)`,
		first + `{"email":"b@example.com","n":1,"m":2}`: `-:2: the key "m", which the first object does ` +
			`not have (every object needs the keys of the first)`,
		first + `{"email":"b@example.com","n":[1]}`: `-:2: "n" holds a list or an object (a cell ` +
			`holds a text, a number, true, false or null)`,
		first + `{"email":"b@example.com","n":1,"n":2}`: `-:2: the key "n" appears twice (which of the ` +
			`two is meant?)`,
		first + `{"email":"b@example.com","n":1`: `-:2: not a JSON object: it is cut off (write ` +
			`one whole object per line)`,
		first + `{"email":"b@example.com","n":1} {}`: `-:2: something follows the object (write one ` +
			`object per line)`,
		first + `["b@example.com"]`: `-:2: not a JSON object: it does not begin with ` +
			`{ (write one whole object per line)`,
		first + `{"email":"b@example.com",}`: `-:2: not a JSON object: invalid character '}' ` +
			`looking for beginning of object key string (write one whole object per line)`,
		`{"email":{}}`: `-:1: "email" holds a list or an object (a cell ` +
			`holds a text, a number, true, false or null)`,
		`{}`: `-: the list is empty`,
		first + "{\"email\":\"b\xff@example.com\",\"n\":1}":       `-:2: bytes that are not UTF-8`,
		first + "{\"email\":\"b@example.com\",\"n\":\"\\ud800\"}": ``,
	} {
		_, faults := jsonFaults(list)
		switch {
		case want == "" && len(faults) == 0:
		case want == "" || len(faults) != 1 || !strings.HasPrefix(faults[0], want):
			t.Errorf("%q: %q, want %q", list, faults, want)
		}
	}
}

func jsonFaults(list string) (rows int, faults []string) {
	l, err := Open(Config{File: "-", Stdin: strings.NewReader(list)})
	if err != nil {
		return 0, []string{err.Error()}
	}
	defer l.Close()
	for _, err := range l.Rows(context.Background()) {
		if err != nil {
			faults = append(faults, err.Error())
		} else {
			rows++
		}
	}
	return rows, faults
}
