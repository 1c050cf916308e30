package workbook

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"time"

	"mailshot/campaign/recipients/fault"
	"mailshot/campaign/recipients/value"
	"mailshot/campaign/recipients/workbook/numfmt"
	"mailshot/campaign/recipients/workbook/strictxml"
)

// MaxText is how many bytes the text of a cell may have: four for each of the 32,767 characters that Excel takes.
const MaxText = 4 * 32767

// cell reads a cell whose start tag was read: the text a person sees, what is stored, and what makes it unreadable.
func (s *Sheet) cell(start *strictxml.Token, column int) (text string, c value.Cell, wrong *Error, err error) {
	c = value.Cell{Column: column, Row: s.row}
	kind := cellType(start.Attr("t"))
	if kind == "" {
		kind = s.xml.Plain(start.Attr("t"))
	}
	format := s.styles.format(start.Attr("s"))
	stored, inline := s.value[:0], s.inline[:0]
	var formula, valued bool
	for {
		t, err := s.xml.Next()
		if err != nil {
			return "", c, nil, cutOff(err)
		}
		if t.Kind == strictxml.EndTag {
			break
		}
		if t.Kind != strictxml.StartTag {
			continue
		}
		switch t.Name {
		case "v":
			valued = true
			stored, err = s.xml.Text(stored[:0])
		case "is":
			valued = true
			inline, err = richText(s.xml, inline[:0])
		case "f":
			formula = true
			err = s.xml.Skip()
		default:
			err = s.xml.Skip()
		}
		if err != nil {
			return "", c, nil, cutOff(err)
		}
	}
	s.value, s.inline = stored, inline // their room is used again
	say := func(code, text, hint string) {
		wrong = &Error{Code: code, Place: s.CellPlace(c.Column, c.Row), Text: text, Hint: hint}
	}
	if formula && (!valued || len(stored) == 0 && kind != "str" && kind != "inlineStr") {
		say("no-value", "a formula without a stored value", "open the workbook in Excel and save it, so that it is calculated")
		return "", c, wrong, nil
	}
	// words is a text with what its format puts around it.
	words := func(text string) (string, value.Cell, *Error, error) {
		if len(text) > MaxText {
			say("long-cell", fmt.Sprintf("a text of %d KiB, where a cell of Excel takes 32,767 characters", len(text)>>10), "is it a list? if so, save it as CSV")
			return fault.Shorten(text, 60), c, wrong, nil
		}
		return format.Text(text), c, nil, nil
	}
	switch kind {
	case "inlineStr":
		return words(unescape(string(inline)))
	case "str":
		return words(unescape(string(stored)))
	case "s":
		if len(stored) == 0 {
			return "", c, nil, nil
		}
		i, err := strconv.Atoi(string(bytes.TrimSpace(stored)))
		if err != nil || i < 0 || i >= len(s.shared) {
			return "", c, nil, fmt.Errorf("%s: it refers to text %s, which the workbook does not hold", Letters(column)+strconv.Itoa(s.row), fault.Quote(string(stored)))
		}
		return words(s.shared[i])
	case "e":
		say("error-cell", "the cell shows the error "+fault.Quote(string(stored)), "correct its formula")
		return string(stored), c, wrong, nil
	case "b":
		c.Kind = value.Bool
		if v := string(stored); v == "1" || v == "true" {
			c.Number = 1
			return "TRUE", c, nil, nil
		}
		return "FALSE", c, nil, nil
	case "d":
		at, ok := parseISO(string(stored))
		if !ok {
			say("bad-cell", "the stored date "+fault.Quote(string(stored))+" cannot be read", "write the date again")
			return string(stored), c, wrong, nil
		}
		c.Kind, c.Time = value.Date, at
		return format.Date(at), c, nil, nil
	case "n":
		text := string(bytes.TrimSpace(stored))
		if text == "" {
			return "", c, nil, nil
		}
		v, ok := value.Decimal(text)
		if !ok {
			say("bad-cell", "the stored number "+fault.Quote(string(stored))+" cannot be read", "write the number again")
			return text, c, wrong, nil
		}
		c.Kind, c.Number = value.Number, v
		if format.IsDate() {
			at, ok := numfmt.Serial(v, s.styles.epoch1904)
			if v < 1 && !s.styles.epoch1904 && format.HasDay() {
				ok = false // Excel shows the day 00.01.1900, which there was not: a formula that looks at an empty cell gives it
			}
			if ok {
				c.Kind, c.Time = value.Date, at
				return format.Date(at), c, nil, nil
			}
			say("bad-cell", fmt.Sprintf("the number %s has the format of a date, but is none", text), "correct the cell")
			return numfmt.Compile("").Number(v), c, wrong, nil
		}
		if format.General() && value.Short(text) {
			return text, c, nil, nil
		}
		return format.Number(v), c, nil, nil
	}
	return "", c, nil, fmt.Errorf("%s: a cell of the unknown type %s", Letters(column)+strconv.Itoa(s.row), fault.Quote(kind))
}

// cellType is the type of a cell (ECMA-376 part 1, 18.18.11), "" if there is no such; a cell that says nothing holds a number.
func cellType(t []byte) string {
	switch string(t) {
	case "", "n":
		return "n"
	case "s":
		return "s"
	case "str":
		return "str"
	case "inlineStr":
		return "inlineStr"
	case "b":
		return "b"
	case "e":
		return "e"
	case "d":
		return "d"
	}
	return ""
}

// parseISO reads the date of a cell of type d.
func parseISO(s string) (time.Time, bool) {
	for _, layout := range []string{"2006-01-02T15:04:05.999999999", "2006-01-02T15:04", "2006-01-02", time.RFC3339Nano, "2006-01-02 15:04:05"} {
		if t, err := time.Parse(layout, strings.TrimSpace(s)); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}
