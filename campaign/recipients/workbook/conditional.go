package workbook

import (
	"strconv"
	"strings"

	"mailshot/campaign/recipients/fault"
	"mailshot/campaign/recipients/workbook/strictxml"
)

// mostConditional is how many blocks of cells with number formats by conditional formatting are kept.
const mostConditional = 1000

// conditional reads an element of conditional formatting after its start tag (ECMA-376 part 1, 18.3.1.18, and the
// extension of 2010). It keeps the cells to which a rule may give a number format. A sheet has such elements after
// its rows, so the rows are shown without them.
func (s *Sheet) conditional(start *strictxml.Token) error {
	cells, formats := s.xml.Plain(start.Attr("sqref")), false
	for depth := s.xml.Depth(); s.xml.Depth() >= depth; {
		t, err := s.xml.Next()
		if err != nil {
			return cutOff(err)
		}
		if t.Kind != strictxml.StartTag {
			continue
		}
		switch t.Name {
		case "cfRule":
			i, err := strconv.Atoi(string(t.Attr("dxfId")))
			formats = formats || err == nil && i >= 0 && i < len(s.styles.overlays) && s.styles.overlays[i]
		case "numFmt":
			formats = true
		case "sqref":
			text, err := s.xml.Text(nil)
			if err != nil {
				return cutOff(err)
			}
			cells += " " + string(text)
		}
	}
	if !formats {
		return nil
	}
	for _, ref := range strings.Fields(cells) {
		if !strings.Contains(ref, ":") {
			ref += ":" + ref
		}
		if a, err := parseArea(ref); err == nil && len(s.conditions) < mostConditional {
			s.conditions = append(s.conditions, a)
		}
	}
	return nil
}

// conditionalNote is the note of cells of the list whose number format may be another one on the screen, nil if there
// are none.
func (s *Sheet) conditionalNote() *Error {
	var blocks []area
	for _, a := range s.conditions {
		in := area{max(a.left, s.first), min(a.right, s.first+s.width-1), max(a.top, s.headerRow+1),
			min(a.bottom, s.area.bottom, s.lastFound)}
		if in.left <= in.right && in.top <= in.bottom {
			blocks = append(blocks, in)
		}
	}
	if len(blocks) == 0 {
		return nil
	}
	text := "conditional formatting may show these cells in another number format; they are read in their own"
	if n := len(blocks); n > 1 {
		text += " (" + fault.Count(n, "block") + " of cells, the first here)"
	}
	return &Error{Code: "conditional-format", Place: s.block(blocks[0]), Text: text,
		Hint: "compare a preview with the sheet; give the cells themselves the format that the mail is to show"}
}
