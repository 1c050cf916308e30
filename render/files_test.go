package render

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"mailshot/internal/parsers"
	"mailshot/render/transfer"
)

// Every path that a cell can make of "invoices/{{.c}}", or be by itself, is one regular file below the campaign's
// folder or a fault that shows the path.
func TestAttachmentPaths(t *testing.T) {
	t.Parallel()
	outside := t.TempDir()
	writeFiles(t, outside, map[string]string{"secret.pdf": "%PDF-secret"})
	dir := t.TempDir()
	writeFiles(t, dir, map[string]string{
		"invoices/7.pdf": "%PDF-7", "invoices/8.pdf": "%PDF-8", "invoices/صورت\u200cحساب.pdf": "%PDF-fa",
		"invoices/a b.pdf": "%PDF-blank", "invoices/empty.pdf": "",
		"invoices/sub/9.pdf": "%PDF-9", "invoices/100%2e.pdf": "%PDF-percent", "invoices/.hidden.pdf": "%PDF-hidden",
		".mailshot/state.db": "SQLite",
		"invoices/big.pdf":   strings.Repeat("x", 2000), "invoices/a*b.pdf": "%PDF-star",
	})
	link := func(to, name string) {
		if err := os.Symlink(to, filepath.Join(dir, "invoices", name)); err != nil {
			t.Skipf("no symbolic links: %v", err)
		}
	}
	link(filepath.Join(outside, "secret.pdf"), "out.pdf")
	link("../../../../../../etc/passwd", "up.pdf")
	link(outside, "outdir")
	link("7.pdf", "inside.pdf")
	link("loop.pdf", "loop.pdf")
	link("nowhere.pdf", "dangling.pdf")
	link("/dev/null", "null.pdf")
	if err := os.Mkdir(filepath.Join(dir, "invoices", "folder.pdf"), 0o700); err != nil {
		t.Fatal(err)
	}
	special := []string{}
	if runtime.GOOS != "windows" {
		if err := mkfifo(filepath.Join(dir, "invoices", "fifo.pdf")); err != nil {
			t.Fatal(err)
		}
		l, err := net.Listen("unix", filepath.Join(dir, "s"))
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		if err := os.WriteFile(filepath.Join(dir, "invoices", "closed.pdf"), []byte("x"), 0); err != nil {
			t.Fatal(err)
		}
		special = append(special, "fifo.pdf", "../s")
	}
	cases := []struct{ path, want string }{ // want: what the file begins with, or "!code"
		{"invoices/7.pdf", "%PDF-7"},
		{"invoices/sub/9.pdf", "%PDF-9"},
		{"invoices/صورت\u200cحساب.pdf", "%PDF-fa"},
		{"invoices/a b.pdf", "%PDF-blank"},
		{"invoices/100%2e.pdf", "%PDF-percent"},
		{"invoices/a*b.pdf", "%PDF-star"},
		{"invoices/inside.pdf", "%PDF-7"},
		{"", "!empty-path"},
		{"  ", "!empty-path"},
		{".", "!bad-path"},
		{"..", "!path-escapes"},
		{"/", "!path-escapes"},
		{"invoices", "!not-a-file"},
		{"invoices/", "!empty-path"},
		{"invoices//7.pdf", "!empty-path"},
		{"invoices/ /7.pdf", "!empty-path"},
		{"invoices/.pdf", "!bad-path"},
		{"invoices/.hidden.pdf", "!bad-path"},
		{".mailshot/state.db", "!bad-path"},
		{"./invoices/8.pdf", "%PDF-8"},
		{"invoices/./7.pdf", "!bad-path"},
		{"invoices/../invoices/7.pdf", "!path-escapes"},
		{"../" + filepath.Base(dir) + "/invoices/7.pdf", "!path-escapes"},
		{"invoices/../../../../../../etc/passwd", "!path-escapes"},
		{filepath.Join(outside, "secret.pdf"), "!path-escapes"},
		{"/etc/passwd", "!path-escapes"},
		{"C:/Windows/win.ini", "!path-escapes"},
		{"C:win.ini", "!path-escapes"},
		{`invoices\7.pdf`, "!bad-path"},
		{`..\..\secret.pdf`, "!bad-path"},
		{`\\host\share\a.pdf`, "!bad-path"},
		{"invoices/7*", "!missing-file"},
		{"invoices/?.pdf", "!missing-file"},
		{"invoices/[78].pdf", "!missing-file"},
		{"invoices/{7,8}.pdf", "!missing-file"},
		{"invoices/%2e%2e/7.pdf", "!missing-file"},
		{"invoices∕7.pdf", "!missing-file"}, // U+2215
		{"invoices／7.pdf", "!missing-file"}, // U+FF0F
		{"invoices/7.pdf ", "!missing-file"},
		{"invoices/7.pdf/", "!empty-path"},
		{"invoices/7.pdf/x", "!unreadable-file"},
		{"invoices/7.pdf\x00.png", "!control-character"},
		{"invoices/7.pdf\n", "!control-character"},
		{"invoices/\u202efdp.exe", "!bad-file-name"},
		{"invoices/\xff.pdf", "!control-character"},
		{"invoices/gone.pdf", "!missing-file"},
		{"nowhere/7.pdf", "!missing-file"},
		{"invoices/out.pdf", "!path-escapes"},
		{"invoices/up.pdf", "!path-escapes"},
		{"invoices/outdir/secret.pdf", "!path-escapes"},
		{"invoices/null.pdf", "!path-escapes"},
		{"invoices/loop.pdf", "!unreadable-file"},
		{"invoices/dangling.pdf", "!missing-file"},
		{"invoices/folder.pdf", "!not-a-file"},
		{"invoices/empty.pdf", "!empty-file"},
		{"invoices/big.pdf", "!file-too-large"},
		{"invoices/" + strings.Repeat("x/", 600) + "7.pdf", "!bad-path"},
		{"invoices/" + strings.Repeat("x", 300), "!bad-file-name"},
	}
	for _, s := range special {
		if strings.HasPrefix(s, "../") {
			cases = append(cases, struct{ path, want string }{s[3:], "!not-a-file"})
		} else {
			cases = append(cases, struct{ path, want string }{"invoices/" + s, "!not-a-file"})
		}
	}
	if runtime.GOOS != "windows" && os.Getuid() != 0 {
		cases = append(cases, struct{ path, want string }{"invoices/closed.pdf", "!unreadable-file"})
	}
	r := setup{attachments: [][3]string{{"{{.c}}", "", ""}}, root: dir, attachmentLimit: 1999}.renderer(t)
	for _, c := range cases {
		m, err := r.Render(recipient(t, "Ann", "ann@example.com", "c", c.path), testDate)
		code, refused := strings.CutPrefix(c.want, "!")
		if refused {
			if got := strings.Join(diagnose(err), " "); got != code {
				t.Errorf("%q: %s, want %s (%v)", c.path, got, code, err)
			} else if text := err.Error(); !strings.HasPrefix(text, "campaign.yaml:9:5: attachment ") ||
				strings.Contains(text, dir) {
				t.Errorf("%q: %s", c.path, text)
			}
			continue
		}
		if err != nil {
			t.Errorf("%q: %v", c.path, err)
			continue
		}
		seen, err := parsers.GoMessage(wire(t, m))
		if content, _ := os.ReadFile(filepath.Join(dir, filepath.FromSlash(c.path))); err != nil ||
			!strings.HasPrefix(string(content), c.want) || !bytes.Equal(seen.Parts[1].Content, content) {
			t.Errorf("%q: %v, part %v, file %q", c.path, err, seen.Clip(60).Parts[1], content)
		}
	}
}

// A FIFO that takes the place of a file after it was looked at is refused. Nobody waits for it.
func TestFileSwappedForFIFO(t *testing.T) {
	t.Parallel()
	r := setup{}.renderer(t)
	if err := mkfifo(filepath.Join(r.c.Root.Name(), "a.pdf")); err != nil {
		t.Skipf("no FIFOs: %v", err)
	}
	if _, fault := r.store.read("a.pdf"); fault == nil || fault.Code != "not-a-file" {
		t.Errorf("read: %v", fault)
	}
	if _, fault := r.store.read("gone.pdf"); fault == nil || fault.Code != "missing-file" {
		t.Errorf("read: %v", fault)
	}
}

func TestFileNames(t *testing.T) {
	t.Parallel()
	r := setup{attachments: [][3]string{{"a.pdf", "{{.c}}", ""}}, files: map[string]string{"a.pdf": "%PDF-"}}.renderer(t)
	refused := []string{"", " ", ".", "..", "a/b.pdf", `a\b.pdf`, "/etc/passwd", "a\r\nb", "a\x00.pdf",
		"invoice\u202efdp.exe", "a\u200f.pdf", "\u2066a.pdf", "a\u061c.pdf",
		"CON", "con.pdf", "Nul.tar.gz", "COM1.pdf", "lpt9", "AUX .pdf", strings.Repeat("x", 256), strings.Repeat("آ", 128),
		"a\xff.pdf", "a\u2028.pdf", "=?utf-8?q?x.exe?=.pdf"}
	for _, name := range refused {
		_, err := r.Render(recipient(t, "Ann", "ann@example.com", "c", name), testDate)
		if got := strings.Join(diagnose(err), " "); got != "bad-file-name" {
			t.Errorf("%q: %q (%v)", name, got, err)
		}
	}
	var messages [][]byte
	var want []parsers.Message
	for _, name := range []string{"a.pdf", "Invoice 7.pdf", "a  b.pdf", `a"b".pdf`, "a;b=c.pdf", "a%20b.pdf", "100%.pdf",
		"a'b''c.pdf", "utf-8''x.pdf", "(comment).pdf",
		"a,b.pdf", "<a>.pdf", "a:b|c?.pdf", "COM10.pdf", "console.pdf", ".pdf", "a.", "صورت\u200cحساب.pdf", "請求書.pdf",
		"🧾.pdf", "e\u0301.pdf", strings.Repeat("long name ", 25) + ".pdf", strings.Repeat("ب", 125) + ".pdf",
		strings.Repeat("x", 61), strings.Repeat("x", 255)} {
		to := recipient(t, "Ann", "ann@example.com", "c", name)
		m, err := r.Render(to, testDate)
		if err != nil {
			t.Errorf("%q: %v", name, err)
			continue
		}
		if got := m.Parts()[1].Name; got != name {
			t.Errorf("name %q, want %q", got, name)
		}
		messages, want = append(messages, wire(t, m)), append(want, expected(t, m, r, to))
	}
	agree(t, messages, want)
}

// A file that many messages carry is read and encoded once, and its octets are shared. When it changes, it is read
// again and the digest shows it.
func TestSharedAttachment(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	writeFiles(t, dir, map[string]string{"a.pdf": "%PDF-one"})
	r := setup{attachments: [][3]string{{"a.pdf", "", ""}}, root: dir}.renderer(t)
	render := func() *Message {
		t.Helper()
		m, err := r.Render(recipient(t, "Ann", "ann@example.com"), testDate)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	shared := func(m *Message) *byte {
		for _, s := range m.made().segments {
			if s.shared != nil {
				if sha256.Sum256(s.shared.encoded) != s.shared.checksum {
					t.Error("the checksum is not that of the octets spliced in")
				}
				return &s.shared.encoded[0]
			}
		}
		t.Fatal("no shared segment")
		return nil
	}
	a, b := render(), render()
	if shared(a) != shared(b) {
		t.Error("encoded twice")
	}
	if a.Digest() != b.Digest() {
		t.Error("two digests of one message")
	}
	before := wire(t, a)

	// The same length, another time.
	writeFiles(t, dir, map[string]string{"a.pdf": "%PDF-two"})
	if err := os.Chtimes(filepath.Join(dir, "a.pdf"), time.Time{}, testDate); err != nil {
		t.Fatal(err)
	}
	c := render()
	if shared(c) == shared(a) || c.Digest() == a.Digest() {
		t.Error("the file changed and the message did not")
	}
	if !bytes.Contains(wire(t, c), []byte(base64.StdEncoding.EncodeToString([]byte("%PDF-two")))) {
		t.Error("other octets than the file's")
	}
	if !bytes.Equal(wire(t, a), before) {
		t.Error("a finished message changed with the file")
	}

	// Another file under the same name, with the same length and time.
	if err := os.WriteFile(filepath.Join(dir, "b.pdf"), []byte("%PDF-six"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(filepath.Join(dir, "b.pdf"), time.Time{}, testDate); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(dir, "b.pdf"), filepath.Join(dir, "a.pdf")); err != nil {
		t.Fatal(err)
	}
	if d := render(); d.Digest() == c.Digest() {
		t.Error("the file was replaced and the message did not change")
	}
	if err := os.Remove(filepath.Join(dir, "a.pdf")); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Render(recipient(t, "Ann", "ann@example.com"), testDate); strings.Join(diagnose(err),
		" ") != "missing-file" {
		t.Errorf("the file is gone: %v", err)
	}
}

// However many files pass through, the memory that keeps them has a bound.
func TestCacheIsBounded(t *testing.T) {
	t.Parallel()
	s := setup{attachments: [][3]string{{"common.bin", "", ""}, {"{{.c}}.bin", "", ""}},
		files: map[string]string{"common.bin": strings.Repeat("c", 3000)}, cache: 20_000}
	for i := range 50 {
		s.files[fmt.Sprintf("%d.bin", i)] = strings.Repeat(string(rune('A'+i%26)), 100*i+1)
	}
	r := s.renderer(t)
	var common *file
	for round := range 3 {
		for i := range 50 {
			if _, err := r.Render(recipient(t, "Ann", "ann@example.com", "c", fmt.Sprint(i)), testDate); err != nil {
				t.Fatal(err)
			}
			f, fault := r.store.get("common.bin")
			if fault != nil {
				t.Fatal(fault)
			}
			if common == nil {
				common = f
			}
			if f != common {
				t.Fatalf("round %d, row %d: the shared file was read again", round, i)
			}
			used := int64(0)
			for at := r.store.order.Front(); at != nil; at = at.Next() {
				used += int64(len(at.Value.(*entry).file.encoded))
			}
			if used != r.store.used || used > 20_000 || len(r.store.kept) != r.store.order.Len() {
				t.Fatalf("kept %d bytes, counted %d, bound 20000; %d names, %d entries", used, r.store.used, len(r.store.kept),
					r.store.order.Len())
			}
		}
	}
	if f, fault := newFiles(r.c.Root, 1<<20, 0).get("common.bin"); fault != nil || f.size != 3000 {
		t.Errorf("without room to keep anything: %v", fault)
	}
}

// With many callers at once, each file is read by one of them.
func TestFilesAreReadOnce(t *testing.T) {
	t.Parallel()
	s := setup{files: map[string]string{"a.bin": strings.Repeat("a", 1<<20)}}
	r := s.renderer(t)
	var wg sync.WaitGroup
	got := make([]*file, 64)
	start := make(chan struct{})
	for i := range got {
		wg.Go(func() {
			<-start
			got[i], _ = r.store.get("a.bin")
		})
	}
	close(start)
	wg.Wait()
	for _, f := range got {
		if f == nil || f != got[0] {
			t.Fatal("read more than once")
		}
	}
}

func TestMediaTypes(t *testing.T) {
	t.Parallel()
	zip := "PK\x03\x04\x14\x00"
	for _, c := range []struct {
		name, content, want string
		odd                 bool // name and content disagree
	}{
		{"a.pdf", "%PDF-1.7", "application/pdf", false},
		{"A.PDF", "%PDF-1.7", "application/pdf", false},
		{"a.pdf", "<html>502 Bad Gateway</html>", "application/octet-stream", true},
		{"a.png", png, "image/png", false},
		{"a.xlsx", zip, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", true},
		{"a.xlsx", "a;b", "application/octet-stream", true},
		{"a.csv", "ä;b", "text/csv; charset=utf-8", false},
		{"a.csv", "\xe4;b", "text/csv", false},
		{"a.txt", strings.Repeat("x", transfer.RawLine*256-1) + "ä", "text/plain; charset=utf-8", false}, // cut by the chunk
		{"a.txt", strings.Repeat("ä", transfer.RawLine*256) + "\xc3", "text/plain", false},
		{"a.eml", "From: a@b", "message/rfc822", false},
		{"a.eml", "From: ä@b", "application/octet-stream", false},
		{"a.eml", "From a@b\n\nx", "application/octet-stream", false},
		{"a.eml", "From: " + strings.Repeat("x", 1000), "application/octet-stream", false},
		{"a.jpg", png, "image/png", true},
		{"a.txt", "a,b\n1,2\n", "text/plain; charset=utf-8", false},
		{"a.csv", "a,b\n1,2\n", "text/csv; charset=utf-8", false},
		{"a.pdf", "\n%PDF-1.4\n", "application/pdf", true},
		{"a.ics", "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nMETHOD:REQ\r\n UEST\r\nBEGIN:VEVENT\r\n",
			"text/calendar; charset=utf-8; method=REQUEST", false},
		{"a.ics", "BEGIN:VCALENDAR\nBEGIN:VEVENT\nMETHOD:X\n", "text/calendar; charset=utf-8", false},
		{"a.ics", "<html>", "text/calendar; charset=utf-8", true},
		{"unknown", "%PDF-1.7", "application/pdf", false},
		{"a.unknown", "\x00\x01", "application/octet-stream", false},
		{"a.unknown", "words", "text/plain; charset=utf-8", false},
	} {
		s := setup{files: map[string]string{c.name: c.content}}
		r := s.renderer(t)
		f, fault := r.store.get(c.name)
		if fault != nil {
			t.Fatal(fault)
		}
		bare, parameters, odd := f.mediaType(c.name)
		if got := strings.Join(append([]string{bare}, parameters...), "; "); got != c.want {
			t.Errorf("%s with %.20q is %s, want %s", c.name, c.content, got, c.want)
		}
		if (odd != "") != c.odd {
			t.Errorf("%s with %.20q: %q", c.name, c.content, odd)
		}
		if f.seven {
			continue // it is not in base64
		}
		decoded, err := io.ReadAll(base64.NewDecoder(base64.StdEncoding, bytes.NewReader(f.encoded)))
		if err != nil || string(decoded) != c.content || int64(len(f.encoded)) != transfer.Base64Length(f.size) ||
			cap(f.encoded) != len(f.encoded) {
			t.Errorf("%s: %v; %d octets encoded, %d foreseen", c.name, err, len(f.encoded), transfer.Base64Length(f.size))
		}
	}
}
