package recipients

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mailshot/campaign/recipients/workbook/workbooktest"
)

// styles of a flat OpenDocument file: leading zeros, a percent, euros, and dates.
const officeStyles = `<number:number-style style:name="N0"><number:number number:decimal-places="0" number:min-integer-digits="5"/></number:number-style>
<number:percentage-style style:name="N1"><number:number number:decimal-places="2" number:min-integer-digits="1"/><number:text>%</number:text></number:percentage-style>
<number:currency-style style:name="N2"><number:number number:decimal-places="2" number:min-integer-digits="1" number:grouping="true"/><number:text> </number:text><number:currency-symbol number:language="de" number:country="DE">€</number:currency-symbol></number:currency-style>
<number:date-style style:name="N3"><number:day number:style="long"/><number:text>.</number:text><number:month number:style="long"/><number:text>.</number:text><number:year number:style="long"/></number:date-style>
<number:date-style style:name="N4"><number:year number:style="long"/><number:text>-</number:text><number:month number:style="long"/><number:text>-</number:text><number:day number:style="long"/><number:text> </number:text><number:hours number:style="long"/><number:text>:</number:text><number:minutes number:style="long"/></number:date-style>
<number:text-style style:name="N5"><number:text>Nr </number:text><number:text-content/></number:text-style>
<style:style style:name="zip" style:family="table-cell" style:data-style-name="N0"/><style:style style:name="percent" style:family="table-cell" style:data-style-name="N1"/>
<style:style style:name="euro" style:family="table-cell" style:data-style-name="N2"/><style:style style:name="date" style:family="table-cell" style:data-style-name="N3"/>
<style:style style:name="time" style:family="table-cell" style:data-style-name="N4"/><style:style style:name="words" style:family="table-cell" style:data-style-name="N5"/>`

// flat writes a flat OpenDocument spreadsheet with one sheet, November; names are named ranges and ranges with a
// filter.
func flat(t testing.TB, file, rows, names string) string {
	t.Helper()
	const oasis = "urn:oasis:names:tc:opendocument:xmlns:"
	text := `<?xml version="1.0" encoding="UTF-8"?><office:document xmlns:office="` + oasis +
		`office:1.0" xmlns:table="` + oasis + `table:1.0" xmlns:text="` + oasis + `text:1.0" xmlns:style="` + oasis +
		`style:1.0" xmlns:number="` + oasis + `datastyle:1.0"` +
		` office:version="1.3" office:mimetype="application/vnd.oasis.opendocument.spreadsheet">` +
		`<office:automatic-styles>` + officeStyles +
		`</office:automatic-styles><office:body><office:spreadsheet><table:table table:name="November">` +
		rows + `</table:table>` + names + `</office:spreadsheet></office:body></office:document>`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// flatRow is a row of a flat file. A cell is a text, or a style and a value: euro=1234.5, date=2026-11-30.
func flatRow(attributes string, cells ...string) string {
	var b strings.Builder
	b.WriteString("<table:table-row" + attributes + ">")
	for _, c := range cells {
		style, value, styled := strings.Cut(c, "=")
		switch {
		case styled && (style == "zip" || style == "percent" || style == "euro"):
			fmt.Fprintf(&b, `<table:table-cell table:style-name="%s" office:value-type="float" office:value="%s"/>`,
				style, value)
		case styled && (style == "date" || style == "time"):
			fmt.Fprintf(&b, `<table:table-cell table:style-name="%s" office:value-type="date" `+
				`office:date-value="%s"/>`, style, value)
		default:
			if !styled || style != "words" {
				style, value = "Default", c
			}
			fmt.Fprintf(&b, `<table:table-cell table:style-name="%s" office:value-type="string"><text:p>`, style)
			xml.EscapeText(&b, []byte(value))
			b.WriteString("</text:p></table:table-cell>")
		}
	}
	return b.String() + "</table:table-row>"
}

// textRun is one conversion: LibreOffice's number of the encoding, the delimiter, the quote and whether all texts
// have it.
type textRun struct {
	number, delimiter, quote int
	all                      bool
	encoding                 string
	tongues                  []string
}

// TestOfficeText reads lists that LibreOffice wrote as text, in 14 encodings and with all kinds of delimiters and
// quotes. Each is read as it was written, or asked about at a place of the file; none is read wrong in silence. With
// what was asked said, each is read right. Without the note about apostrophes, the names in them were read in
// silence.
func TestOfficeText(t *testing.T) {
	t.Parallel()
	runs := []textRun{
		{76, ',', '"', false, "utf-8", []string{"German", "Persian", "Japanese"}},
		{76, ';', '"', true, "utf-8", []string{"French", "Arabic"}},
		{76, '|', '"', false, "utf-8", []string{"Korean"}},
		{76, ';', '\'', true, "utf-8", []string{"Spanish"}},
		{76, ';', '\'', false, "utf-8", []string{"Irish"}},
		{65535, '\t', '"', false, "utf-16", []string{"German", "Russian", "Thai"}},
		{1, ';', '"', false, "windows-1252", []string{"German", "French", "Spanish"}},
		{33, ';', '"', true, "windows-1250", []string{"Polish", "Czech", "Hungarian"}},
		{34, '\t', '"', false, "windows-1251", []string{"Russian", "Ukrainian", "Bulgarian"}},
		{35, ',', '"', false, "windows-1253", []string{"Greek"}},
		{36, ';', '"', false, "windows-1254", []string{"Turkish"}},
		{38, ',', '"', true, "windows-1256", []string{"Arabic"}},
		{64, ',', '"', false, "shift_jis", []string{"Japanese"}},
		{85, '\t', '"', true, "gb18030", []string{"Chinese"}},
		{68, ';', '"', false, "big5", []string{"Taiwanese"}},
		{4, ';', '"', false, "ibm850", []string{"German", "French"}},
		{74, ',', '"', false, "koi8-r", []string{"Russian"}},
		{22, '|', '"', true, "iso-8859-15", []string{"French"}},
	}
	if testing.Short() {
		runs = slices.DeleteFunc(runs, func(r textRun) bool { return r.number != 76 })
	}
	files, read, asked := 0, 0, 0
	profile := t.TempDir()
	for _, run := range runs {
		var flats []string
		dir := t.TempDir()
		want := make(map[string][][]string)
		for _, tongue := range run.tongues {
			text := tongues[tongue]
			if tongue == "Irish" {
				text = "Siún O'Brien,Baile Átha Cliath\n'Seán' Ó Sé,Gaillimh\n"
			}
			rows := [][]string{{"email", "name", "city", "note", "zip", "discount", "due"}}
			for i, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
				name, city, _ := strings.Cut(line, ",")
				note := fmt.Sprintf("%s; \"%s\", | %d", name, city, i)
				if tongue == "Irish" {
					note = "" // nothing needs quotes but the name
				}
				rows = append(rows, []string{string(rune('a'+i)) + "@example.com", name, city, note, "zip=742",
					"percent=0.125", "date=2026-11-30"})
			}
			var b strings.Builder
			for _, row := range rows {
				b.WriteString(flatRow("", row...))
			}
			flats = append(flats, flat(t, filepath.Join(dir, tongue+".fods"), b.String(), ""))
			for _, row := range rows[1:] {
				copy(row[4:], []string{"00742", "12.50%", "30.11.2026"})
			}
			want[tongue] = rows
		}
		out := workbooktest.Convert(t, fmt.Sprintf("csv:Text - txt - csv (StarCalc):%d,%d,%d,1,,1033,%v,true,true",
			run.delimiter, run.quote, run.number, run.all), profile, flats...)
		for tongue, want := range want {
			name := fmt.Sprintf("%s in %s by %c and %c", tongue, run.encoding, run.delimiter, run.quote)
			files++
			cfg := Config{Dir: out, File: tongue + ".csv"}
			got, questions, err := readFields(cfg)
			var f *Fault
			switch {
			case err == nil && slices.EqualFunc(got, want, slices.Equal):
				read++
			case err == nil && questions == 0:
				t.Errorf("%s was read in silence as\n%q", name, got)
			case err == nil:
				asked++
			case errors.As(err, &f) && strings.HasPrefix(f.Place, cfg.File):
				asked++
			default:
				t.Errorf("%s: %v", name, err)
			}
			if run.quote != '"' {
				continue // nothing to say but to export it again
			}
			cfg.Encoding, cfg.Delimiter = run.encoding, rune(run.delimiter)
			if got, _, err := readFields(cfg); err != nil || !slices.EqualFunc(got, want, slices.Equal) {
				t.Errorf("%s, said so: %v\n%q", name, err, got)
			}
		}
	}
	t.Logf("%d files: %d read, %d asked about", files, read, asked)
}

// readFields reads a list into its header and rows, the number of notes about it, and the first fault.
func readFields(cfg Config) (rows [][]string, questions int, err error) {
	l, err := Open(cfg)
	if err != nil {
		return nil, 0, err
	}
	defer l.Close()
	rows = append(rows, l.Header().names())
	for row, err := range l.Rows(context.Background()) {
		if err != nil {
			return rows, 0, err
		}
		if len(row.Faults) > 0 {
			return rows, 0, row.Faults[0]
		}
		rows = append(rows, row.Fields)
	}
	return rows, len(l.Notes()), nil
}

// TestOfficeWorkbook reads a workbook that LibreOffice wrote, with what lists have: a merged title above the header,
// leading zeros, percents, euros, dates, words around texts, rows hidden by hand and by a filter, a named range and
// one with a filter. What is read is what LibreOffice shows of the same sheet. With no row taken for hidden, nothing
// is asked.
func TestOfficeWorkbook(t *testing.T) {
	t.Parallel()
	blank := flatRow("", "", "", "", "", "", "", "", "")
	title := `<table:table-row><table:table-cell office:value-type="string" table:number-columns-spanned="4">` +
		`<text:p>Customers of November</text:p></table:table-cell><table:covered-table-cell ` +
		`table:number-columns-repeated="3"/></table:table-row>`
	header := flatRow("", "email", "name", "zip", "amount", "discount", "due", "since", "ref")
	people := []string{
		flatRow("", "ann@example.com", "Ann & <Zoë>", "zip=742", "euro=1234.5", "percent=0.125", "date=2026-11-30",
			"time=2026-11-30T09:05:00", "words=17"),
		flatRow(` table:visibility="collapse"`, "bob@example.com", "Bob", "zip=80331", "euro=-7.25", "percent=1",
			"date=1999-12-31", "time=1999-12-31T23:59:00", "words=18"),
		flatRow(` table:visibility="filter"`, "eve@example.com", "O'Neil\t\"Eve\"", "zip=1", "euro=0",
			"percent=0.0005", "date=2000-02-29", "time=2000-02-29T00:00:00", "words=19"),
		flatRow("", "دانا@example.org", "دانا", "zip=12345", "euro=1000000", "percent=-0.5", "date=1901-01-01",
			"time=1901-01-01T12:30:00", "20"),
	}
	rows := title + blank + header + strings.Join(people, "")
	names := `<table:named-expressions><table:named-range table:name="people" ` +
		`table:base-cell-address="$November.$A$1" table:cell-range-address="$November.$A$3:.$H$7"/>` +
		`</table:named-expressions>` +
		`<table:database-ranges><table:database-range table:name="filtered" ` +
		`table:target-range-address="November.A3:November.H7" table:display-filter-buttons="true"/>` +
		`</table:database-ranges>`
	dir, profile := t.TempDir(), t.TempDir()
	book := flat(t, filepath.Join(dir, "book.fods"), rows, names)
	shown, err := os.ReadFile(filepath.Join(workbooktest.Convert(t, workbooktest.AsShown, profile, book),
		"book-November.csv"))
	if err != nil {
		t.Fatal(err)
	}
	all := workbooktest.ShownRows(string(shown))[2:]
	out := workbooktest.Convert(t, "xlsx:Calc MS Excel 2007 XML", profile, book)
	types := map[string]Type{"amount": Number, "discount": Number, "due": Date, "since": Date}
	for name, c := range map[string]struct {
		cfg  Config
		want [][]string
		code string // of the fault
	}{
		"as it is":       {Config{}, nil, "merged-header"},
		"header said":    {Config{HeaderRow: 3}, nil, "hidden-rows"},
		"hidden rows":    {Config{HeaderRow: 3, Hidden: HiddenInclude}, all, ""},
		"visible rows":   {Config{HeaderRow: 3, Hidden: HiddenSkip}, [][]string{all[0], all[1], all[4]}, ""},
		"a named range":  {Config{Range: "people", Hidden: HiddenInclude}, all, ""},
		"a sheet, cells": {Config{Sheet: "November", Range: "A3:H7", Hidden: HiddenInclude, Columns: types}, all, ""},
	} {
		c.cfg.Dir, c.cfg.File = out, "book.xlsx"
		got, _, err := readFields(c.cfg)
		var f *Fault
		switch {
		case c.code != "":
			if !errors.As(err, &f) || f.Code != c.code {
				t.Errorf("%s: %v, want %s", name, err, c.code)
			}
		case err != nil || !slices.EqualFunc(got, c.want, slices.Equal):
			t.Errorf("%s: %v\ngot  %q\nwant %q", name, err, got, c.want)
		}
	}
	l, err := Open(Config{Dir: out, File: "book.xlsx", HeaderRow: 3, Hidden: HiddenInclude, Columns: types})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for row, err := range l.Rows(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		v := row.Values()
		if row.Number == 1 && (v["amount"] != 1234.5 || v["discount"] != 0.125 ||
			v["due"] != time.Date(2026, 11, 30, 0, 0, 0, 0, time.UTC) ||
			v["since"] != time.Date(2026, 11, 30, 9, 5, 0, 0, time.UTC)) {
			t.Errorf("typed: %v", v)
		}
	}
}
