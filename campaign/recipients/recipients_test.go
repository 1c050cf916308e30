package recipients

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailshot/campaign/recipients/workbook/workbooktest"
)

func TestCSVList(t *testing.T) {
	t.Parallel()
	list := "\uFEFFE-mail;Full name;amount;due;vip\r\n" +
		"ann@example.com;\"Example; Ann\";1.5;2026-11-30;yes\r\n" +
		";;;;\r\n\r\n" +
		"bob;Bob;-2;;no\r\n" +
		"cem@bücher.example;\"two\r\nlines\";x;30.11.2026;maybe\r\n" +
		"dan@example.com;Dan\r\n" +
		"eve@example.com;Eve;;2026-12-01 10:30;\r\n"
	lines, l := readAll(t, Config{File: "people.csv",
		Columns: map[string]Type{"amount": Number, "due": Date, "vip": Bool}}, list)
	want := []string{
		`people.csv:2 ["ann@example.com" "Example; Ann" "1.5" "2026-11-30" "yes"]`,
		`people.csv:5 invalid E-mail: no @ in "bob"`,
		`people.csv:6 ["cem@bücher.example" "two\r\nlines" "x" "30.11.2026" "maybe"]`,
		`people.csv:6: amount: "x" is not a number (write it as 1234.5, or say whose numbers these are in ` +
			`recipients.locale)`,
		`people.csv:6: due: "30.11.2026" is not a date (write it as 2026-11-30, or say whose dates these are in ` +
			`recipients.locale)`,
		`people.csv:6: vip: "maybe" is neither yes nor no (write true or false)`,
		`people.csv:8: 2 cells, the header has 5 (every row needs as many cells as the header; put quotes around a ` +
			`cell that holds the delimiter)`,
		`people.csv:9 ["eve@example.com" "Eve" "" "2026-12-01 10:30" ""]`,
	}
	if d := cmp.Diff(want, lines); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{`delimiter: ";"`, `address column: "E-mail"`, `name column: "Full name"`},
		l.Header().Guessed); d != "" {
		t.Error(d)
	}
}

func TestMistakes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		cfg  Config
		list string
		want []string
	}{
		{"empty file", Config{}, "", []string{"people.csv: the list is empty (its first row names the columns)"}},
		{"blank file", Config{}, "\n\n,,\n", []string{"people.csv: the list is empty (its first row names the " +
			"columns)"}},
		{"no header", Config{}, "ann@example.com,Ann\n",
			[]string{`people.csv:1: the first row holds an address, "ann@example.com", where the columns' names ` +
				`should be (put a row with names above it)`}},
		{"duplicate header", Config{}, "email,x, x\n",
			[]string{`people.csv:1: columns 2 and 3 are both named "x" (columns are found by name: rename one)`}},
		{"the same letters", Config{}, "email,é,e\u0301\n",
			[]string{`people.csv:1: columns 2 and 3 are both named "é" (columns are found by name: rename one)`}},
		{"all at once", Config{Address: "emial", Name: "nobody", Key: "numbr",
			Columns: map[string]Type{"amout": Number, "x": "int"}, Where: "cuontry == 1"},
			"email,number,amount,country,x\n", []string{
				`people.csv:1: no column "emial" for the address (did you mean "email"?)`,
				`people.csv:1: no column "nobody" for the name (the columns are email, number, amount, country, x)`,
				`people.csv:1: no column "numbr" for the key (did you mean "number"?)`,
				`people.csv:1: no column "amout" for the type number (did you mean "amount"?)`,
				`people.csv:1: column "x" has the unknown type "int" (text, number, date or bool)`,
				`where: no column "cuontry" (did you mean "country"?)`,
			}},
		{"no address column", Config{}, "a,b\n",
			[]string{"people.csv:1: no column looks like the address (name it in recipients.address; the columns " +
				"are a, b)"}},
		{"two address columns", Config{}, "email,mail\n",
			[]string{`people.csv:1: columns "email" and "mail" may both hold the address (name one of them in ` +
				`recipients.address)`}},
		{"header row past the end", Config{HeaderRow: 9}, "email\n",
			[]string{"people.csv:9: no row begins here (the header row is past the end of the list)"}},
		{"header row in a record", Config{HeaderRow: 2}, "\"a\nb\"\nemail\n",
			[]string{"people.csv:2: no row begins here (correct the header row)"}},
		{"UTF-32", Config{}, "\xff\xfe\x00\x00e\x00\x00\x00",
			[]string{"people.csv: is UTF-32 text (save it as CSV UTF-8)"}},
		{"no such encoding", Config{Encoding: "utf-9"}, "email\n",
			[]string{`people.csv: no encoding is called "utf-9" (utf-8, utf-16, windows-1252, windows-1251, ` +
				`iso-8859-2, shift_jis, gb18030 and what else WHATWG and IANA name)`}},
		{"not that encoding", Config{Encoding: "windows-1252"}, "email,name\na@example.com,\x81\n",
			[]string{"people.csv:2: bytes that are not windows-1252 (correct recipients.encoding, or save the list " +
				"as CSV UTF-8)"}},
		{"old Excel", Config{}, "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1",
			[]string{"people.csv: is an old .xls workbook, or one with a password (open it in Excel and save it as " +
				".xlsx without a password)"}},
		{"gzip", Config{}, "\x1f\x8b\x08", []string{"people.csv: cannot be unpacked: it is cut off (is the file " +
			"complete? download or pack it again)"}},
		{"PDF", Config{}, "%PDF-1.7", []string{"people.csv: is a PDF, not a list (export the list as CSV or .xlsx)"}},
		{"zip", Config{}, "PK\x03\x04xxxx", []string{"people.csv: is not a whole workbook: not a valid zip file " +
			"(is the file complete? export or download it again)"}},
		{"text named xlsx", Config{File: "people.xlsx"}, "email\n",
			[]string{"people.xlsx: is not an Excel workbook, though its name says so (export it again, or name it " +
				".csv if it is text)"}},
		{"where is no comparison", Config{Where: "email"}, "email\n",
			[]string{`where: expected bool, but got string (a filter is a comparison, as in amount > 0 && country ` +
				`!= "FR")`}},
		{"unclosed quote in the header", Config{}, "email,\"name\na@b.example,x\n",
			[]string{`people.csv:1: a quote opens here and is never closed (everything after it would be lost: ` +
				`close it, or double it ("") if it belongs to the cell)`}},
	} {
		if c.cfg.File == "" {
			c.cfg.File = "people.csv"
		}
		lines, _ := readAll(t, c.cfg, c.list)
		if d := cmp.Diff(c.want, lines); d != "" {
			t.Errorf("%s: %s", c.name, d)
		}
	}
	_, err := Open(Config{File: "nowhere.csv", Dir: t.TempDir()})
	if err == nil || err.Error() != "nowhere.csv: there is no such file (paths are relative to the campaign file)" {
		t.Error(err)
	}
	if _, err := Open(Config{File: ".", Dir: t.TempDir()}); err == nil ||
		!strings.Contains(err.Error(), "is a folder") {
		t.Error(err)
	}
	if _, err := Open(Config{}); err == nil {
		t.Error("a list without a name was opened")
	}
}

func TestExcelMistakes(t *testing.T) {
	t.Parallel()
	head := workbooktest.Inline(1, "email", "name")
	two := map[string]string{
		"xl/workbook.xml": `<workbook xmlns:r="r"><sheets><sheet name="Hidden" state="hidden" r:id="rId1"/><sheet ` +
			`name="October" r:id="rId1"/><sheet name="November" r:id="rId1"/></sheets></workbook>`,
	}
	for _, c := range []struct {
		name  string
		cfg   Config
		rows  string
		parts map[string]string
		want  []string
	}{
		{"unknown sheet", Config{Sheet: "Novemer"}, head, nil,
			[]string{`list.xlsx: there is no sheet "Novemer" (did you mean "November"?)`}},
		{"unknown sheet, far", Config{Sheet: "Zulu"}, head, two,
			[]string{`list.xlsx: there is no sheet "Zulu" (the sheets are Hidden, October, November)`}},
		{"bad range", Config{Range: "A1-B2"}, head, nil,
			[]string{`list.xlsx: range "A1-B2" (write it as A3:F200, as A:F for whole columns, or as the name of a ` +
				`range or table of the workbook)`}},
		{"range without header", Config{Range: "A1:C9"}, head + workbooktest.Inline(2, "ann@example.com", "Ann", "x"), nil,
			[]string{`list.xlsx November!C1: column C has no name (give it a name, or delete the column)`}},
		{"delimiter", Config{Delimiter: ';'}, head, nil,
			[]string{"list.xlsx: a delimiter is set, but list.xlsx is an Excel workbook (delete it)"}},
		{"errors and formulas", Config{}, head +
			`<row r="2"><c r="A2" t="inlineStr"><is><t>ann@example.com</t></is></c><c r="B2" t="e"><f>x</f>` +
			`<v>#REF!</v></c></row>` +
			`<row r="3"><c r="A3" t="inlineStr"><is><t>bob@example.com</t></is></c><c r="B3"><f>1+1</f></c></row>`,
			nil, []string{
				`list.xlsx November!2 ["ann@example.com" "#REF!"]`,
				`list.xlsx November!B2: the cell shows the error "#REF!" (correct its formula)`,
				`list.xlsx November!3 ["bob@example.com" ""]`,
				`list.xlsx November!B3: a formula without a stored value (open the workbook in Excel and save it, so ` +
					`that it is calculated)`,
			}},
		{"formula with an empty text", Config{},
			head + `<row r="2"><c r="A2" t="inlineStr"><is><t>ann@example.com</t></is></c><c r="B2" t="str">` +
				`<f>x</f><v></v></c></row>`, nil, []string{`list.xlsx November!2 ["ann@example.com" ""]`}},
		{"beyond the header", Config{}, head + workbooktest.Inline(2, "ann@example.com", "", "", "x") +
			workbooktest.Inline(3, "bob@example.com", "", "", "  "), nil, []string{
			"list.xlsx November!2: a cell beyond the header's last column (4 cells, the header has 2) (give the " +
				"column a header, or name the list's cells with range)",
			`list.xlsx November!3 ["bob@example.com" ""]`,
		}},
		{"before the header", Config{}, workbooktest.Inline(1, "", "email", "name") +
			workbooktest.Inline(2, "x", "ann@example.com", "Ann"), nil, []string{
			`list.xlsx November!2 ["ann@example.com" "Ann"]`,
			"list.xlsx November!A2: a cell before the header's first column (give the column a header, or name the " +
				"list's cells with range)",
		}},
		{"range", Config{Range: "$B$3:C4"}, workbooktest.Inline(1, "My list") +
			workbooktest.Inline(3, "", "email", "name", "x") +
			workbooktest.Inline(4, "x", "ann@example.com", "Ann", "y") + workbooktest.Inline(5, "x", "total"), nil,
			[]string{`list.xlsx November!4 ["ann@example.com" "Ann"]`}},
		{"header row", Config{HeaderRow: 3}, workbooktest.Inline(1, "My list") +
			workbooktest.Inline(3, "email", "name") + workbooktest.Inline(4, "ann@example.com", "Ann"), nil,
			[]string{`list.xlsx November!4 ["ann@example.com" "Ann"]`}},
		{"title for a header", Config{}, workbooktest.Inline(1, "My list") + workbooktest.Inline(3, "email", "name"),
			nil, []string{"list.xlsx November!1: no column looks like the address (name it in recipients.address; " +
				"or, if this is a title, name the row of the header in recipients.header_row)"}},
		{"no name", Config{}, `<row r="1"><c r="A1" t="inlineStr"><is><t>email</t></is></c><c r="C1" t="inlineStr">` +
			`<is><t>x</t></is></c></row>` + workbooktest.Inline(2, "", "y",
			""), nil, []string{"list.xlsx November!B1: column B has no name (give it a " +
			"name, or delete the column)"}},
		{"wrong types", Config{Columns: map[string]Type{"email": Text, "name": Date}},
			head + `<row r="2"><c r="A2" t="inlineStr"><is><t>ann@example.com</t></is></c><c r="B2"><v>46356</v>` +
				`</c></row>`, nil, []string{
				`list.xlsx November!2 ["ann@example.com" "46356"]`,
				`list.xlsx November!B2: name: "46356" is stored as a number, not as a date (change the cell's format ` +
					`in Excel)`,
			}},
		{"no date", Config{}, head + `<row r="2"><c r="A2" t="inlineStr"><is><t>ann@example.com</t></is></c><c ` +
			`r="B2" s="1"><v>-3</v></c></row>`, nil, []string{
			`list.xlsx November!2 ["ann@example.com" "-3"]`,
			`list.xlsx November!B2: the number -3 has the format of a date, but is not one (correct the cell)`,
		}},
	} {
		lines, _ := readAll(t, c.cfg, workbooktest.Of(t, c.rows, c.parts))
		if d := cmp.Diff(c.want, lines); d != "" {
			t.Errorf("%s: %s", c.name, d)
		}
	}
	_, l := readAll(t, Config{}, workbooktest.Of(t, head, two))
	if d := cmp.Diff([]string{`sheet: "October", the first of 2`, `address column: "email"`, `name column: "name"`},
		l.Header().Guessed); d != "" {
		t.Error(d)
	}
}

func TestStandardInput(t *testing.T) {
	t.Parallel()
	for name, content := range map[string]string{
		"-:2": "email\nann@example.com\n",
		"- November!2": workbooktest.Of(t, workbooktest.Inline(1, "email")+workbooktest.Inline(2, "ann@example.com"),
			nil),
	} {
		l, err := Open(Config{File: "-", Stdin: iotest.HalfReader(strings.NewReader(content))})
		if err != nil {
			t.Fatal(err)
		}
		var places []string
		for row, err := range l.Rows(context.Background()) {
			if err != nil {
				t.Fatal(err)
			}
			places = append(places, row.Place)
		}
		if d := cmp.Diff([]string{name}, places); d != "" || len(l.Digest()) != 64 {
			t.Errorf("%s, digest %q", d, l.Digest())
		}
		for _, err := range l.Rows(context.Background()) {
			if err == nil {
				t.Error("a list was read twice")
			}
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}
	boom := errors.New("boom")
	if _, err := Open(Config{File: "-", Stdin: iotest.ErrReader(boom)}); err == nil ||
		!strings.Contains(err.Error(), "boom") {
		t.Error(err)
	}
}

func TestWhere(t *testing.T) {
	t.Parallel()
	list := "email,name,amount,due,vip,Full name,شهر,row\n" +
		"a@example.com,Ann,5,2026-11-30,yes,Ann A,تهران,x\n" +
		"b@example.com,Bob,,,,Bob B,شیراز,y\n"
	cfg := Config{File: "people.csv", Columns: map[string]Type{"amount": Number, "due": Date, "vip": Bool}}
	for where, want := range map[string][]string{
		"":                                       {"1", "2"},
		"amount != nil && amount > 4":            {"1", "filtered"},
		`row["Full name"] == "Bob B"`:            {"filtered", "2"},
		`شهر == "تهران"`:                         {"1", "filtered"},
		`row["شهر"] != "تهران"`:                  {"filtered", "2"},
		`row["row"] == "y"`:                      {"filtered", "2"},
		`due == nil || due < date("2027-01-01")`: {"1", "2"},
		`vip == true`:                            {"1", "filtered"},
		`(amount ?? 0) == 0`:                     {"filtered", "2"},
		`name in ["Ann", "Cem"]`:                 {"1", "filtered"},
		`email endsWith "@example.com"`:          {"1", "2"},
		"amount > 4": {"1",
			`people.csv:3: where: "amount" is empty here (fill the cell, or write row["amount"] != nil && …)`},
		"amout > 4":             {`where: no column "amout" (did you mean "amount"?)`},
		`row["Full nam"] == ""`: {`where: no column "Full nam" (did you mean "Full name"?)`},
		`amount > "x"`:          {"where: a number on one side of > and text on the other (write the number without quotes, as in amount > 100)"},
		`name > `:               {`where: the expression ends too early (a filter is a comparison, as in amount > 0 && country != "FR")`},
	} {
		cfg := cfg
		cfg.Where = where
		cfg.Dir = t.TempDir()
		if err := os.WriteFile(filepath.Join(cfg.Dir, cfg.File), []byte(list), 0o600); err != nil {
			t.Fatal(err)
		}
		var got []string
		l, err := Open(cfg)
		if err != nil {
			got = each(err)
		} else {
			for row, err := range l.Rows(context.Background()) {
				switch {
				case err != nil:
					got = append(got, err.Error())
				case row.Filtered:
					got = append(got, "filtered")
				case len(row.Faults) > 0:
					got = append(got, each(errors.Join(row.Faults...))...)
				default:
					got = append(got, fmt.Sprint(row.Number))
				}
			}
			l.Close()
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", where, d)
		}
	}
	h := &Header{Columns: []Column{{"email", Text}, {"amount", Number}}, Name: -1, Key: -1}
	_, err := h.Filter("1 < 2 &&\n  amout > 4")
	var f *Fault
	if !errors.As(err, &f) || f.Excerpt != "  amout > 4" || f.Column != 3 || f.Place != "where" {
		t.Errorf("%+v", f)
	}
}

func TestFaultyRowThatIsFilteredIsNoFault(t *testing.T) {
	t.Parallel()
	lines, _ := readAll(t, Config{File: "people.csv", Columns: map[string]Type{"amount": Number},
		Where: `country == "FR"`},
		"email,amount,country\nann,x,DE\nbob@example.com,x,FR\n")
	want := []string{"people.csv:2 filtered", `people.csv:3 ["bob@example.com" "x" "FR"]`,
		`people.csv:3: amount: "x" is not a number (write it as 1234.5, or say whose numbers these are in ` +
			`recipients.locale)`}
	if d := cmp.Diff(want, lines); d != "" {
		t.Error(d)
	}
}

func TestEncode(t *testing.T) {
	t.Parallel()
	list := "email,name,amount,due,vip,id\nAnn@Example.com, Ann ,1.5,2026-11-30 " +
		"10:00,yes,7\nbob@example.com,,,,,\nnobody,x,0,1900-01-01,no,\"a\nb\"\n"
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "people.csv"), []byte(list), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := Open(Config{Dir: dir, File: "people.csv", Key: "id",
		Columns: map[string]Type{"amount": Number, "due": Date, "vip": Bool}})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	stored, err := json.Marshal(l.Header())
	if err != nil {
		t.Fatal(err)
	}
	var h Header
	if err := json.Unmarshal(stored, &h); err != nil {
		t.Fatal(err)
	}
	n := 0
	for row, err := range l.Rows(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		n++
		b := row.Encode()
		again, err := h.Decode(row.Place, row.Number, b)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(row.Values(), again.Values()); d != "" {
			t.Error(d)
		}
		if d := cmp.Diff(row.Text(), again.Text()); d != "" {
			t.Error(d)
		}
		if row.Place != again.Place || row.Number != again.Number || row.Address != again.Address ||
			row.Key != again.Key || row.Name != again.Name || row.Invalid != again.Invalid {
			t.Errorf("%+v came back as %+v", row, again)
		}
		if !bytes.Equal(b, again.Encode()) {
			t.Errorf("%q encodes differently the second time", row.Fields)
		}
		for cut := range b {
			if _, err := h.Decode("x", 1, b[:cut]); err == nil {
				t.Errorf("%d of %d bytes decode", cut, len(b))
			}
		}
		if _, err := h.Decode("x", 1, append(b, 0)); err == nil {
			t.Error("a byte too much decodes")
		}
		switch n {
		case 1:
			if row.Key != "7" || row.Name != "Ann" || row.Values()["amount"] != 1.5 ||
				row.Values()["due"] != time.Date(2026, 11, 30, 10, 0, 0, 0, time.UTC) || row.Values()["vip"] != true {
				t.Errorf("%+v %v", row, row.Values())
			}
		case 2:
			if row.Invalid != "id: empty key" || row.Values()["amount"] != nil {
				t.Errorf("%+v", row)
			}
		}
	}
	if n != 3 {
		t.Errorf("%d rows", n)
	}
}

func TestContextEndsRows(t *testing.T) {
	t.Parallel()
	l, err := Open(Config{File: "-", Stdin: strings.NewReader("email\na@b.example\nc@d.example\n")})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	n := 0
	for _, err := range l.Rows(ctx) {
		n++
		cancel()
		if n == 2 && !errors.Is(err, context.Canceled) || n > 2 {
			t.Errorf("%d: %v", n, err)
		}
	}
	if n != 2 || l.Digest() != "" {
		t.Errorf("%d, digest %q", n, l.Digest())
	}
}

// FuzzWhere: whatever is written, compiling and running it ends without a panic, and a compile error has its place.
func FuzzWhere(f *testing.F) {
	for _, s := range []string{"amount > 0", `row["x"] == email`, "due == nil", "vip", `email matches "a+"`,
		"len(email) > 3 and not vip"} {
		f.Add(s)
	}
	h := &Header{Columns: []Column{{"email", Text}, {"amount", Number}, {"due", Date}, {"vip", Bool}}, Name: -1,
		Key: -1}
	row := &Row{Place: "x:1", Fields: []string{"a@b.example", "1", "", ""}, values: []any{nil, 1.0, nil, nil},
		header: h}
	f.Fuzz(func(t *testing.T, s string) {
		if strings.Contains(s, "..") {
			t.Skip("nested ranges may run long; the campaign's author writes them, no recipient")
		}
		match, err := h.Filter(s)
		if err != nil {
			if fault := err.(*Fault); fault.Place == "" || fault.Text == "" {
				t.Fatalf("%q: %+v", s, fault)
			}
			return
		}
		if _, err := match(row); err != nil && err.(*Fault).Place != "x:1" {
			t.Fatalf("%q: %v", s, err)
		}
	})
}
