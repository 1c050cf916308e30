package workbook

import (
	"fmt"
	"strconv"

	"mailshot/campaign/recipients/workbook/numfmt"
	"mailshot/campaign/recipients/workbook/strictxml"
)

// styles are the number formats of a workbook.
type styles struct {
	epoch1904 bool
	cells     []int          // numFmtId, by cell style
	custom    map[int]string // format code, by numFmtId
	locale    *numfmt.Locale // of the reader, nil for none
	compiled  [2]compiled    // without the locale, and with it
	overlays  []bool         // by differential style: it has a number format of its own
}

func (st *styles) read(s *strictxml.Scanner) error {
	st.custom = make(map[int]string)
	for {
		t, err := s.Next()
		if err != nil {
			return err
		}
		if t.Kind != strictxml.StartTag {
			continue
		}
		inside := s.Parent()
		switch {
		case t.Name == "numFmt" && inside == "numFmts":
			if id, err := strconv.Atoi(s.Value("numFmtId")); err == nil {
				code := s.Value("formatCode")
				if len(code) > numfmt.MaxCode {
					return &Error{Text: fmt.Sprintf("a number format of %d characters, where Excel takes 255",
						len(code)), Hint: "export it again"}
				}
				st.custom[id] = code
			}
		case t.Name == "dxf" && inside == "dxfs":
			st.overlays = append(st.overlays, false)
		case t.Name == "numFmt" && inside == "dxf" && len(st.overlays) > 0:
			st.overlays[len(st.overlays)-1] = true
		case t.Name == "xf" && inside == "cellXfs":
			id, _ := strconv.Atoi(s.Value("numFmtId")) // if absent, 0 is General
			st.cells = append(st.cells, id)
		}
	}
}

// compiled are formats that were needed.
type compiled struct {
	cells   []*numfmt.Format // by cell style
	general *numfmt.Format   // for a style that does not exist
}

// format returns the format of a cell by its s attribute, for the locale's reader or without a locale. If the workbook
// does not have the style, it is General, as in Excel.
func (st *styles) format(style []byte, localized bool) *numfmt.Format {
	locale, known := st.locale, &st.compiled[1]
	if !localized || locale == nil {
		locale, known = nil, &st.compiled[0]
	}
	i := 0
	if len(style) > 0 {
		i, _ = strconv.Atoi(string(style))
	}
	if i < 0 || i >= len(st.cells) {
		if known.general == nil {
			known.general = numfmt.Compile("").For(locale)
		}
		return known.general
	}
	if known.cells == nil {
		known.cells = make([]*numfmt.Format, len(st.cells))
	}
	if known.cells[i] == nil {
		code, ok := st.custom[st.cells[i]]
		if !ok {
			code = numfmt.Localized(st.cells[i], locale)
		}
		known.cells[i] = numfmt.Compile(code).For(locale)
	}
	return known.cells[i]
}
