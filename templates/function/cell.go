package function

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"mailshot/internal/ellipsis"
)

// content is what a typed cell holds.
type content struct {
	text  string // as read
	value any    // float64, time.Time, bool, or nil: an empty cell
}

// cell is a typed cell as templates see it. It prints as read, and functions take its value. It is a slice so that {{if
// .amount}} asks the value: text/template takes an empty slice for false. A false cell has length 0 and still holds its
// content behind it.
type cell []content

func newCell(text string, value any) cell {
	truth := true
	switch v := value.(type) {
	case nil:
		truth = false
	case float64:
		truth = v != 0
	case bool:
		truth = v
	}
	c := cell{{text, value}}
	if !truth {
		return c[:0]
	}
	return c
}

func (c cell) content() content {
	if cap(c) == 0 {
		return content{}
	}
	return c[:1][0]
}

// String returns the cell as read.
func (c cell) String() string { return c.content().text }

// Format prints the cell as read for %v, %s and %q, and its value for other verbs: printf "%.2f" .amount.
func (c cell) Format(f fmt.State, verb rune) {
	var v any = c.content().value
	_, isDate := v.(time.Time)
	if strings.ContainsRune("vsq", verb) || v == nil || isDate && !strings.ContainsRune("xX", verb) {
		v = c.content().text // other verbs would print what is in a date, and where its time zone is in memory
	}
	fmt.Fprintf(f, fmt.FormatString(f, verb), v)
}

// MarshalJSON lets html/template write a cell in a script.
func (c cell) MarshalJSON() ([]byte, error) {
	switch v := c.content().value.(type) {
	case float64, bool:
		return json.Marshal(v)
	}
	return json.Marshal(c.content().text)
}

// Cell is one cell of a row. A string in Value, whichever it is, says that the cell is a text: its text is Text.
type Cell struct {
	Text  string // as read, which is what {{.column}} prints
	Value any    // string, float64, time.Time, bool, or nil for an empty typed cell
}

// Mailshot is what {{.mailshot.NAME}} prints.
type Mailshot struct{ Address, Campaign, Key, Name, Token, Unsubscribe string }

// Field returns the field that templates call name.
func (m *Mailshot) Field(name string) (value string, ok bool) {
	switch name {
	case "address":
		return m.Address, true
	case "campaign":
		return m.Campaign, true
	case "key":
		return m.Key, true
	case "name":
		return m.Name, true
	case "token":
		return m.Token, true
	case "unsubscribe_url":
		return m.Unsubscribe, true
	}
	return "", false
}

// Fields returns the fields by the names that templates use.
func (m *Mailshot) Fields() map[string]string {
	return map[string]string{
		"address": m.Address, "campaign": m.Campaign, "key": m.Key, "name": m.Name, "token": m.Token,
		"unsubscribe_url": m.Unsubscribe,
	}
}

// CellRow returns the dot of a template for a row whose cells are in the order of columns. Where group is not nil, its
// rows are the dot's .rows.
func CellRow(columns []string, cells []Cell, mailshot Mailshot, group []Member) map[string]any {
	m := cellsOf(columns, cells)
	m["mailshot"] = mailshot.Fields()
	if group != nil {
		m["rows"] = rowsOf(columns, group)
	}
	return m
}

// cellsOf returns cells by their columns.
func cellsOf(columns []string, cells []Cell) map[string]any {
	m := make(map[string]any, len(cells)+2)
	for i, c := range cells[:min(len(cells), len(columns))] {
		if _, isText := c.Value.(string); isText {
			m[columns[i]] = c.Text
		} else {
			m[columns[i]] = newCell(c.Text, c.Value)
		}
	}
	return m
}

// Row returns the dot of a template for one row. values are the typed cells by column (string, float64, time.Time,
// bool, or nil for an empty typed cell), texts the cells as read. The maps are only read. group is as for CellRow.
func Row(values map[string]any, texts map[string]string, mailshot Mailshot, group []Member) map[string]any {
	m := make(map[string]any, max(len(values), len(texts))+1)
	for name, text := range texts {
		m[name] = text
	}
	for name, v := range values {
		text, ok := texts[name]
		if s, isText := v.(string); isText {
			if !ok {
				m[name] = s
			}
			continue
		}
		if !ok {
			text = asText(v)
		}
		m[name] = newCell(text, v)
	}
	m["mailshot"] = mailshot.Fields()
	if group != nil {
		m["rows"] = rowsOf(nil, group)
	}
	return m
}

// value unwraps a cell.
func value(v any) any {
	if c, ok := v.(cell); ok {
		return c.content().value
	}
	return v
}

// asText returns how a value prints.
func asText(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case cell:
		return v.String()
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case time.Time:
		if h, m, s := v.Clock(); h+m+s == 0 {
			return v.Format(time.DateOnly)
		}
		return v.Format("2006-01-02 15:04:05")
	case list:
		return v.String()
	}
	return fmt.Sprint(v)
}

// isBlank says whether there is nothing to print.
func isBlank(v any) bool { return strings.TrimSpace(asText(v)) == "" }

// asNumber returns v as a number. v is a number, or text that is written as one.
func asNumber(v any) (float64, error) {
	switch x := value(v).(type) {
	case float64:
		return x, nil
	case int:
		return float64(x), nil
	case time.Time, bool:
		return 0, fmt.Errorf("%q is not a number", asText(v))
	}
	s := strings.TrimSpace(asText(v))
	if s == "" {
		return 0, Advice{"this needs a number, and the cell is empty", "use default, or {{if}}"}
	}
	f, err := strconv.ParseFloat(s, 64)
	if err == nil && !math.IsInf(f, 0) && !math.IsNaN(f) && !strings.ContainsAny(s, "xXpP_nN") {
		return f, nil
	}
	return 0, Advice{ellipsis.Quote(s, 60) + " is not a number", "declare the column: columns: { NAME: number }"}
}

// asInt returns v as a whole number.
func asInt(v any) (int, error) {
	f, err := asNumber(v)
	if err != nil {
		return 0, err
	}
	if f != math.Trunc(f) || math.Abs(f) > 1<<53 {
		return 0, fmt.Errorf("%s is not a whole number", asText(f))
	}
	return int(f), nil
}

// dateLayouts are the ways in which text may write a date.
var dateLayouts = []string{
	time.DateOnly, "2006-01-02 15:04", time.DateTime, "2006-01-02T15:04", "2006-01-02T15:04:05", time.RFC3339,
}

// asDate returns v as a date. v is a date, or text that is written as one, with the year first.
func asDate(v any) (time.Time, error) {
	if t, ok := value(v).(time.Time); ok {
		return t, nil
	}
	s := strings.TrimSpace(asText(v))
	if s == "" {
		return time.Time{}, Advice{"this needs a date, and the cell is empty", "use default, or {{if}}"}
	}
	for _, layout := range dateLayouts {
		if t, err := time.Parse(layout, s); err == nil {
			return t, nil
		}
	}
	return time.Time{}, Advice{ellipsis.Quote(s, 60) + " is not a date", "declare the column: columns: { NAME: date }"}
}
