package recipients

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"mailshot/campaign/recipients/folding"

	"mailshot/campaign/recipients/workbook"
	"mailshot/campaign/recipients/workbook/numfmt"
	"mailshot/campaign/recipients/workbook/workbooktest"
)

// What a workbook can ask for with few bytes is refused with its place, and costs no time: formats and texts that are
// made anew for every cell, merged blocks over each other, a header that is wide and has two names. They have failed:
// by the memory of the machine, and by minutes.
func TestSmallAndCostly(t *testing.T) {
	t.Parallel()
	one := `<worksheet><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>email</t></is></c></row><row r="2"><c ` +
		`r="A2" t="inlineStr"><is><t>` +
		strings.Repeat("a", workbook.MaxText+1) + `</t></is></c></row></sheetData></worksheet>`
	said := saidOf(t, Config{}, workbooktest.Of(t, "", map[string]string{"xl/worksheets/sheet1.xml": one}))
	if len(said) != 1 || !strings.HasPrefix(said[0], "long-cell - November!A2: a text of 127 KiB") {
		t.Errorf("%.200q", said)
	}
	styles := `<styleSheet><numFmts><numFmt numFmtId="200" formatCode="0.` + strings.Repeat("#", numfmt.MaxCode) +
		`"/></numFmts></styleSheet>`
	said = saidOf(t, Config{}, workbooktest.Of(t, "",
		map[string]string{"xl/worksheets/sheet1.xml": one, "xl/styles.xml": styles}))
	if len(said) != 1 || !strings.Contains(said[0], "a number format of 2050 characters, where Excel takes 255") {
		t.Errorf("%.300q", said)
	}
	var merged []string
	for range 1000 {
		merged = append(merged, "B1:XFC1")
	}
	wide := `<row r="1"><c r="A1" t="inlineStr"><is><t>email</t></is></c><c r="XFD1" t="inlineStr"><is><t>zz</t>` +
		`</is></c></row>` + workbooktest.Inline(2, "a@example.com", "a column that is not only space")
	said = saidOf(t, Config{}, sheetOf(t, wide, merged...))
	if len(said) != 2 || !strings.HasPrefix(said[0], "merged-header - November!B1:XFC1") ||
		!strings.HasPrefix(said[1], "empty-header - November!B1") {
		t.Errorf("%d: %.300q", len(said), said)
	}
}

// Rows that are hidden and empty are not missed, wherever they are, and neither is what lies outside the list's cells.
func TestHiddenRowsBehind(t *testing.T) {
	t.Parallel()
	list := workbooktest.Inline(1, "email", "name") + workbooktest.Inline(2, "a@example.com", "A") +
		workbooktest.Inline(3, "b@example.com", "B")
	behind := ""
	for r := 60; r < 70; r++ {
		behind += fmt.Sprintf(`<row r="%d" hidden="1"/>`, r)
	}
	total := `<row r="50" hidden="1"><c r="A50" t="inlineStr"><is><t>total</t></is></c></row>`
	for _, c := range []struct {
		rows string
		cfg  Config
		want int
	}{
		{list + behind, Config{}, 0},
		{list + total, Config{Range: "A1:B10"}, 0},
		{list + total, Config{Range: "A1:B10", Hidden: HiddenSkip}, 0},
		{list + `<row r="4" hidden="1"/>` + workbooktest.Inline(5, "c@example.com", "C"), Config{}, 0},
		{list + `<row r="4" hidden="1"/>` + workbooktest.Inline(6, "c@example.com", "C"), Config{}, 1},
	} {
		if said := saidOf(t, c.cfg, sheetOf(t, c.rows)); len(said) != c.want {
			t.Errorf("%s: %q", c.rows, said)
		}
	}
}

// inspect says of a good list what check says: merged cells beside the header are no mistake.
func TestInspectMergedBeside(t *testing.T) {
	t.Parallel()
	rows := workbooktest.Inline(1, "email", "name") + workbooktest.Inline(2, "a@example.com", "A")
	for _, merged := range []string{"F1:H1", "D1:E9"} {
		in, err := Inspect(t.Context(), Config{File: "-", Stdin: strings.NewReader(sheetOf(t, rows, merged))})
		if err != nil || len(in.Faults) > 0 {
			t.Errorf("%s: %v, %v", merged, in.Faults, err)
		}
	}
}

// Day 0 is none, as a formula gives it that looks at an empty cell; half of it is a time.
func TestDayZero(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]string{
		"dd.mm.yyyy": "bad-cell - November!B2: the number 0 has the format of a date, but is not one",
		"yyyy":       "bad-cell - November!B2: the number 0 has the format of a date, but is not one",
		"h:mm":       "",
	} {
		styles := `<styleSheet><numFmts><numFmt numFmtId="200" formatCode="` + code +
			`"/></numFmts><cellXfs><xf numFmtId="0"/><xf numFmtId="200"/></cellXfs></styleSheet>`
		rows := `<worksheet><sheetData>` + workbooktest.Inline(1, "email", "due") +
			`<row r="2"><c r="A2" t="inlineStr"><is><t>a@example.com</t></is></c><c r="B2" s="1"><v>0</v></c></row>` +
			`</sheetData></worksheet>`
		said := saidOf(t, Config{}, workbooktest.Of(t, "",
			map[string]string{"xl/worksheets/sheet1.xml": rows, "xl/styles.xml": styles}))
		if strings.Join(said, "|") != want {
			t.Errorf("%s: %q", code, said)
		}
	}
}

// A column of a file is one column of the list, and what the list does not have is said. It has failed: of two
// columns that look the same the file's only one was both, and a column that the file has twice was dropped, in
// silence.
func TestColumnsTakenOnce(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ want, have, missing, more []string }{
		{[]string{"email", "کد", "كد"}, []string{"email", "کد", "email"}, []string{`"كد"`}, []string{`"email"`}},
		{[]string{"email", "کد", "كد"}, []string{"email", "کد"}, []string{`"كد"`}, nil},
		{[]string{"email", "First name"}, []string{"First\u00A0name", "email"}, nil, nil},
		{[]string{"email", "First name"}, []string{"First\n name", "email"}, nil, nil},
	} {
		if _, missing, more := folding.Match(c.want, c.have); !slices.Equal(missing, c.missing) ||
			!slices.Equal(more, c.more) {
			t.Errorf("%q in %q: missing %q, besides %q", c.want, c.have, missing, more)
		}
	}
}
