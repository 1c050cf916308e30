package workbook

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"mailshot/campaign/recipients/workbook/strictxml"
	"mailshot/campaign/recipients/workbook/workbooktest"
)

func TestUnescape(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"a_x000D_b": "a\rb", "_x005F_x000D_": "_x000D_", "_xD800_": "_xD800_", "_x00": "_x00", "_xzzzz_": "_xzzzz_",
		"__x0041_": "_A", "_x000d": "_x000d",
	} {
		if got := unescape(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// FuzzSheet: whatever a sheet's XML is, it ends in rows or a reason, without a panic, and the same in pieces of one
// byte.
func FuzzSheet(f *testing.F) {
	f.Add(`<worksheet><sheetData>` + workbooktest.Inline(1, "email") + workbooktest.Inline(2, "a@b.example") +
		`</sheetData></worksheet>`)
	f.Add(`<worksheet><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c><c r="ZZ1" s="5"><f>x</f><v>1</v></c></row>` +
		`</sheetData></worksheet>`)
	f.Add(`<x:worksheet xmlns:x="y"><x:sheetData><x:row><x:c t="d"><x:v>2026-01-01</x:v></x:c></x:row>` +
		`</x:sheetData></x:worksheet>`)
	f.Add(`<worksheet><sheetData><row r="3" hidden="1"><c t="b"><v>1</v></c><c t="e"><v>#N/A</v></c><c t="str" ` +
		`s="1"><f/><v>_x0041_</v></c></row></sheetData></worksheet>`)
	f.Fuzz(func(t *testing.T, text string) {
		read := func(in io.Reader) (out []string) {
			s := &Sheet{
				title: "November", xml: strictxml.New(in), hidden: Ask,
				shared: texts{[]piece{{"emailname", []uint32{5, 9}}}, 2},
				styles: &styles{cells: []int{0, 14, 4, 9, 46, 164}, custom: map[int]string{164: `00000;[Red]"x"@`}},
				area:   area{0, MaxColumns - 1, 1, MaxRows}, clock: &stopwatch{limit: maxTime}, most: maxCells,
			}
			for {
				rec, err := s.Next()
				if err == io.EOF {
					return out
				}
				if err != nil {
					if !strings.HasPrefix(err.Error(), "November") {
						t.Fatalf("%q: %v", text, err)
					}
					return append(out, err.Error())
				}
				if s.width == 0 {
					rec = s.Header(rec)
				}
				if len(rec.Cells) != len(rec.Texts) {
					t.Fatalf("%q: %d fields, %d cells", text, len(rec.Texts), len(rec.Cells))
				}
				out = append(out, fmt.Sprintf("%d %q %v", rec.Number, rec.Texts, rec.Errors))
			}
		}
		whole := read(strings.NewReader(text))
		if bytes := read(iotest.OneByteReader(strings.NewReader(text))); !slices.Equal(whole, bytes) {
			t.Fatalf("%q\nwhole %q\nbytes %q", text, whole, bytes)
		}
	})
}
