package text

import (
	"archive/zip"
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"maps"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"mailshot/campaign/belonging/invoicestest"
)

// deflated packs a text, as often as asked.
func deflated(text io.Reader, times int) string {
	for range times {
		var b bytes.Buffer
		w := zlib.NewWriter(&b)
		if _, err := io.Copy(w, text); err != nil {
			panic(err)
		}
		w.Close()
		text = &b
	}
	s, _ := io.ReadAll(text)
	return string(s)
}

// zeros are n bytes.
func zeros(n int64) io.Reader { return io.LimitReader(zero{}, n) }

type zero struct{}

func (zero) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = ' '
	}
	return len(b), nil
}

// page is a PDF of one page with this content, and more objects from 6 on.
func pageOf(content string, more ...string) string {
	return invoicestest.Objects(append([]string{
		"<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
		"<< /Type /Page /Parent 2 0 R /Contents 4 0 R /Resources << /Font << /F 5 0 R >> /XObject << /X 6 0 R >> >> >>",
		content, "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
	}, more...)...)
}

// hostile are files that are made to do harm, and damaged ones, with the code of what is wrong with them.
func hostile() map[string][2]string {
	good := invoicestest.PDF("Invoice 1001")
	loop := strings.Replace(good, "/Root 1 0 R", fmt.Sprintf("/Root 1 0 R /Prev %d", strings.Index(good, "xref\n")), 1)
	var forms []string
	for i := range 40 { // each draws the next one twice
		forms = append(forms, invoicestest.Stream(fmt.Sprintf(
			"/Type /XObject /Subtype /Form /Resources << /XObject << /X %d 0 R >> >>", i+7), "/X Do /X Do"))
	}
	entities := `<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]><w:document><w:t>&b;</w:t>`
	deep := strings.Repeat("<w:p>", 100_000)
	self := "<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 2 >>"
	return map[string][2]string{
		"many filters": {"attachment-bomb",
			pageOf(invoicestest.Stream("/Filter ["+strings.Repeat("/ASCIIHexDecode ", 100)+"]", "00"))},
		"tables in a circle": {"", loop},
		"tables of no end": {"attachment-damaged",
			"%PDF-1.7\nxref\n0 99999999\ntrailer\n<< /Root 1 0 R >>\nstartxref\n9\n%%EOF"},
		"pages in themselves":   {"attachment-damaged", invoicestest.Objects("<< /Type /Catalog /Pages 2 0 R >>", self)},
		"forms that draw forms": {"attachment-bomb", pageOf(invoicestest.Stream("", "/X Do"), forms...)},
		"a form in itself": {"attachment-image", pageOf(invoicestest.Stream("", "/X Do"),
			invoicestest.Stream("/Subtype /Form /Resources << /XObject << /X 6 0 R >> >>", "/X Do"))},
		"arrays in arrays":        {"attachment-bomb", pageOf(invoicestest.Stream("", strings.Repeat("[", 1_000_000)))},
		"dictionaries in them":    {"attachment-bomb", invoicestest.Objects(strings.Repeat("<</A", 1_000_000))},
		"a length that is itself": {"attachment-image", pageOf("<< /Length 4 0 R >>\nstream\nBT ET\nendstream")},
		"a length of a gigabyte":  {"attachment-image", pageOf("<< /Length 1073741824 >>\nstream\nBT ET\nendstream")},
		"numbers of no size": {"attachment-image", pageOf(invoicestest.Stream("",
			"BT /F 1e999 Tf 99999999999999999999999999999999999999999999 0 0 1 0 0 Tm () Tj ET"))},
		"objects that are nowhere": {"attachment-damaged", "%PDF-1.7\n" + strings.Repeat("1 0 obj\n", 200_000)},
		"trailers of no end":       {"attachment-bomb", "%PDF-1.7\n" + strings.Repeat("trailer<<", 200_000)},
		"streams of no end": {"attachment-damaged", "%PDF-1.7\n" +
			strings.Repeat("1 0 obj<</Type/ObjStm/N 9/First 9>>stream\n", 50_000)},
		"cut off":              {"attachment-damaged", good[:200]},
		"cut off at the table": {"", good[:strings.Index(good, "xref\n")]},
		"nothing":              {"attachment-damaged", "%PDF-"},
		"entities": {"attachment-damaged",
			invoicestest.Packed(map[string]string{"word/document.xml": entities})},
		"elements in elements": {"attachment-bomb", invoicestest.Packed(map[string]string{"word/document.xml": deep})},
		"a zip cut off":        {"attachment-damaged", invoicestest.Document("x")[:100]},
	}
}

// bombs are hostile files that take a while to make.
func bombs() map[string][2]string {
	flate := "/Filter /FlateDecode"
	four := "/Filter [/FlateDecode /FlateDecode /FlateDecode /FlateDecode]"
	var kids, pages strings.Builder
	for i := range 10_000 {
		fmt.Fprintf(&kids, "%d 0 R ", i+3)
		pages.WriteString("<< /Type /Page /Parent 2 0 R >>\n")
	}
	tenThousand := append([]string{"<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [" + kids.String() +
		"] >>"},
		strings.Split(strings.TrimSpace(pages.String()), "\n")...)
	var many bytes.Buffer
	z := zip.NewWriter(&many)
	for i := range 20_000 {
		_, _ = z.Create(fmt.Sprintf("word/%d.xml", i))
	}
	z.Close()
	packed := func(r io.Reader) string {
		b, _ := io.ReadAll(r)
		return invoicestest.Packed(map[string]string{"word/document.xml": "<w:t>" + string(b)})
	}
	return map[string][2]string{
		"a deflate bomb":     {"attachment-bomb", pageOf(invoicestest.Stream(flate, deflated(zeros(1<<28), 1)))},
		"a bomb in a bomb":   {"attachment-bomb", pageOf(invoicestest.Stream(four, deflated(zeros(1<<28), 4)))},
		"ten thousand pages": {"attachment-bomb", invoicestest.Objects(tenThousand...)},
		"states of no end": {"attachment-image", pageOf(invoicestest.Stream(flate,
			deflated(strings.NewReader(strings.Repeat("q ", 1_000_000)), 1)))},
		"operators of no end": {"attachment-bomb", pageOf(invoicestest.Stream(flate,
			deflated(strings.NewReader(strings.Repeat("q ", 9_000_000)), 1)))},
		"text of no end": {"attachment-bomb", pageOf(invoicestest.Stream(flate,
			deflated(strings.NewReader("BT /F 1 Tf "+strings.Repeat("(aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa) Tj ", 500_000)), 1)))},
		"a zip bomb":    {"attachment-bomb", packed(zeros(1 << 27))},
		"a zip of many": {"attachment-bomb", many.String()},
	}
}

// Files that are made to do harm are named, and cost little. The memory is what all of the program has while they are
// read. Garbage counts until it is collected, so it is collected soon: else the figure is that of the collector's pace.
// Seen to fail with a take that has no limit: a deflate bomb of 1 GB took 3,855 MB.
func TestHostile(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(10))
	all := hostile()
	maps.Copy(all, bombs())
	for i, name := range slices.Sorted(maps.Keys(all)) {
		if testing.Short() && i%5 > 0 { // the short form takes each fifth
			continue
		}
		test := all[name]
		runtime.GC()
		stop, most := make(chan bool), make(chan uint64)
		go func() {
			var m runtime.MemStats
			var highest uint64
			for {
				runtime.ReadMemStats(&m)
				highest = max(highest, m.HeapAlloc)
				select {
				case <-stop:
					most <- highest
					return
				case <-time.After(5 * time.Millisecond):
				}
			}
		}()
		start := time.Now()
		b := []byte(test[1])
		_, err := Read(name+".pdf", b)
		took := time.Since(start)
		stop <- true
		memory := <-most >> 20
		code := ""
		if r := (*Reason)(nil); errors.As(err, &r) {
			code = r.Code
		}
		t.Logf("%-26s %-24s %6.2f s %4d MB", name, code, took.Seconds(), memory)
		if code != test[0] {
			t.Errorf("%s: %q (%v), want %q", name, code, err, test[0])
		}
		if memory > 200+uint64(len(b)>>20) {
			t.Errorf("%s: %d MB", name, memory)
		}
	}
}

// Whatever the bytes are, they are read or named, and nothing panics.
func FuzzRead(f *testing.F) {
	for name, test := range hostile() {
		if len(test[1]) < 20_000 {
			f.Add(name, []byte(test[1]))
		}
	}
	f.Add("a.pdf", []byte(invoicestest.PDF("Invoice 1001")))
	f.Add("a.docx", []byte(invoicestest.Document("Invoice 1001")))
	f.Add("a.xlsx", []byte(invoicestest.Workbook("Invoice 1001")))
	f.Add("a.html", []byte("<p>x<script>"))
	f.Fuzz(func(t *testing.T, name string, b []byte) {
		text, err := Read(name, b)
		if r := (*Reason)(nil); err != nil && !errors.As(err, &r) || err == nil && strings.TrimSpace(text.Words) == "" {
			t.Errorf("%v, %q", err, text.Words)
		}
	})
}
