package templates

import (
	"testing"
	"time"
)

// A row gives the same text by the order of its columns as by their names. Proven by taking Value for Text in CellRow,
// and by taking the first of two columns of one name in Place.
func TestCellsInOrder(t *testing.T) {
	t.Parallel()
	columns := []string{"name", "amount", "due", "none"}
	due := time.Date(2026, time.November, 22, 0, 0, 0, 0, time.UTC)
	byName := Data{
		Values:   map[string]any{"name": "Ann", "amount": 1234.5, "due": due, "none": nil},
		Text:     map[string]string{"name": "Ann", "amount": "1.234,50", "due": "22.11.2026", "none": ""},
		Mailshot: Mailshot{Name: "Ann", Key: "a"},
	}
	inOrder := Data{
		Cells: []Cell{{Text: "Ann", Value: ""}, {Text: "1.234,50", Value: 1234.5}, {Text: "22.11.2026", Value: due},
			{}},
		Mailshot: byName.Mailshot,
	}
	l, err := New(Config{Columns: columns}).Line("subject", Source{Text: `{{.name}} {{.amount}} {{add .amount 1}} ` +
		`{{date "2 January" .due}} [{{.none}}]{{if .none}}no{{end}} {{.mailshot.key}} {{default "x" .mailshot.token}}`})
	if err != nil {
		t.Fatal(err)
	}
	want := "Ann 1.234,50 1235.5 22 November [] a x"
	var o Output
	for _, d := range []Data{byName, inOrder} {
		if err := l.Append(&o, d); err != nil || string(o.Text) != want {
			t.Errorf("%q, %v", o.Text, err)
		}
	}
	// The last of two columns of one name counts, as in a map.
	twice, err := New(Config{Columns: []string{"a", "a"}}).Line("subject", Source{Text: "{{.a}}"})
	if err != nil {
		t.Fatal(err)
	}
	err = twice.Append(&o, Data{Cells: []Cell{{Text: "first", Value: ""}, {Text: "last", Value: ""}}})
	if err != nil || string(o.Text) != "last" {
		t.Errorf("%q, %v", o.Text, err)
	}
	// A row that is too short has no cell there, and the text of the last execution is gone.
	inOrder.Cells = inOrder.Cells[:2]
	if err := l.Append(&o, inOrder); err == nil || len(o.Text) > 0 {
		t.Errorf("%q, %v", o.Text, err)
	}
}
