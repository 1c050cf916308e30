package recipients

import (
	"fmt"
	"strconv"
)

// maxFormat is how many bytes a number format may have: what it shows is made anew for every cell.
const maxFormat = 2048

// styles are the number formats of a workbook.
type styles struct {
	epoch1904 bool
	cells     []int          // numFmtId by cell style
	custom    map[int]string // format code by numFmtId
	compiled  []*format      // by cell style; nil: not yet needed
	general   *format        // of a style that is not there
}

// builtin are the formats without a code in the file (ECMA-376 part 1, 18.8.30). Where a format follows the reader's
// locale, dates are written in ISO 8601.
var builtin = map[int]string{
	1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%", 11: "0.00E+00",
	14: isoDate, 15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM", 19: "h:mm:ss AM/PM", 20: "h:mm", 21: "h:mm:ss", 22: isoDate + " hh:mm",
	27: isoDate, 28: isoDate, 29: isoDate, 30: isoDate, 31: isoDate, 32: "h:mm", 33: "h:mm:ss", 34: isoDate, 35: isoDate, 36: isoDate,
	37: "#,##0;-#,##0", 38: "#,##0;-#,##0", 39: "#,##0.00;-#,##0.00", 40: "#,##0.00;-#,##0.00",
	45: "mm:ss", 46: "[h]:mm:ss", 47: "mm:ss.0", 48: "##0.0E+0", 49: "@",
	50: isoDate, 51: isoDate, 52: isoDate, 53: isoDate, 54: isoDate, 55: isoDate, 56: isoDate, 57: isoDate, 58: isoDate,
}

const isoDate = "yyyy-mm-dd"

func (st *styles) read(s *scanner) error {
	st.custom = make(map[int]string)
	for {
		t, err := s.next()
		if err != nil {
			return err
		}
		if t.kind != startTag {
			continue
		}
		inside := ""
		if n := len(s.path); n > 1 {
			inside = local(s.path[n-2])
		}
		switch {
		case t.name == "numFmt" && inside == "numFmts":
			if id, err := strconv.Atoi(s.value("numFmtId")); err == nil {
				code := s.value("formatCode")
				if len(code) > maxFormat {
					return &Fault{Text: fmt.Sprintf("a number format of %d characters, where Excel takes 255", len(code)), Hint: "export it again"}
				}
				st.custom[id] = code
			}
		case t.name == "xf" && inside == "cellXfs":
			id, _ := strconv.Atoi(s.value("numFmtId")) // absent: 0, General
			st.cells = append(st.cells, id)
		}
	}
}

// format returns the format of a cell by its s attribute. A style the workbook lacks is General, as Excel has it.
func (st *styles) format(style []byte) *format {
	i := 0
	if len(style) > 0 {
		i, _ = strconv.Atoi(string(style))
	}
	if i < 0 || i >= len(st.cells) {
		if st.general == nil {
			st.general = compileFormat("")
		}
		return st.general
	}
	if st.compiled == nil {
		st.compiled = make([]*format, len(st.cells))
	}
	if st.compiled[i] == nil {
		code, ok := st.custom[st.cells[i]]
		if !ok {
			code = builtin[st.cells[i]]
		}
		st.compiled[i] = compileFormat(code)
	}
	return st.compiled[i]
}
