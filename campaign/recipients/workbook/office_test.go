package workbook

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"mailshot/campaign/recipients/value"
	"mailshot/campaign/recipients/workbook/numfmt"
	"mailshot/campaign/recipients/workbook/workbooktest"
)

// readCell is a cell as it was read here.
type readCell struct {
	text  string
	cell  value.Cell
	fault bool // said to be wrong
}

// sheetIn opens a sheet of a file, the first one for "".
func sheetIn(t testing.TB, file, title string) (*Sheet, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { f.Close() })
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	b, err := Open(f, info.Size())
	if err != nil {
		return nil, err
	}
	s, err := b.Sheet(Config{Sheet: title})
	if err == nil {
		t.Cleanup(func() { s.Close() })
	}
	return s, err
}

// readCells reads a sheet whole; row 1 is the first.
func readCells(t testing.TB, file, title string) (rows [][]readCell, err error) {
	s, err := sheetIn(t, file, title)
	if err != nil {
		return nil, err
	}
	for {
		rec, err := s.Next()
		if err == io.EOF {
			return rows, nil
		}
		if err != nil {
			return nil, err
		}
		for len(rows) < rec.Number {
			rows = append(rows, nil)
		}
		row := make([]readCell, len(rec.Texts))
		for i := range row {
			row[i] = readCell{text: rec.Texts[i], cell: rec.Cells[i]}
		}
		for _, e := range rec.Errors {
			_, at, _ := strings.Cut(e.Place, "!")
			column, _, _ := parseRef(at)
			for len(row) <= column {
				row = append(row, readCell{})
			}
			row[column].fault = true
		}
		rows[rec.Number-1] = row
	}
}

// Why a cell is not the same here and in LibreOffice. Nothing else is a reason.
const (
	asEleven  = "General: eleven characters, as in a cell of Excel; LibreOffice writes fifteen digits"
	asISO     = "a date whose format follows the reader's locale: ISO 8601 here, American there"
	asLF      = "a line end within a cell: kept here, LF there"
	asFault   = "said to be wrong here: an error, or no date"
	asGeneral = "hidden by its format, or a fraction: shown plainly here"
	asForeign = "names, digits or a calendar of another language: ISO 8601 and the digits of ASCII here"
	asMinus   = "a condition chose the format of a number below zero: with its minus here, without there"
)

// whyOther says why a cell differs, of which the number format is known or "?"; "" where there is no reason for it.
func whyOther(ours readCell, theirs string, code string) string {
	a, b := strings.TrimSpace(ours.text), strings.TrimSpace(theirs)
	c := ours.cell
	known, format := code != "?", numfmt.Compile(code)
	switch at, err := time.Parse("1/2/2006", b); {
	case ours.fault:
		return asFault
	case strings.ReplaceAll(a, "\r\n", "\n") == b:
		return asLF
	case c.Kind == value.Number && workbooktest.SameNumber(a, b) &&
		workbooktest.SameNumber(strings.TrimPrefix(b, "-"), numfmt.Compile("").Number(math.Abs(c.Number))):
		return asEleven
	case err == nil && c.Kind == value.Date && at.Equal(c.Time) && a == at.Format("2006-01-02"):
		return asISO
	case c.Kind == value.Number && a != "" && western(b) == a:
		return asForeign
	case known && c.Kind == value.Number && format.Plain(c.Number):
		return asGeneral
	case known && c.Kind == value.Date && format.Plain(c.Number) && strings.HasPrefix(a, c.Time.Format("2006-01-02")):
		return asForeign
	case known && conditional.MatchString(code) && c.Number < 0 && a == "-"+b:
		return asMinus
	}
	return ""
}

// conditional finds a condition in a number format.
var conditional = regexp.MustCompile(`\[[<>=]`)

// western writes Arabic and Persian digits as ASCII has them.
func western(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '٠' && r <= '٩' || r >= '۰' && r <= '۹' {
			return '0' + r&0xF
		}
		return r
	}, s)
}

// compareCells holds what was read against what LibreOffice shows: other are the cells that differ without a reason, of
// which the most are named, and why counts the reasons. What one of them shows and the other does not is such a cell.
func compareCells(ours [][]readCell, theirs [][]string, code string, why map[string]int) (other int, first string) {
	for r := range max(len(ours), len(theirs)) {
		var a []readCell
		var b []string
		if r < len(ours) {
			a = ours[r]
		}
		if r < len(theirs) {
			b = theirs[r]
		}
		for c := range max(len(a), len(b)) {
			var x readCell
			var y string
			if c < len(a) {
				x = a[c]
			}
			if c < len(b) {
				y = b[c]
			}
			if strings.TrimSpace(x.text) == strings.TrimSpace(y) {
				continue
			}
			if reason := whyOther(x, y, code); reason != "" {
				why[reason]++
			} else if other++; first == "" {
				first = fmt.Sprintf("%s%d: %q, LibreOffice shows %q", Letters(c), r+1, x.text, y)
			}
		}
	}
	return other, first
}

// TestWorkbooksInOffice holds every sheet of every workbook of the corpora, and of one made here, against
// LibreOffice: a workbook is refused with a reason, or read to its end with all that LibreOffice shows and as it
// shows it. Cells may differ for the reasons above, and for those of single files below. With rows behind the third
// left out of what is read, 69 of them fail.
func TestWorkbooksInOffice(t *testing.T) {
	t.Parallel()
	const anew = "LibreOffice calculates it anew, here it is what the file stores: "
	const pivot = "LibreOffice lays a pivot table out anew, in words and places of its own"
	differs := map[string]struct {
		cells int
		why   string
	}{
		"ExcelPivotTableSample.xlsx":          {7, pivot},
		"WithChartSheet.xlsx":                 {172, pivot},
		"47804.xlsx":                          {9, anew + "CELL(width)"},
		"56688_4.xlsx":                        {2, anew + "TODAY"},
		"MatrixFormulaEvalTestData.xlsx":      {17, anew + "TRANSPOSE of empty cells, stored as 0"},
		"table_with_insertrow_attribute.xlsx": {62, anew + "RAND"},
		"52348.xlsx":                          {2, "zero in the format #: shown here"},
	}
	unread := map[string]string{
		"issue_530.xlsx": `LibreOffice does not open a workbook whose parts have names with \`,
	}
	files := workbooktest.Corpus(t)
	files = append(files, workbooktest.Big(t, 300))
	dir := t.TempDir()
	var copies []string // their own names: those of the corpora are no arguments for a program
	for i, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		copies = append(copies, filepath.Join(dir, fmt.Sprintf("%03d.xlsx", i)))
		if err := os.WriteFile(copies[i], b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out := workbooktest.Convert(t, workbooktest.AsShown, t.TempDir(), copies...)
	why := make(map[string]int)
	same, refused, sheets, cells := 0, 0, 0, 0
	for i, file := range copies {
		name := filepath.Base(files[i])
		if _, err := readCells(t, file, ""); err != nil {
			refused++ // TestWorkbooks has the reasons
			continue
		}
		first, err := sheetIn(t, file, "")
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		titles := first.book.Sheets()
		all, _ := filepath.Glob(filepath.Join(out, fmt.Sprintf("%03d-*.csv", i)))
		if reason := unread[name]; (len(all) == 0) != (reason != "") {
			t.Errorf("%s: %d sheets by LibreOffice; known: %q", name, len(all), reason)
		}
		if len(all) == 0 {
			continue
		}
		other, unlike := 0, ""
		for _, title := range titles {
			sheet := filepath.Join(out, fmt.Sprintf("%03d-%s.csv", i, title))
			if len(all) == 1 {
				sheet = all[0] // LibreOffice numbers a title that a name has too
			}
			text, err := os.ReadFile(sheet)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			ours, err := readCells(t, file, title)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			theirs := workbooktest.ShownRows(string(text))
			for _, row := range theirs {
				cells += len(row)
			}
			n, at := compareCells(ours, theirs, "?", why)
			if other += n; unlike == "" && n > 0 {
				unlike = title + " " + at
			}
			sheets++
		}
		if known := differs[name]; other != known.cells {
			t.Errorf("%s: %d cells differ, known are %d (%s): %s", name, other, known.cells, known.why, unlike)
		}
		same++
	}
	t.Logf("%d workbooks: %d the same in %d sheets, %d refused; %d cells; %v", len(files), same, sheets, refused,
		cells, why)
	if same < len(files)*9/10 {
		t.Errorf("%d of %d workbooks compared", same, len(files))
	}
}

// TestFormatsInOffice holds number formats against LibreOffice: what lists have (currencies, percents, leading zeros,
// telephone numbers, conditions, dates and times) with numbers of all sizes, and dates from both epochs. With
// conditions left aside, five formats fail in either workbook.
func TestFormatsInOffice(t *testing.T) {
	t.Parallel()
	numbers := []string{
		"General", "@", `"No. "@`, `@" EUR"`, "0", "0.00", "#,##0", "#,##0.00", "0%", "0.00%", "#%", "%0", "0.0 %",
		"0.00E+00", "##0.0E+0", "0.0E+00", "0E-0", "00000", "0000000000000",
		"0.#", "0.##", "#.##", "#", "0.0#", "?0.0?", "0,", "0.0,,", `0.0,,"M"`, "0.000000000000", "#,###", "# ##0",
		"#'##0.00",
		`"$"#,##0.00`, "$#,##0.00", "[$€-407]#,##0.00", `#,##0.00\ [$€-407]`, `#,##0.00\ "€"`, "[$£-809]#,##0.00",
		"[$¥-411]#,##0", "[$-409]#,##0.00", "#,##0.00 [$CHF-807]", "[$USD] #,##0.00",
		"[$₹-4009]#,##0.00", "[$ريال-429] #,##0", "#,##0.00;[Red]-#,##0.00", "#,##0.00_);(#,##0.00)",
		`_(* #,##0.00_);_(* \(#,##0.00\);_(* "-"??_);_(@_)`,
		`_-* #,##0.00\ "€"_-;\-* #,##0.00\ "€"_-;_-* "-"??\ "€"_-;_-@_-`, `"$"#,##0_);[Red]\("$"#,##0\)`, "+0;-0;0",
		"(0)", "-0", "[Green]+0;[Red]-0", "[Color10]0.00",
		"0;-0;;@", "0;;", ";;;", `"yes";"no";"none"`, `0.00;-0.00;"zero"`, `0" pcs"`, `"No. "000`, `0.00 "a;b"`,
		`0\;0`, "0_ ", "*-0", "0x", `00\-00`, `##\ ##`,
		"000-000-0000", "(000) 000-0000", `\+00 000 0000000`, "0000 0000", "[<=9999999]###-####;(###) ###-####",
		"[>100]0.0;0", "[Red][<0]0;[Blue]0", `[=0]"none";0`, `[=1]"one";[=2]"two";0`,
		`[>=10000000]##\,##\,##\,##0;[>=100000]##\,##\,##0;##,##0`, "# ?/?", "# ??/??", "# 0/8",
	}
	values := []float64{0, 1, -1, 2, 0.5, -0.5, 0.05, 0.004, -0.004, 2.5, 3.5, 12.345, 99.95, 100, 999.5, 1000, 1234.5,
		-1234.567, 999950, 12345678, 1234567890, 5551234567, 989121234567, 0.125, 0.12345, 1e-5, 123456789012345,
		1.0 / 3}
	dates := []string{
		"yyyy-mm-dd", "dd.mm.yyyy", "d/m/yy", "m/d/yyyy", "dd/mm/yyyy hh:mm", "d-mmm-yy", "d-mmm", "mmm-yy",
		"mmmm yyyy", "dddd, d mmmm yyyy", "ddd dd mmm", "mmmmm", "yy", "yyyy", "m", "mm", "d", "dd", "yyyymmdd",
		"d. m. yyyy",
		"h:mm AM/PM", "h:mm:ss AM/PM", "hh:mm", "h:mm", "h:mm:ss", "mm:ss", "mm:ss.0", "hh:mm:ss.000", "[h]:mm",
		"[h]:mm:ss", "[mm]:ss", "[ss]", "m/d/yy h:mm", "dd mmm yyyy hh:mm", "m:ss", "h AM/PM", "hhmm",
		`yyyy"年"m"月"d"日"`, "yyyy-mm-ddThh:mm:ss", `yyyy\-mm\-dd"T"hh:mm:ss"Z"`, `[$-409]d\-mmm\-yyyy;@`,
		"[$-409]mmmm d, yyyy;@", "[$-809]dd mmmm yyyy;@", "[$-407]dd.mm.yyyy;@", "[$-419]d/m/yy h:mm;@",
		"[$-407]d. mmmm yyyy", "[$-F800]dddd, mmmm dd",
		`d "of" mmmm`, `m"m" s"s"`, `hh:mm "Uhr"`, "d/m;@", "[Red]d/m/yyyy", "yyyy;@", "mm/yyyy", "ggge",
	}
	days := []float64{61, 365, 365.25, 40000, 44197, 46356, 46356.520833333336, 46356.99999, 46356.3796643519, 41640.75}
	var files []string
	dir := t.TempDir()
	sheets := []struct {
		title   string
		formats []string
		values  []float64
	}{{"numbers", numbers, values}, {"dates", dates, days}}
	for i, epoch1904 := range []bool{false, true} {
		x := excelize.NewFile()
		defer x.Close()
		if err := x.SetWorkbookProps(&excelize.WorkbookPropsOptions{Date1904: &epoch1904}); err != nil {
			t.Fatal(err)
		}
		for _, sheet := range sheets {
			if _, err := x.NewSheet(sheet.title); err != nil {
				t.Fatal(err)
			}
			for r := range sheet.formats {
				style, err := x.NewStyle(&excelize.Style{CustomNumFmt: &sheet.formats[r]})
				if err != nil {
					t.Fatal(err)
				}
				for c, v := range sheet.values {
					at := fmt.Sprintf("%s%d", Letters(c), r+1)
					if err := errors.Join(x.SetCellFloat(sheet.title, at, v, -1, 64),
						x.SetCellStyle(sheet.title, at, at, style)); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
		files = append(files, filepath.Join(dir, fmt.Sprintf("%d.xlsx", i)))
		if err := x.SaveAs(files[i]); err != nil {
			t.Fatal(err)
		}
	}
	out := workbooktest.Convert(t, workbooktest.AsShown, t.TempDir(), files...)
	why := make(map[string]int)
	cells := 0
	for i, file := range files {
		for _, sheet := range sheets {
			ours, err := readCells(t, file, sheet.title)
			if err != nil {
				t.Fatal(err)
			}
			text, err := os.ReadFile(filepath.Join(out, fmt.Sprintf("%d-%s.csv", i, sheet.title)))
			if err != nil {
				t.Fatal(err)
			}
			theirs := workbooktest.ShownRows(string(text))
			for r, code := range sheet.formats {
				cells += len(theirs[r])
				if other, first := compareCells(ours[r:r+1], theirs[r:r+1], code, why); other > 0 {
					t.Errorf("%q: %d cells, as %s", code, other, first)
				}
			}
		}
	}
	t.Logf("%d cells; %v", cells, why)
}
