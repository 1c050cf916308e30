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
	"mailshot/internal/ellipsis"
)

// MaxText is the most bytes in the text of a cell: four for each of the 32,767 characters that Excel allows.
const MaxText = 4 * 32767

// cell reads a cell after its start tag: the text that a person sees, what is stored, and why it cannot be read.
func (s *Sheet) cell(start *strictxml.Token, column int) (text string, c value.Cell, wrong *Error, err error) {
	c = value.Cell{Column: column, Row: s.row}
	kind := cellType(start.Attr("t"))
	if kind == "" {
		kind = s.xml.Plain(start.Attr("t"))
	}
	// The names of the columns and the keys are the same for every reader.
	format := s.styles.format(start.Attr("s"), s.width > 0 && column != s.keys)
	formula, valued, odd, err := s.content()
	if err != nil {
		return "", c, nil, err
	}
	switch { // some programs write the value in the other element
	case kind == "inlineStr" && len(s.inline) == 0:
		s.inline = append(s.inline, s.value...)
	case kind != "inlineStr" && len(s.value) == 0 && len(s.inline) > 0:
		kind = "inlineStr"
	}
	if formula && (!valued || len(s.value) == 0 && kind != "str" && kind != "inlineStr") {
		wrong = s.wrong(&c, "no-value", "a formula without a stored value",
			"open the workbook in Excel and save it, so that it is calculated")
		return "", c, wrong, nil
	}
	switch kind {
	case "inlineStr":
		text, wrong = s.words(&c, format, unescape(string(s.inline)))
	case "str":
		text, wrong = s.words(&c, format, unescape(string(s.value)))
	case "s":
		if text, err = s.sharedText(&c); err != nil {
			return "", c, nil, err
		}
		text, wrong = s.words(&c, format, text)
	case "e":
		text = string(s.value)
		wrong = s.wrong(&c, "error-cell", "the cell shows the error "+fault.Quote(text), "correct its formula")
	case "b":
		text, wrong = s.boolean(&c)
	case "d":
		text, wrong = s.isoDate(&c, format)
	case "n":
		text, wrong = s.number(&c, format)
	default:
		return "", c, nil, fmt.Errorf("%s: a cell of the unknown type %s", Letters(column)+strconv.Itoa(s.row),
			fault.Quote(kind))
	}
	if text == "" && wrong == nil && (odd || kind != "s" && len(bytes.TrimSpace(s.value)) > 0) {
		wrong = s.wrong(&c, "unread-cell", "the cell has content that cannot be read",
			"open the workbook in Excel and save it, or write the cell again")
	}
	return text, c, wrong, nil
}

// content reads the cell to its end into s.value and s.inline. odd reports text in an element that cells do not have.
func (s *Sheet) content() (formula, valued, odd bool, err error) {
	s.value, s.inline = s.value[:0], s.inline[:0]
	for {
		t, err := s.xml.Next()
		if err != nil {
			return false, false, false, cutOff(err)
		}
		if t.Kind == strictxml.EndTag {
			return formula, valued, odd, nil
		}
		if t.Kind != strictxml.StartTag {
			odd = odd || len(bytes.TrimSpace(t.Text)) > 0
			continue
		}
		switch t.Name {
		case "v":
			valued = true
			s.value, err = s.xml.Text(s.value[:0])
		case "is":
			valued = true
			s.inline, err = richText(s.xml, s.inline[:0])
		case "f":
			formula = true
			err = s.xml.Skip()
		case "extLst":
			err = s.xml.Skip()
		default:
			var inside []byte
			inside, err = s.xml.Text(nil)
			odd = odd || len(bytes.TrimSpace(inside)) > 0
		}
		if err != nil {
			return false, false, false, cutOff(err)
		}
	}
}

// wrong is the error of a cell that cannot be read.
func (s *Sheet) wrong(c *value.Cell, code, text, hint string) *Error {
	return &Error{Code: code, Place: s.CellPlace(c.Column, c.Row), Text: text, Hint: hint}
}

// words is a text with the literals that its format puts around it.
func (s *Sheet) words(c *value.Cell, format *numfmt.Format, text string) (string, *Error) {
	if len(text) > MaxText {
		return ellipsis.Cut(text, 60), s.wrong(c, "long-cell",
			fmt.Sprintf("a text of %d KiB, where a cell of Excel takes 32,767 characters", len(text)>>10),
			"is it a list? if so, save it as CSV")
	}
	return format.Text(text), nil
}

// sharedText is the shared string that a cell refers to by its number.
func (s *Sheet) sharedText(c *value.Cell) (string, error) {
	if len(s.value) == 0 {
		return "", nil
	}
	i, err := strconv.Atoi(string(bytes.TrimSpace(s.value)))
	text, known := s.shared.at(i)
	if err != nil || !known {
		return "", fmt.Errorf("%s: it refers to text %s, which the workbook does not hold",
			Letters(c.Column)+strconv.Itoa(c.Row), fault.Quote(string(s.value)))
	}
	return text, nil
}

// boolean shows TRUE or FALSE.
func (s *Sheet) boolean(c *value.Cell) (string, *Error) {
	switch v := string(bytes.TrimSpace(s.value)); v {
	case "1", "true":
		c.Kind, c.Number = value.Bool, 1
		return "TRUE", nil
	case "0", "false":
		c.Kind = value.Bool
		return "FALSE", nil
	case "":
		return "", nil
	default:
		return v, s.wrong(c, "bad-cell", "the stored "+fault.Quote(v)+" is neither true nor false",
			"write the value again")
	}
}

// isoDate shows a date that is stored as ISO 8601.
func (s *Sheet) isoDate(c *value.Cell, format *numfmt.Format) (string, *Error) {
	if len(bytes.TrimSpace(s.value)) == 0 {
		return "", nil
	}
	at, ok := parseISO(string(s.value))
	if !ok {
		return string(s.value), s.wrong(c, "bad-cell",
			"the stored date "+fault.Quote(string(s.value))+" cannot be read", "write the date again")
	}
	c.Kind, c.Time = value.Date, at
	return format.Date(at), nil
}

// number shows a number by its format, which may be that of a date.
func (s *Sheet) number(c *value.Cell, format *numfmt.Format) (string, *Error) {
	text := string(bytes.TrimSpace(s.value))
	if text == "" {
		return "", nil
	}
	v, ok := value.Decimal(text)
	if !ok {
		return text, s.wrong(c, "bad-cell", "the stored number "+fault.Quote(string(s.value))+" cannot be read",
			"write the number again")
	}
	c.Kind, c.Number = value.Number, v
	if format.IsDate() {
		at, ok := numfmt.Serial(v, s.styles.epoch1904)
		if v < 1 && !s.styles.epoch1904 && format.HasDay() {
			ok = false // Excel shows 00.01.1900, a day that never was, for a formula that refers to an empty cell
		}
		if ok {
			c.Kind, c.Time = value.Date, at
			if v < 1 && !format.HasDay() {
				c.Kind = value.Clock
			}
			return format.Date(at), nil
		}
		return numfmt.Compile("").Number(v), s.wrong(c, "bad-cell",
			fmt.Sprintf("the number %s has the format of a date, but is not one", text), "correct the cell")
	}
	if value.Short(text) {
		if format.General() {
			return text, nil
		}
		return format.Number(v), nil
	}
	c.Lost = !value.Kept(text)
	shown, exact := format.Stored(text, v)
	if !exact {
		return text, s.wrong(c, "long-number", fault.Quote(text)+value.MoreDigits+", in a format that would show others",
			"store it as text, or give the cell the format General or 0")
	}
	return shown, nil
}

// cellType is the type of a cell (ECMA-376 part 1, 18.18.11), "" if it is unknown. A cell without a type holds a
// number.
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

// parseISO parses the date of a cell of type d.
func parseISO(s string) (time.Time, bool) {
	for _, layout := range []string{"2006-01-02T15:04:05.999999999", "2006-01-02T15:04", "2006-01-02",
		time.RFC3339Nano, "2006-01-02 15:04:05"} {
		if t, err := time.Parse(layout, strings.TrimSpace(s)); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}
