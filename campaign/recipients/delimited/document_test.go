package delimited

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"mailshot/campaign/recipients/fault"
)

// objects reads a list and returns its records with their lines, and the fault that ended it.
func objects(t *testing.T, in io.Reader) (records []string, wrong *fault.Fault) {
	t.Helper()
	j, err := NewJSON(Config{File: "people.json"}, in)
	if err != nil {
		t.Fatal(err)
	}
	for {
		rec, err := j.Next()
		if err == io.EOF {
			return records, nil
		}
		if err != nil {
			if !errors.As(err, &wrong) {
				t.Fatal(err)
			}
			if wrong.Final {
				return records, wrong
			}
			continue
		}
		records = append(records, fmt.Sprintf("%d%v", rec.Line, rec.Fields))
	}
}

func TestArray(t *testing.T) {
	t.Parallel()
	for list, want := range map[string]string{
		`[]`: ``,
		"\uFEFF" + `[{"email":"a@x.example","n":1},{"n":2,"email":"b@x.example"}]`: `` +
			`1[email n] 1[a@x.example 1] 1[b@x.example 2]`,
		"[\n  {\n    \"email\": \"a@x.example\"\n  },\n  {\n    \"email\": \"b@x.example\"\n  }\n]\n": `` +
			`2[email] 2[a@x.example] 5[b@x.example]`,
	} {
		for _, in := range []io.Reader{strings.NewReader(list), iotest.OneByteReader(strings.NewReader(list))} {
			if got, wrong := objects(t, in); wrong != nil || strings.Join(got, " ") != want {
				t.Errorf("%s: %q, %v", list, got, wrong)
			}
		}
	}
	const first = `[{"email":"a@x.example"}`
	for list, want := range map[string]string{
		first:                   `people.json:1: not an array of JSON objects: it is cut off`,
		first + ",\n{\"email\"": `people.json:1: not an array of JSON objects: it is cut off`,
		first + `] x`:           `people.json:1: not an array of JSON objects: something follows it`,
		first + `] {}`:          `people.json:1: not an array of JSON objects: something follows it`,
		first + `}`:             `people.json:1: not an array of JSON objects`,
		first + ",\n{\"email\":\"" + strings.Repeat("b", 2*MaxRecord) +
			`"}]`: `people.json:1: a row of more than 1048576 bytes`,
	} {
		if _, wrong := objects(t, strings.NewReader(list)); wrong == nil || !strings.HasPrefix(wrong.Error(), want) {
			t.Errorf("%.40s: %v, want %s", list, wrong, want)
		}
	}
	// A row that is wrong by itself does not end the list.
	got, wrong := objects(t, strings.NewReader(first+`,{"email":["b"]},{"email":"c@x.example"}]`))
	if wrong != nil || strings.Join(got, " ") != "1[email] 1[a@x.example] 1[c@x.example]" {
		t.Errorf("%q, %v", got, wrong)
	}
}

// A report's deliveries leave out what is empty, and have a part that is not a cell.
func TestDeliveries(t *testing.T) {
	t.Parallel()
	const report = `{"campaign":"news","rows":2,"counts":{"sent":1},"by_hand":[{"who":"deliveries"}],"deliveries":[
{"number":1,"place":"p.csv:2","key":"K1","address":"a@x.example","state":"sent","attempts":1,"code":250,"text":"OK"},
{"number":2,"place":"p.csv:3","key":"K2","address":"'=b@x.example","state":"held","attempts":0,"by_hand":{"who":"ann"}}
]}
`
	want := "2[number place key address state reason attempts time due server stage code enhanced text]" +
		" 2[1 p.csv:2 K1 a@x.example sent  1     250  OK] 3[2 p.csv:3 K2 '=b@x.example held  0       ]"
	if got, wrong := objects(t, strings.NewReader(report)); wrong != nil || strings.Join(got, " ") != want {
		t.Errorf("%q, %v", got, wrong)
	}
	// A list of lines may have these columns, too.
	lines := `{"campaign":"x","deliveries":3}` + "\n" + `{"campaign":"y","deliveries":4}` + "\n"
	got, wrong := objects(t, strings.NewReader(lines))
	if wrong != nil || len(got) != 3 {
		t.Errorf("%q, %v", got, wrong)
	}
}
