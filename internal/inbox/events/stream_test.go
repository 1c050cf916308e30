package events

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"mailshot/internal/inbox"
)

const one = `{"email":"a%d@example.org","timestamp":1764000000,"event":"bounce","type":"bounce","status":"5.1.1",` +
	`"reason":"550 5.1.1 user unknown","sg_event_id":"e%d"}`

// number is the nth event of a stream of them.
func number(n int) string { return fmt.Sprintf(one, n, n) }

// What is broken is a mistake with its line, and what comes after it is read: in lines, in an array of one line, at the
// end. Each row was seen to lose the last event without again, or without broken.
func TestBroken(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, text, where string }{
		{"a line that is cut off", number(1) + "\n" + number(2)[:60] + "\n" + number(3), "x:2"},
		{"a line that is cut off after a comma", number(1) + "\n" + `{"email":"b@example.org",` + "\n" + number(3), "x:2"},
		{"a line that is cut off after a value", number(1) + "\n" + `{"email":"b@example.org"` + "\n" + number(3), "x:2"},
		{"a line of words", number(1) + "\nhello\n" + number(3), "x:2"},
		{"words in an array", "[" + number(1) + ",hello," + number(3) + "]", "x:1"},
		{"a wrong bracket in an array", "[" + number(1) + `,{"email":["b@example.org"}},` + number(3) + "]", "x:1"},
		{"what is not JSON in an array", "[" + number(1) + `,{"email":nope},` + number(3) + "]", "x:1"},
		{"an event of nobody", number(1) + "\n" + `{"hello":"world"}` + "\n" + number(3), "x:2"},
		{"a text in an array", "[" + number(1) + `,"b@example.org",` + number(3) + "]", "x:1"},
		{"a number in an array", "[" + number(1) + `,17,` + number(3) + "]", "x:1"},
		{"too many brackets", number(1) + "\n" + `{"a":` + strings.Repeat("[", 100) + "\n" + number(3), "x:2"},
		{"an event that is too large", number(1) + "\n" + `{"a":"` + strings.Repeat("x", maxEvent) + "\"}\n" + number(3), "x:2"},
	} {
		got, count := everything(t, tt.text, "")
		var ids []string
		var places []string
		for _, m := range got {
			if m.Event != nil {
				ids = append(ids, m.ID)
				continue
			}
			_, err := m.Open(t.Context())
			var bad *Mistake
			if !errors.As(err, &bad) {
				t.Fatal(err)
			}
			places = append(places, bad.Place)
			if len(bad.Excerpt) > 800 {
				t.Errorf("%s: %d bytes are shown", tt.name, len(bad.Excerpt))
			}
		}
		if len(ids) != 2 || !strings.HasPrefix(ids[0], "sendgrid:e1:") || !strings.HasPrefix(ids[1], "sendgrid:e3:") {
			t.Errorf("%s: %v", tt.name, ids)
		}
		if len(places) == 0 || places[0] != tt.where || count.Mistakes != int64(len(places)) {
			t.Errorf("%s: mistakes at %v", tt.name, places)
		}
	}
}

// A file that ends too early is a mistake, and what it had was read.
func TestEndsEarly(t *testing.T) {
	t.Parallel()
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	for n := range 5000 {
		fmt.Fprintln(z, number(n))
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"an array": "[" + number(1) + ",", "an event": number(1) + "\n" + number(2)[:40],
		"a gzip file": packed.String()[:packed.Len()/2], "a row": "email,created\na@example.org,1764000000\n\"b",
		"a page of an API": `{"items":[` + `{"address":"a@example.org","created_at":"x"}`,
	} {
		got, count := everything(t, text, "")
		if count.Mistakes != 1 || count.Events < 1 || got[len(got)-1].Event != nil {
			t.Errorf("%s: %+v", name, count)
		}
	}
}

// The same events are read from each form of a file, with the same IDs.
func TestForms(t *testing.T) {
	t.Parallel()
	list := []string{number(1), number(2), number(3)}
	want := "sendgrid:e1 sendgrid:e2 sendgrid:e3"
	utf16 := func(s string) string {
		b := []byte{0xff, 0xfe}
		for _, c := range []byte(s) {
			b = append(b, c, 0)
		}
		return string(b)
	}
	packed := func(s string) string {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, _ = io.WriteString(z, s)
		_ = z.Close()
		return b.String()
	}
	lines, array := strings.Join(list, "\n"), "["+strings.Join(list, ",")+"]"
	for name, text := range map[string]string{
		"lines": lines, "lines of DOS": strings.ReplaceAll(lines, "\n", "\r\n"), "an array": array,
		"an array in lines": "[\n" + strings.Join(list, ",\n") + "\n]\n", "lines of arrays": "[" + list[0] + "," + list[1] +
			"]\n[" + list[2] + "]", "nothing between": strings.Join(list, ""), "RFC 7464": "\x1e" + strings.Join(list, "\n\x1e"),
		"a byte order mark": "\xef\xbb\xbf" + array, "UTF-16": utf16(array), "gzip": packed(lines),
		"a mark in gzip": packed("\xef\xbb\xbf" + lines), "two gzip files": packed(list[0]+"\n") + packed(list[1]+list[2]),
		"blank lines": "\n\n" + strings.Join(list, "\n\n") + "\n\n", "within a page": `{"count":3,"x":{"y":[1,{"z":"]"}]},"events":` +
			array + `,"next":"https://x"}`, "pretty": strings.ReplaceAll(array, ",", ",\n  "),
	} {
		got, count := everything(t, text, "")
		var ids []string
		for _, m := range got {
			ids = append(ids, m.ID[:strings.LastIndexByte(m.ID, ':')])
		}
		if s := strings.Join(ids, " "); s != want || count.Mistakes > 0 {
			t.Errorf("%s: %s, %+v", name, s, count)
		}
	}
}

// CSV is read as programs write it; a quote that is not closed costs one row.
func TestTables(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, text string
		events     int64
		mistakes   int64
	}{
		{"commas", "email,created\na@example.org,1764000000\n", 1, 0},
		{"semicolons, a mark, DOS", "\xef\xbb\xbfemail;created\r\na@example.org;1764000000\r\n", 1, 0},
		{"tabs", "email\tcreated\na@example.org\t1764000000", 1, 0},
		{"Excel", "sep=;\nemail;created\na@example.org;1764000000", 1, 0},
		{"quotes", "\"email\",\"created\"\n\"a@example.org\",\"1764000000\"\n", 1, 0},
		{"a row in lines", "email,created,reason,status\na@example.org,1764000000,\"550\nno, \"\"such\"\" user\",5.1.1\nb@example.org,1,,", 2, 0},
		{"an open quote", "email,created\na@example.org,\"1764000000\nb@example.org,1764000000\nc@example.org,1764000000", 2, 1},
		{"too many cells", "email,created\na@example.org,1764000000,x\nb@example.org,1764000000", 1, 1},
		{"no address", "email,created\nnobody,1764000000\nb@example.org,1764000000", 1, 1},
		{"of nobody", "name,town\nAnn,Rome\n", 0, 1},
		{"empty", "", 0, 0}, {"a header", "email,created\n", 0, 0}, {"blank", "\n \n", 0, 0},
		{"a workbook", "PK\x03\x04xxxx", 0, 1},
	} {
		if _, count := everything(t, tt.text, ""); count.Events != tt.events || count.Mistakes != tt.mistakes {
			t.Errorf("%s: %+v", tt.name, count)
		}
	}
}

// endless is a file that is made as it is read.
type endless struct {
	left int
	next func(n int) string
	rest string
	n    int
}

func (e *endless) Read(p []byte) (int, error) {
	for e.rest == "" {
		if e.left <= 0 {
			return 0, io.EOF
		}
		e.rest = e.next(e.n)
		e.n++
		e.left -= len(e.rest)
	}
	n := copy(p, e.rest)
	e.rest = e.rest[n:]
	return n, nil
}

// A large export is read in bounded memory, whatever is in it: the heap stays below 24 MiB.
func TestMemory(t *testing.T) {
	size := 2 << 20
	if *long {
		size = 1 << 30
	}
	for name, next := range map[string]func(n int) string{
		"lines": func(n int) string { return number(n) + "\n" },
		"array": func(n int) string { return map[bool]string{true: "[", false: ","}[n == 0] + number(n) },
		"page":  func(n int) string { return map[bool]string{true: `{"items":[`, false: ","}[n == 0] + number(n) },
		"CSV": func(n int) string {
			return map[bool]string{true: "email,created\n", false: "a@example.org,1764000000\n"}[n == 0]
		},
		"string": func(n int) string { return map[bool]string{true: `{"a":"`, false: strings.Repeat("x", 1<<16)}[n == 0] },
		"quote":  func(n int) string { return map[bool]string{true: "email,created\n\"", false: "x\n"}[n == 0] },
		"line": func(n int) string {
			return map[bool]string{true: "email,created\n", false: strings.Repeat("x", 1<<16)}[n == 0]
		},
		"nested": func(n int) string { return map[bool]string{true: `{"a":`, false: strings.Repeat("[", 1<<16)}[n == 0] },
		"array in a page": func(n int) string {
			return map[bool]string{true: `{"items":[{}],"x":[`, false: strings.Repeat("[", 1<<16)}[n == 0]
		},
	} {
		var most uint64
		n := 0
		seen, looked, size := 0, -1, size
		if name == "string" { // more than an event may have
			size = max(size, 6<<20)
		}
		in := &endless{left: size, next: func(k int) string {
			if seen>>20 > looked { // each MiB
				looked = seen >> 20
				var m runtime.MemStats
				runtime.GC()
				runtime.ReadMemStats(&m)
				most = max(most, m.HeapAlloc)
			}
			s := next(k)
			seen += len(s)
			return s
		}}
		err := Read(t.Context(), in, Stream{Name: name}, nil, func(inbox.Message) error { n++; return nil })
		if err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
		if most > 24<<20 {
			t.Errorf("%s: %d MiB", name, most>>20)
		}
		t.Logf("%s: %d MiB, %d events and mistakes, heap %d KiB", name, size>>20, n, most>>10)
	}
}

// A box reads a folder in the order of the names, without what is hidden, and an archive; skip leaves out what was
// read; an error of do ends it as it is. The name is the same for the same folder.
func TestBox(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("2026/11/30/part-1", number(1)+number(2))
	write("2026/11/30/part-2.jsonl", number(3)+"\n")
	write(".hidden.json", number(4))
	write(".git/x.json", number(5))
	write("b.csv", "email,created\na@example.org,1764000000\n")
	write("c.zip", archive(t, "x.csv", "st_text,email,ts,mid\nHard bounce,a@example.org,20-11-2026 10:00:00,<m@example.com>\n"))
	b, err := Open(Config{Path: dir})
	if err != nil {
		t.Fatal(err)
	}
	var box inbox.Box = b
	var ids []string
	each := func(skip func(string) bool) {
		ids = nil
		if err := box.Each(t.Context(), skip, func(m inbox.Message) error { ids = append(ids, m.ID); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	each(nil)
	if len(ids) != 5 || !strings.HasPrefix(ids[0], "sendgrid:e1") || !strings.HasPrefix(ids[2], "sendgrid:e3") ||
		!strings.HasPrefix(ids[4], "brevo:") {
		t.Errorf("%v", ids)
	}
	first := ids[0]
	each(func(id string) bool { return id != first })
	if len(ids) != 1 || ids[0] != first {
		t.Errorf("%v", ids)
	}
	if err := box.Each(t.Context(), nil, func(inbox.Message) error { return errStop }); err != errStop {
		t.Errorf("%v", err)
	}
	other, err := Open(Config{Path: dir + "/2026/.."})
	if err != nil || other.Name() != b.Name() || strings.ContainsAny(b.Name(), " \n") {
		t.Errorf("%v, %v", other, err)
	}
	if _, err := Open(Config{Path: filepath.Join(dir, "gone")}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
	if _, err := Open(Config{Path: "-"}); err == nil {
		t.Error("standard input that is not there")
	}
	in, err := Open(Config{Path: "-", Stdin: strings.NewReader(number(1)), Provider: SendGrid})
	if err != nil {
		t.Fatal(err)
	}
	box = in
	if each(nil); len(ids) != 1 {
		t.Errorf("%v", ids)
	}
}
