package delimited

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v4"

	"mailshot/campaign/recipients/fault"
)

// corpus is the folder of test material beside the project; the test is skipped without it.
func corpus(t testing.TB, name string) string {
	t.Helper()
	dir := filepath.Join("..", "..", "..", "..", "shared", "corpora", name)
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("no test corpora beside the project: %v", err)
	}
	return dir
}

// readCSV reads all records of a text; it stops at the first fault.
func readCSV(text string, delimiter byte) (records [][]string, err error) {
	r, err := NewCSV(Config{File: "list.csv", Delimiter: rune(delimiter)}, strings.NewReader(text))
	if err != nil {
		return nil, err
	}
	for {
		rec, err := r.Next()
		if err == io.EOF {
			return records, nil
		}
		if err != nil {
			return records, err
		}
		records = append(records, rec.Fields)
	}
}

func TestCSVSpectrum(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(corpus(t, "csv"), "csv-spectrum")
	// location_coordinates.json holds other numbers and other bytes than its .csv: the reading is given here.
	differs := map[string][][]string{
		"location_coordinates": {
			{"Contact Phone Number", "Location Coordinates", "Cities", "Counties"},
			{"2095257564", "37\uFFFD36'37.8\"N 121\uFFFD2'17.9\"W", "Modesto", "Stanislaus"},
		},
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.csv"))
	if err != nil || len(files) != 12 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".csv")
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got, err := readCSV(string(text), 0)
			if err != nil {
				t.Fatal(err)
			}
			want, ok := differs[name]
			if !ok {
				b, err := os.ReadFile(filepath.Join(dir+"-json", name+".json"))
				if err != nil {
					t.Fatal(err)
				}
				var rows []map[string]string
				if err := json.Unmarshal(b, &rows); err != nil {
					var one map[string]string
					if err := json.Unmarshal(b, &one); err != nil {
						t.Fatal(err)
					}
					rows = append(rows, one)
				}
				want = append(want, got[0])
				for _, row := range rows {
					var fields []string
					for _, column := range got[0] {
						field := row[column]
						if !bytes.Contains(text, []byte("\r")) {
							// newlines_crlf.csv may have been checked out with LF.
							field = strings.ReplaceAll(field, "\r\n", "\n")
						}
						fields = append(fields, field)
					}
					want = append(want, fields)
				}
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestJavaCSV(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join(corpus(t, "csv"), "javacsv-yaml", "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	// What we do not read as the suite does, with the reason. "fault" is the code of the refusal.
	const comments = "a # is a character: an address list has no comments, and a row that begins with # must not vanish"
	differs := map[string]struct{ fault, why string }{
		"comments-read": {"", comments},
		"comments-skip": {"", comments},
		"line-breaks-3": {"", "empty lines are skipped, as skip-empty-lines allows"},
		// The suite lets a parser refuse these.
		"open-quotation-1":       {"unclosed-quote", "the rest of the list would be one cell"},
		"open-quotation-2":       {"unclosed-quote", "the rest of the list would be one cell"},
		"spaces-around-quotes-1": {"stray-quote", "text after a closing quote is a mistake in the row"},
		"spaces-around-quotes-2": {"stray-quote", "text after a closing quote is a mistake in the row"},
		"spaces-around-quotes-3": {"stray-quote", "as a character the quote would shift the cells after it"},
		"spaces-around-quotes-4": {"stray-quote", "as a character the quote would shift the cells after it"},
		"spaces-around-quotes-5": {"stray-quote", "as a character the quote would shift the cells after it"},
	}
	n := 0
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var suite struct {
			Checks []struct {
				ID, Input string
				Records   [][]string
			}
		}
		if err := yaml.Unmarshal(b, &suite); err != nil {
			t.Fatal(err)
		}
		group := strings.TrimSuffix(filepath.Base(file), ".yaml")
		for _, c := range suite.Checks {
			n++
			for _, end := range []string{"\n", "\r", "\r\n"} {
				plain := strings.NewReplacer("␍", "\r", "␊", "\n", "␤", "\r\n", "⏎", end, "␠", " ")
				var want [][]string
				for _, rec := range c.Records {
					fields := make([]string, len(rec))
					for i := range rec {
						fields[i] = plain.Replace(rec[i])
					}
					want = append(want, fields)
				}
				got, err := readCSV(plain.Replace(c.Input), ',')
				d, listed := differs[c.ID]
				if !listed {
					d, listed = differs[group]
				}
				var f *fault.Fault
				switch {
				case listed && d.fault != "":
					if !errors.As(err, &f) || f.Code != d.fault {
						t.Errorf("%s: %q, %v; want the fault %s: %s", c.ID, got, err, d.fault, d.why)
					}
				case listed:
					if err != nil || cmp.Equal(want, got) {
						t.Errorf("%s: %q, %v: is it no difference any more? %s", c.ID, got, err, d.why)
					}
				case err != nil || !cmp.Equal(want, got):
					t.Errorf("%s: %q, %v; want %q", c.ID, got, err, want)
				}
			}
		}
	}
	t.Logf("%d checks with three line ends each", n)
}

func TestCSVFaults(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", MaxRecord+1)
	for _, c := range []struct{ name, in, want string }{
		{"unclosed", "a,b\n1,2\n3,\"4\n5,6\n7,8\n", `list.csv:3: a quote opens here and is never closed [3,"4] 3`},
		{"unclosed further on", "a,b\n\"x\ny\",\"4\n5,6\n",
			`list.csv:3: a quote opens here and is never closed [y","4] 4`},
		{"unclosed, long", "a,b\n1,\"" + long, `list.csv:2: a quote opens here and is never closed`},
		{"swallowed and closed", "a,b\n1,\"2\n3,4\n5,\"6\"\n7,8\n",
			`list.csv:4: a quote that neither opens nor closes a cell [5,"6"] 4`},
		{"inner quotes", "a,b\n1,\"ha \"ha\" ha\"\n",
			`list.csv:2: a quote that neither opens nor closes a cell [1,"ha "ha" ha"] 8`},
		{"blank before quote", "a,b\n1, \"2\"\n",
			`list.csv:2: a quote that neither opens nor closes a cell [1, "2"] 4`},
		{"NUL", "a,b\n1,x\x00\n", "list.csv:2: a NUL byte [1,x\x00] 4"},
		{"NUL in quotes", "a,b\n1,\"x\n\x00\"\n", "list.csv:3: a NUL byte [\x00\"] 1"},
		{"Latin-1", "a,b\n1,caf\xe9\n", "list.csv:2: bytes that are not UTF-8 [1,caf\uFFFD] 6"},
		{"Latin-1 after a real U+FFFD", "a,b\n1\uFFFD,caf\xe9\n",
			"list.csv:2: bytes that are not UTF-8 [1\uFFFD,caf\uFFFD] 7"},
		{"long", "a,b\n" + long, fmt.Sprintf("list.csv:2: a row of more than %d bytes", MaxRecord)},
	} {
		_, err := readCSV(c.in, ',')
		var f *fault.Fault
		if !errors.As(err, &f) {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		got := f.Place + ": " + f.Text
		if !strings.Contains(c.name, "long") {
			got += fmt.Sprintf(" [%s] %d", f.Excerpt, f.Column)
		}
		if got != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s", c.name, got, c.want)
		}
	}
	if _, err := readCSV("a,b\n"+strings.Repeat("x", MaxRecord-1)+"\n1,2\n", ','); err != nil {
		t.Errorf("a row as long as may be: %v", err)
	}
}

func TestCSVGoesOn(t *testing.T) {
	t.Parallel()
	r, err := NewCSV(Config{File: "list.csv"}, iotest.OneByteReader(strings.NewReader("a,b\r\n1,\x00\r\n2,\" x\" "+
		"y\r\n\r\n3,\"4\r\n5\"\r\n6,7")))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for {
		rec, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			got = append(got, err.(*fault.Fault).Place+" "+err.(*fault.Fault).Code)
			continue
		}
		got = append(got, fmt.Sprintf("%d %q", rec.Line, rec.Fields))
	}
	want := []string{`1 ["a" "b"]`, "list.csv:2 nul", "list.csv:3 stray-quote", `5 ["3" "4\r\n5"]`, `7 ["6" "7"]`}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	boom := errors.New("boom")
	r, err = NewCSV(Config{File: "list.csv"}, io.MultiReader(strings.NewReader(strings.Repeat("a,b\n", sample)),
		iotest.ErrReader(boom)))
	if err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, err = r.Next()
	}
	if !strings.Contains(err.Error(), "boom") {
		t.Errorf("a read error came out as %v", err)
	}
}

func TestDelimiter(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"email,name\na@b.example,Ann\n":                    ",",
		"email;name\na@b.example;Ann, the first\n":         ";",
		"email\tname\na@b.example\tAnn; x, y\n":            "\t",
		"email|name\na@b.example|Ann\n":                    "|",
		"email\na@b.example\n":                             ",",
		"email;amount\na@b.example;1,5\nb@b.example;2,5\n": ";",
		"email,\"a;b;c\",d\nx,y,z\n":                       ",",
		"email;name, first\na@b.example;Ann\n":             ";",
		"sep=;\nemail;a,b\nx;y,z\n":                        ";",
		"\uFEFFsep=|\r\nemail|a,b,c\n":                     "|",
		"":                                                 ",",
		"\n\n\n":                                           ",",
		"email;name\n" + strings.Repeat("a@b.example;Ann,x\n", 9e3): ";",
	} {
		r, err := NewCSV(Config{File: "list.csv"}, strings.NewReader(in))
		if err != nil || string(rune(r.delimiter)) != want {
			t.Errorf("%.40q: %q, %v; want %q", in, rune(r.delimiter), err, want)
		}
	}
	if r, err := NewCSV(Config{File: "list.tsv", Usual: '\t'}, strings.NewReader("email,x\n")); err != nil ||
		r.delimiter != '\t' {
		t.Errorf(".tsv: %v, %v", r, err)
	}
	for _, d := range []rune{'"', '\n', '\r', 1, 'é', -1} {
		if _, err := NewCSV(Config{File: "list.csv", Delimiter: d}, strings.NewReader("a,b\n")); err == nil {
			t.Errorf("delimiter %q is taken", d)
		}
	}
}

// FuzzCSV holds the reader to itself in chunks of one byte, to encoding/csv where that is strict enough, and to its
// own writing: a record that was read can be written and read again.
func FuzzCSV(f *testing.F) {
	for _, s := range []string{"a,b\n1,2\n", "a;b\r\n\"1\"\"\";2", "a,\"b\nc\"\r\rd", "\uFEFFsep=,\na", "a,\"",
		"\xff,\x00\n", "a\r\n\r\n,\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		all := func(in io.Reader) (out []string, records [][]string, clean bool) {
			r, err := NewCSV(Config{File: "x", Delimiter: ','}, in)
			if err != nil {
				return []string{err.Error()}, nil, false
			}
			clean = true
			for last := int64(0); ; {
				rec, err := r.Next()
				if err == io.EOF {
					return out, records, clean
				}
				if err != nil {
					clean = false
					out = append(out, err.Error())
					if err.(*fault.Fault).Final {
						return out, records, clean
					}
					continue
				}
				if rec.Line <= last {
					t.Fatalf("line %d after %d", rec.Line, last)
				}
				last = rec.Line
				records = append(records, rec.Fields)
				out = append(out, fmt.Sprintf("%d %q", rec.Line, rec.Fields))
			}
		}
		out, records, clean := all(strings.NewReader(s))
		if again, _, _ := all(iotest.OneByteReader(strings.NewReader(s))); !slices.Equal(out, again) {
			t.Fatalf("%q\nwhole  %q\nbytes  %q", s, out, again)
		}
		if !clean || strings.ContainsAny(s, "\r") || strings.HasPrefix(s, "\uFEFF") ||
			strings.HasPrefix(strings.ToLower(s), "sep=") {
			return
		}
		std := csv.NewReader(strings.NewReader(s))
		std.FieldsPerRecord, std.LazyQuotes = -1, false
		if want, err := std.ReadAll(); err == nil && fmt.Sprintf("%q", want) != fmt.Sprintf("%q", records) {
			t.Fatalf("%q\ngot  %q\nwant %q", s, records, want)
		}
		var b bytes.Buffer
		for _, rec := range records {
			for i, field := range rec {
				if i > 0 {
					b.WriteByte(',')
				}
				b.WriteString(`"` + strings.ReplaceAll(field, `"`, `""`) + `"`)
			}
			b.WriteByte('\n')
		}
		if _, again, clean := all(&b); !clean || fmt.Sprintf("%q", again) != fmt.Sprintf("%q", records) {
			t.Fatalf("%q written and read again: %q", records, again)
		}
	})
}

// TestMarksAroundText: byte order marks at the begin, however many, and Ctrl-Z at the end are not part of the text, and
// neither is a line of Ctrl-Z between two files that were put together. Before, the second mark was part of the first
// column's name, and Ctrl-Z was a row.
func TestMarksAroundText(t *testing.T) {
	t.Parallel()
	want := [][]string{{"email", "name"}, {"ann@example.com", "Ann"}}
	const bom = "\uFEFF"
	for _, text := range []string{
		"email,name\nann@example.com,Ann\n\x1a", bom + bom + "email,name\nann@example.com,Ann\n",
		bom + "email,name\r\nann@example.com,Ann\x1a\x1a\x1a", "email,name\nann@example.com,\"Ann\"\x1a",
		"email,name\n\x1a\nann@example.com,Ann\n\x1a\r\n",
		"email,name\nann@example.com,Ann\n" + strings.Repeat("\x1a", 200<<10),
	} {
		if got, err := readCSV(text, ','); err != nil || cmp.Diff(want, got) != "" {
			t.Errorf("%.60q: %q, %v", text, got, err)
		}
		for _, slow := range []io.Reader{iotest.OneByteReader(strings.NewReader(text)),
			iotest.DataErrReader(strings.NewReader(text))} {
			read, err := io.ReadAll(newEnded(slow))
			if err != nil || string(read) != strings.TrimRight(text, "\x1a") {
				t.Errorf("%.60q: %.60q, %v", text, read, err)
			}
		}
	}
	const inside = "a\x1ab\x1a\x1ac"
	if read, err := io.ReadAll(newEnded(iotest.HalfReader(strings.NewReader(inside)))); err != nil ||
		string(read) != inside {
		t.Errorf("%q, %v", read, err)
	}
	j, err := NewJSON(Config{File: "l.jsonl"}, strings.NewReader(bom+bom+`{"a":"b"}`+"\n\x1a"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"a", "b"} {
		if rec, err := j.Next(); err != nil || rec.Fields[0] != want {
			t.Error(rec, err)
		}
	}
	if rec, err := j.Next(); err != io.EOF {
		t.Error(rec, err)
	}
}
