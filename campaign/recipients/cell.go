package recipients

import (
	"bytes"
	"fmt"
	"mailshot/campaign/recipients/fault"
	"strconv"
	"time"
)

// maxText is how many bytes the text of a cell may have: four for each of the 32,767 characters that Excel takes.
const maxText = 4 * 32767

type cellKind int

const (
	cellText cellKind = iota
	cellNumber
	cellDate
	cellBool
)

// cell is what a sheet stores behind a text.
type cell struct {
	kind   cellKind
	column int     // index from 0, in the sheet
	row    int     // number from 1
	number float64 // also 0 and 1 of a bool
	time   time.Time
}

func (c *cell) place(s *sheet) string { return s.at(c.column, c.row) }

// cell reads a cell whose start tag was read: the text a person sees, what is stored, and what makes it unreadable.
func (s *sheet) cell(start *token, column int) (text string, c cell, wrong *Fault, err error) {
	c = cell{column: column, row: s.row}
	kind := cellType(start.attr("t"))
	if kind == "" {
		kind = s.xml.plain(start.attr("t"))
	}
	format := s.styles.format(start.attr("s"))
	value, inline := s.value[:0], s.inline[:0]
	var formula, valued bool
	for {
		t, err := s.xml.next()
		if err != nil {
			return "", c, nil, cutOff(err)
		}
		if t.kind == endTag {
			break
		}
		if t.kind != startTag {
			continue
		}
		switch t.name {
		case "v":
			valued = true
			value, err = s.xml.text(value[:0])
		case "is":
			valued = true
			inline, err = s.xml.richText(inline[:0])
		case "f":
			formula = true
			err = s.xml.skip()
		default:
			err = s.xml.skip()
		}
		if err != nil {
			return "", c, nil, cutOff(err)
		}
	}
	s.value, s.inline = value, inline // their room is used again
	say := func(code, text, hint string) {
		wrong = &Fault{Code: code, Place: c.place(s), Text: text, Hint: hint}
	}
	if formula && (!valued || len(value) == 0 && kind != "str" && kind != "inlineStr") {
		say("no-value", "a formula without a stored value", "open the workbook in Excel and save it, so that it is calculated")
		return "", c, wrong, nil
	}
	// words is a text with what its format puts around it.
	words := func(text string) (string, cell, *Fault, error) {
		if len(text) > maxText {
			say("long-cell", fmt.Sprintf("a text of %d KiB, where a cell of Excel takes 32,767 characters", len(text)>>10), "is it a list? if so, save it as CSV")
			return fault.Shorten(text, 60), c, wrong, nil
		}
		return format.around(text), c, nil, nil
	}
	switch kind {
	case "inlineStr":
		return words(unescape(string(inline)))
	case "str":
		return words(unescape(string(value)))
	case "s":
		if len(value) == 0 {
			return "", c, nil, nil
		}
		i, err := strconv.Atoi(string(bytes.TrimSpace(value)))
		if err != nil || i < 0 || i >= len(s.shared) {
			return "", c, nil, fmt.Errorf("%s: it refers to text %s, which the workbook does not hold", letters(column)+strconv.Itoa(s.row), fault.Quote(string(value)))
		}
		return words(s.shared[i])
	case "e":
		say("error-cell", "the cell shows the error "+fault.Quote(string(value)), "correct its formula")
		return string(value), c, wrong, nil
	case "b":
		c.kind = cellBool
		if v := string(value); v == "1" || v == "true" {
			c.number = 1
			return "TRUE", c, nil, nil
		}
		return "FALSE", c, nil, nil
	case "d":
		at, ok := parseISO(string(value))
		if !ok {
			say("bad-cell", "the stored date "+fault.Quote(string(value))+" cannot be read", "write the date again")
			return string(value), c, wrong, nil
		}
		c.kind, c.time = cellDate, at
		return format.date(at), c, nil, nil
	case "n":
		text := string(bytes.TrimSpace(value))
		if text == "" {
			return "", c, nil, nil
		}
		v, ok := decimalNumber(text)
		if !ok {
			say("bad-cell", "the stored number "+fault.Quote(string(value))+" cannot be read", "write the number again")
			return text, c, wrong, nil
		}
		c.kind, c.number = cellNumber, v
		if format.isDate() {
			at, ok := serial(v, s.styles.epoch1904)
			if v < 1 && !s.styles.epoch1904 && format.sections[0].hasDay() {
				ok = false // Excel shows the day 00.01.1900, which there was not: a formula that looks at an empty cell gives it
			}
			if ok {
				c.kind, c.time = cellDate, at
				return format.date(at), c, nil, nil
			}
			say("bad-cell", fmt.Sprintf("the number %s has the format of a date, but is none", text), "correct the cell")
			return compileFormat("").number(v), c, wrong, nil
		}
		if format.plain && short(text) {
			return text, c, nil, nil
		}
		return format.number(v), c, nil, nil
	}
	return "", c, nil, fmt.Errorf("%s: a cell of the unknown type %s", letters(column)+strconv.Itoa(s.row), fault.Quote(kind))
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

// short reports whether a number as it is stored is a whole one that General shows as it stands.
func short(text string) bool {
	for i := 0; i < len(text); i++ {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}
	return len(text) == 1 || len(text) > 1 && len(text) <= 15 && text[0] != '0'
}
