package parts

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
)

func tree(p *Part) string {
	out := p.Type
	if len(p.Parts) > 0 {
		var below []string
		for _, one := range p.Parts {
			below = append(below, tree(one))
		}
		out += "(" + strings.Join(below, " ") + ")"
	}
	return out
}

// Broken messages are taken apart as far as it goes.
func TestRead(t *testing.T) {
	t.Parallel()
	const two = "--b\nContent-Type: text/plain\n\none\n--b\nContent-Type: text/html\n\n<p>two</p>\n--b--\n"
	for text, want := range map[string]string{
		"":                       "text/plain",
		"no header at all":       "text/plain",
		"\n\n\nFrom: a\n\nhello": "text/plain",
		"   \t \n \nContent-Type: multipart/mixed; boundary=b\n\n" + two:        "multipart/mixed(text/plain text/html)",
		"From a@b Thu Nov 26\nFrom: a\n\nx":                                     "text/plain",
		"Content-Type: multipart/mixed; boundary=b\n\npreamble\n" + two:         "multipart/mixed(text/plain text/html)",
		"Content-Type: multipart/mixed; boundary=\"b\n\n" + two:                 "multipart/mixed(text/plain text/html)",
		"Content-Type: multipart/mixed\n\n" + two:                               "multipart/mixed(text/plain text/html)",
		"Content-Type: multipart/mixed; boundary=other\n\n" + two:               "multipart/mixed(text/plain text/html)",
		"Content-Type: Multipart/MIXED;; boundary = b ;\n\n" + two:              "multipart/mixed(text/plain text/html)",
		"Content-Type: multipart/mixed; boundary=b\n\nnothing":                  "multipart/mixed",
		"Content-Type: multipart/mixed; boundary=b\n\n--b\n\none\n --b \n\ntwo": "multipart/mixed(text/plain text/plain)",
		"Content-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--bc\n\ntwo":  "multipart/mixed(text/plain)",
		"Content-Type: message/rfc822\n\nContent-Type: text/html\n\nx":          "message/rfc822(text/html)",
		"Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n" +
			base64.StdEncoding.EncodeToString([]byte("Content-Type: text/html\r\n\r\nx")): "message/rfc822(text/html)",
		"Content-Type: message/delivery-status\n\nA: b\n":  "message/delivery-status",
		"Content-Type: nonsense\n\nx":                      "text/plain",
		"A: b\nbroken line\nContent-Type: text/html\n\nx":  "text/html",
		"Content-Type: text/html\n folded; charset=x\n\nx": "text/html",
	} {
		for _, ends := range []string{"\n", "\r\n", "\r"} {
			p, err := Read(strings.NewReader(strings.ReplaceAll(text, "\n", ends)), Limits{})
			if err != nil || tree(p) != want && !strings.Contains(text, "folded") {
				t.Errorf("%q: %v, %v", text, err, tree(p))
			}
		}
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ header, body, want string }{
		{"", "hé", "hé"},
		{"", "h\xe9", "hé"},
		{"Content-Type: text/plain; charset=iso-8859-1", "h\xe9", "hé"},
		{"Content-Type: text/plain; charset=koi8-r", "\xf4\xc5\xd3\xd4", "Тест"},
		{"Content-Type: text/plain; charset=iso-2022-jp", "\x1b$B%a!<%k\x1b(B", "メール"},
		{"Content-Type: text/plain; charset=nobody-knows", "h\xc3\xa9", "hé"},
		{"Content-Type: text/plain; charset=unicode-1-1-utf-7", "plain", "plain"},
		{"Content-Transfer-Encoding: quoted-printable", "a=C3=A9 b=\nc =ZZ =", "aé bc =ZZ "},
		{"Content-Transfer-Encoding: base64", "aMOp\n!! aA==", "héh"},
		{"Content-Transfer-Encoding: nobody-knows", "x", "x"},
		{"Content-Type: text/html", "<style>no</style><p>a&amp;b<br>c<script>no</SCRIPT><!-- no -->&lt;a@b.c&gt;", "\na&b\nc<a@b.c>"},
		{"Content-Type: text/html", "a<script>never ends", "a"},
		{"Content-Type: text/html", "a<b@example.com>", "a<b@example.com>"},
	} {
		p, err := Read(strings.NewReader(c.header+"\n\n"+c.body), Limits{})
		if c.header == "" {
			p, err = Read(strings.NewReader("A: b\n\n"+c.body), Limits{})
		}
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.TrimRight(p.Text(1000), "\n"); got != c.want {
			t.Errorf("%s\n%q: %q, want %q", c.header, c.body, got, c.want)
		}
	}
	if got := Words("=?utf-8?B?aMOp?= =?nobody-knows?Q?x?="); !strings.Contains(got, "?") {
		t.Error(got)
	}
}

// bombs are messages that grow when they are read, each with the limit that it passes; "" where it passes none, and is
// cheap all the same.
func bombs() map[string]struct{ text, what string } {
	nested := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i, i)
		}
		return b.String()
	}
	inMessages := strings.Repeat("Content-Type: message/rfc822\n\n", 10_000)
	encoded := "From: a\n\nend"
	for range 20 {
		encoded = "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n" +
			base64.StdEncoding.EncodeToString([]byte(encoded))
	}
	ladder := "Content-Type: multipart/mixed; boundary=b0\n\n"
	for i := 1; i < 31; i++ {
		ladder += fmt.Sprintf("--b%d\nContent-Type: multipart/mixed; boundary=b%d\n\n", i-1, i)
	}
	return map[string]struct{ text, what string }{
		"depth of multiparts":      {nested(10_000), "depth"},
		"depth of messages":        {inMessages, "depth"},
		"base64 in base64":         {encoded, ""},
		"parts":                    {"Content-Type: multipart/mixed; boundary=b\n\n" + strings.Repeat("--b\n\nx\n", 100_000), "parts"},
		"one header":               {"A: " + strings.Repeat("x", 2<<20) + "\n\n", "header"},
		"many headers":             {strings.Repeat("A: b\n", 1<<19) + "\n", "header"},
		"one fold":                 {"A: b\n" + strings.Repeat(" c\n", 1<<20), "header"},
		"message":                  {"A: b\n\n" + strings.Repeat("x\n", 26<<17), "message"},
		"work":                     {ladder + strings.Repeat("--b\n", 10<<16), "work"},
		"soft line ends":           {"Content-Transfer-Encoding: quoted-printable\n\n" + strings.Repeat("=\n", 10<<16), ""},
		"blanks":                   {"A: b\n\n" + strings.Repeat(" \n", 10<<16), ""},
		"tags":                     {"Content-Type: text/html\n\n" + strings.Repeat("<script>", 1<<19), ""},
		"entities":                 {"Content-Type: text/html\n\n" + strings.Repeat("&amp", 1<<20), ""},
		"encoded words":            {"Subject: " + strings.Repeat("=?utf-8?Q?a?= ", 50_000) + "\n\n", ""},
		"parameters":               {"Content-Type: text/plain" + strings.Repeat("; a=b", 100_000) + "\n\n", ""},
		"a charset's state":        {"Content-Type: text/plain; charset=iso-2022-jp\n\n" + strings.Repeat("\x1b$B\x1b(B", 1<<20), ""},
		"boundaries that are none": {"Content-Type: multipart/mixed; boundary=b\n\n" + strings.Repeat("--bb\n", 10<<16), ""},
		"an empty boundary":        {"Content-Type: multipart/mixed; boundary=\"\"\n\n" + strings.Repeat("--\n", 10<<16), ""},
	}
}

// A bomb ends with its limit, and has not taken many times its own size of memory. The limits of the message and of the
// work are a part of what they are by default, so that it is quick.
//
// Broken on purpose: without the limit of work, the ladder is searched 31 times, and without that of depth each of
// 10,000 multiparts within each other is.
func TestBombs(t *testing.T) {
	for name, bomb := range bombs() {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		p, err := Read(strings.NewReader(bomb.text), Limits{Message: 50 << 17, Work: 20 << 20})
		if err == nil {
			p.Walk(func(one *Part) bool {
				if got := one.Text(64 << 10); len(got) > 3*64<<10 {
					t.Errorf("%s: a text of %d bytes", name, len(got))
				}
				return true
			})
			_ = p.Header.Text("Subject")
		}
		runtime.ReadMemStats(&after)
		var limit *LimitError
		if errors.As(err, &limit) != (bomb.what != "") || limit != nil && (limit.What != bomb.what || limit.Error() == "") {
			t.Errorf("%s: %v, want %q", name, err, bomb.what)
		}
		if grown := after.TotalAlloc - before.TotalAlloc; grown > uint64(20*len(bomb.text))+(8<<20) {
			t.Errorf("%s: %d bytes, and %d MB for it", name, len(bomb.text), grown>>20)
		}
	}
}

// A reader that never ends is read to the limit, and an error of it is told.
func TestReader(t *testing.T) {
	t.Parallel()
	endless := io.MultiReader(strings.NewReader("A: b\n\n"), endless{})
	var limit *LimitError
	if _, err := Read(endless, Limits{Message: 1 << 20}); !errors.As(err, &limit) || limit.What != "message" {
		t.Error(err)
	}
	broken := errors.New("broken")
	if _, err := Read(iotest.ErrReader(broken), Limits{}); !errors.Is(err, broken) {
		t.Error(err)
	}
	if p, err := Read(iotest.OneByteReader(strings.NewReader("A: b\n\nx")), Limits{}); err != nil || string(p.Raw) != "x" {
		t.Error(err)
	}
}

type endless struct{}

func (endless) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = 'x'
	}
	return len(b), nil
}

func FuzzRead(f *testing.F) {
	for _, bomb := range bombs() {
		f.Add([]byte(bomb.text[:min(len(bomb.text), 1000)]))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := Read(bytes.NewReader(b), Limits{Depth: 8, Parts: 50})
		if err != nil {
			var limit *LimitError
			if !errors.As(err, &limit) {
				t.Fatal(err)
			}
			return
		}
		p.Walk(func(one *Part) bool {
			one.Text(1000)
			return true
		})
	})
}
