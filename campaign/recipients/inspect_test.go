package recipients

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailshot/campaign/recipients/profile"
	"mailshot/campaign/recipients/workbook/workbooktest"
)

// looked inspects a list of that content, and says of it what a line can hold.
func looked(t *testing.T, name, content string, cfg Config) (*Inspection, string) {
	t.Helper()
	cfg.Dir, cfg.File = t.TempDir(), name
	if err := os.WriteFile(filepath.Join(cfg.Dir, name), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	in, err := Inspect(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %d rows", in.Kind, in.Rows)
	for _, told := range []*Told{in.Encoding, in.Delimiter} {
		if told != nil {
			fmt.Fprintf(&b, "; %s %s", told.Value, told.By)
		}
	}
	for _, c := range in.Columns {
		fmt.Fprintf(&b, "\n%s: %s %d/%d", c.Name, c.Type, c.Filled, c.Distinct)
		for _, s := range []string{c.Use, c.Locale, strings.Join(c.Also, " "), c.Why} {
			if s != "" {
				b.WriteString("; " + s)
			}
		}
	}
	for _, f := range in.Faults {
		fmt.Fprintf(&b, "\n%s %s", f.Code, f.Place)
	}
	for _, f := range in.Notes {
		fmt.Fprintf(&b, "\nnote %s %s", f.Code, f.Place)
	}
	return in, b.String()
}

func TestInspect(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, file, content, want string }{
		{"types", "a.csv", "email,amount,due,vip,zip,empty\nann@example.com,1.5,2026-11-30,yes,01234,\n" +
			"bob@example.com,2,2026-12-01,no,99999,\n",
			"csv 2 rows; utf-8 every byte of it fits; , as most of the first rows tell\n" +
				"email: address 2/2; address\namount: number 2/2\ndue: date 2/2\nvip: bool 2/2\nzip: text 2/2; " +
				"a.csv:2: \"01234\" begins with 0\nempty:  0/0"},
		{"other people's numbers and dates", "a.csv",
			"sep=;\nwho;amount;due;either\na@b.example;1.234,50;30.11.2026;03/04/2026\na@b.example;7,5;1.12.2026;12/11/2026\n",
			"csv 2 rows; utf-8 every byte of it fits; ; its first line says so\n" +
				"who: address 2/1\namount: number 2/2; de-DE\ndue: date 2/2; de-DE\neither: date 2/2; de-DE; en-US"},
		{"thousands or decimals", "a.csv", "who;n\na@b.example;1,234\n",
			"csv 1 rows; utf-8 every byte of it fits; ; as most of the first rows tell\n" +
				"who: address 1/1\nn: number 1/1; de-DE; en-US en-GB fa-IR"},
		{"nearly", "a.tsv", "n\ttel\n" + strings.Repeat("1\t+49 30 123\n", 19) + "n/a\t+1\n",
			"csv 20 rows; utf-8 every byte of it fits; \t by the file's name\n" +
				"n: text 20/2; 1 cell is not a number, the first in a.tsv:21: \"n/a\"\ntel: text 20/2\n" +
				"no-addresses a.tsv"},
		{"a long number", "a.csv", "n\n4111111111111111\n",
			"csv 1 rows; utf-8 every byte of it fits; , as most of the first rows tell\nn: text 1/1; a.csv:2: " +
				"\"4111111111111111\" has more digits than a number keeps\nno-addresses a.csv"},
		{"a header alone", "a.csv", "email,name\n", "csv 0 rows; utf-8 every byte of it fits; , as most of the first " +
			"rows tell\nemail:  0/0; address\nname:  0/0; name\nno-rows a.csv:1"},
		{"no names of columns", "a.csv", "ann@example.com,Ann\nbob@example.com,Bob\n",
			"csv 2 rows; utf-8 every byte of it fits; , as most of the first rows tell\n(1): address 2/2\n(2): " +
				"text 2/2\nmissing-header a.csv:1"},
		{"goes on after mistakes", "a.csv", "email,email,\na@example.com,x,z\nb@example.com\nnobody,x,z\n\"open,x\n",
			"csv 3 rows; utf-8 every byte of it fits; , as most of the first rows tell\nemail: text 1/1\n" +
				"email: text 1/1\nduplicate-header a.csv:1\nempty-header a.csv:2\nragged-row " +
				"a.csv:3\nunclosed-quote a.csv:5"},
		{"in the likeliest encoding", "a.csv", "email,name\na@example.com,M\xfcller\nb@gmial.com,Gr\xfc\xdfe\n",
			"csv 2 rows; windows-1252 a guess; , as most of the first rows tell\nemail: address 2/2; " +
				"address\nname: text 2/2; name\nbad-encoding a.csv:2\nnote typo-domain a.csv:3"},
		{"marked", "a.csv", "\xef\xbb\xbfemail\na@example.com\n",
			"csv 1 rows; utf-8 by its byte order mark; , as most of the first rows tell\nemail: address 1/1; address"},
		{"UTF-16", "a.csv", "e\x00\n\x001\x00\n\x00",
			"csv 1 rows; utf-16 by its NUL bytes; , as most of the first rows tell\ne: number 1/1\n" +
				"no-addresses a.csv"},
		{"JSON lines", "a.jsonl", "{\"email\":\"a@example.com\",\"n\":1}\n{\"n\":2,\"email\":\"nobody\"}\n",
			"jsonl 2 rows; utf-8 every byte of it fits\nemail: address 2/2; address; 1 cell is not an address, the " +
				"first in a.jsonl:2: \"nobody\"\nn: number 2/2\nnote invalid-row a.jsonl:2"},
		{"nothing", "a.csv", "", "csv 0 rows; utf-8 every byte of it fits; , as most of the first rows " +
			"tell\nmissing-header a.csv"},
		{"no list", "a.pdf", "%PDF-1.7", " 0 rows\nnot-a-list a.pdf"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, got := looked(t, c.file, c.content, Config{})
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A workbook's sheets are all counted, and what is stored tells the types; one that breaks off is shown as far as it
// goes.
func TestInspectWorkbook(t *testing.T) {
	t.Parallel()
	book := func(rows string) string {
		return workbooktest.Of(t, rows, map[string]string{
			"xl/workbook.xml": `<workbook xmlns:r="r"><sheets><sheet name="November" r:id="rId1"/>` +
				`<sheet name="Old" state="hidden" r:id="rId9"/></sheets></workbook>`,
			"xl/_rels/workbook.xml.rels": `<Relationships><Relationship Id="rId1" Type="x/worksheet" ` +
				`Target="worksheets/sheet1.xml"/><Relationship Id="rId9" Type="x/worksheet" ` +
				`Target="worksheets/sheet2.xml"/><Relationship Id="rId2" Type="x/styles" Target="styles.xml"/>` +
				`</Relationships>`,
			"xl/worksheets/sheet2.xml": `<worksheet><sheetData>` + workbooktest.Inline(1, "a") +
				`<row r="2" hidden="1"><c r="A2"><v>1</v></c></row></sheetData></worksheet>`,
		})
	}
	rows := workbooktest.Inline(1, "email", "n", "day", "zip") +
		`<row r="2"><c r="A2" t="inlineStr"><is><t>a@example.com</t></is></c><c r="B2" s="2"><v>1234.5</v></c><c ` +
		`r="C2" s="5"><v>45000</v></c><c r="D2" s="4"><v>123</v></c></row>`
	want := "xlsx 1 rows\nemail: address 1/1; address\nn: number 1/1\nday: date 1/1\nzip: text 1/1; list.xlsx " +
		"November!2: \"00123\" begins with 0"
	in, got := looked(t, "list.xlsx", book(rows), Config{})
	if got != want {
		t.Error(cmp.Diff(want, got))
	}
	sheets := []SheetInfo{{Name: "November", Read: true, Rows: 2}, {Name: "Old", Hidden: true, Rows: 1, HiddenRows: 1}}
	if diff := cmp.Diff(sheets, in.Sheets); diff != "" {
		t.Error(diff)
	}

	in, got = looked(t, "list.xlsx", book(rows+`<row r="3"><c`), Config{Sheet: "Novmber"})
	if want += "\nunknown-sheet list.xlsx\nbroken-sheet list.xlsx November!3"; got != want {
		t.Error(cmp.Diff(want, got))
	}
	if in.Sheets[0].Broken == "" || in.Sheets[0].Rows != 2 {
		t.Errorf("the broken sheet is %+v", in.Sheets[0])
	}
}

// Values are counted exactly up to a bound that does not grow with the list; standard input may be read twice.
func TestInspectCounts(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("few,many\n")
	for i := range profile.Exactly + 500 {
		fmt.Fprintf(&b, "%d,%d\n", i%3, i)
	}
	b.WriteString("M\xfcller,0\n")
	in, err := Inspect(context.Background(), Config{File: "-", Stdin: strings.NewReader(b.String())})
	if err != nil {
		t.Fatal(err)
	}
	few, many := in.Columns[0], in.Columns[1]
	if in.Rows != profile.Exactly+501 || few.Distinct != 4 || few.More || many.Distinct != profile.Exactly ||
		!many.More || few.Samples[0] != "0" {
		t.Errorf("%d rows, %+v, %+v", in.Rows, few, many)
	}
	if in.Encoding.Value != "windows-1252" {
		t.Errorf("standard input in windows-1252 is read as %s", in.Encoding.Value)
	}
	ctx, stop := context.WithCancel(context.Background())
	stop()
	if _, err := Inspect(ctx, Config{File: "-", Stdin: strings.NewReader("a\n1\n")}); err != context.Canceled {
		t.Errorf("after the end of the context: %v", err)
	}
}

// A title above the header is said once and with the row that has the names, and a column that is named for the
// address is one.
func TestInspectTitle(t *testing.T) {
	t.Parallel()
	const list = "Members 2026\n\nemail,name\na@example.com,A\nb@example.com,B\n"
	without := strings.ReplaceAll(list, "@", "") // then nothing shows which row the header is
	for _, c := range []struct {
		cfg  Config
		list string
		want string
	}{
		{Config{}, list, ""},
		{Config{}, without, `-:1: one cell, and 2 in -:3 below it: this looks like a title (if the columns' names are ` +
			`there, say header_row: 3 in recipients (inspect --header-row 3))`},
		{Config{HeaderRow: 3, Address: "emial"}, list, `-:3: no column "emial" for the address (did you mean "email"?)`},
		{Config{HeaderRow: 3, Address: "email"}, list, ""},
	} {
		c.cfg.File, c.cfg.Stdin = "-", strings.NewReader(c.list)
		in, err := Inspect(t.Context(), c.cfg)
		if err != nil {
			t.Fatal(err)
		}
		var said []string
		for _, f := range in.Faults {
			said = append(said, f.Error())
		}
		if got := strings.Join(said, "\n"); got != c.want {
			t.Errorf("got %s", got)
		}
	}
}

// A sample is the first rows alone; what is below is not read. Proven by a loop that reads on: the column is text.
func TestSample(t *testing.T) {
	t.Parallel()
	list := "email,n\n" + strings.Repeat("a@example.com,1\n", 20) + "b@example.com,x\nragged\n"
	in, _ := looked(t, "people.csv", list, Config{Sample: 20})
	if in.Rows != 20 || len(in.Faults) != 0 || in.Columns[1].Type != "number" || in.Columns[1].Filled != 20 {
		t.Errorf("%d rows, %v, %+v", in.Rows, in.Faults, in.Columns)
	}
	if in, _ = looked(t, "people.csv", list, Config{Sample: 100}); in.Rows != 22 || len(in.Faults) != 1 ||
		in.Columns[1].Type != "text" {
		t.Errorf("%d rows, %v, %+v", in.Rows, in.Faults, in.Columns)
	}
}
