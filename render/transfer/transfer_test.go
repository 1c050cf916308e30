package transfer

import (
	"bytes"
	"encoding/base64"
	"io"
	"math/rand/v2"
	"mime/quotedprintable"
	"strings"
	"testing"
	"unicode/utf8"

	"mailshot/templates"
)

func TestQuotedPrintable(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"a=b\r\n":                            "a=3Db\r\n",
		"a \r\nb\t\r\n":                      "a=20\r\nb=09\r\n",
		"a \nb  \rc ":                        "a=20\r\nb =20\r\nc=20\r\n",
		"":                                   "\r\n",
		".\r\n..\r\n":                        "=2E\r\n=2E.\r\n",
		"From here\r\nFromage\r\n":           "=46rom here\r\nFromage\r\n",
		strings.Repeat("x", 76) + "\r\n":     strings.Repeat("x", 76) + "\r\n",
		strings.Repeat("x", 77) + "\r\n":     strings.Repeat("x", 75) + "=\r\nxx\r\n",
		strings.Repeat("x", 75) + ".y\r\n":   strings.Repeat("x", 75) + "=\r\n=2Ey\r\n",
		strings.Repeat("x", 70) + "é\r\n":    strings.Repeat("x", 70) + "=C3=A9\r\n",
		strings.Repeat("x", 71) + "é\r\n":    strings.Repeat("x", 71) + "=\r\n=C3=A9\r\n",
		strings.Repeat("x", 74) + " \r\n":    strings.Repeat("x", 74) + "=\r\n=20\r\n",
		"a\x00b\x7f\r\n":                     "a=00b=7F\r\n",
		strings.Repeat("x", 75) + "\r\n\r\n": strings.Repeat("x", 75) + "\r\n\r\n",
	} {
		if got := string(Literals(nil).AppendQuotedPrintable(nil, []byte(in), nil)); got != want {
			t.Errorf("%q\n got %q\nwant %q", in, got, want)
		}
	}
}

// normalForm is a text in canonical form, made without a thought of speed.
func normalForm(s string) string {
	s = strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
	if !strings.HasSuffix(s, "\n") {
		s += "\n"
	}
	return strings.ReplaceAll(s, "\n", "\r\n")
}

// quoted encodes a text in canonical form as the first version of this program did, character by character. Plans that
// were made then have digests of what it writes.
func quoted(s []byte) []byte {
	var b []byte
	stands := func(i int) bool {
		c := s[i]
		return c > ' ' && c <= '~' && c != '=' || c == ' ' && i+1 < len(s) && s[i+1] != '\r'
	}
	column := 0
	for i := 0; i < len(s); {
		if bytes.HasPrefix(s[i:], []byte("\r\n")) {
			b = append(b, "\r\n"...)
			column = 0
			i += 2
			continue
		}
		_, size := utf8.DecodeRune(s[i:])
		self, width := stands(i), 1
		if !self {
			width = 3 * size
		}
		if column+width > 76 || column+width == 76 && !bytes.HasPrefix(s[i+size:], []byte("\r\n")) {
			b = append(b, "=\r\n"...)
			column = 0
		}
		if column == 0 && (s[i] == '.' || bytes.HasPrefix(s[i:], []byte("From "))) {
			self, width = false, 3
		}
		if self {
			b = append(b, s[i])
		} else {
			for _, c := range s[i : i+size] {
				b = append(b, '=', hexDigits[c>>4], hexDigits[c&15])
			}
		}
		column += width
		i += size
	}
	return b
}

// assemble makes a text of pieces, every second of which is a literal.
func assemble(pieces []string) (text []byte, literals []string, runs []templates.Run) {
	for i, p := range pieces {
		if i%2 == 1 {
			runs = append(runs, templates.Run{At: len(text), Literal: len(literals)})
			literals = append(literals, p)
		}
		text = append(text, p...)
	}
	return text, literals, runs
}

// same compares what is written of a text with what is written of it octet by octet, and reads it back.
func same(t *testing.T, pieces []string) {
	t.Helper()
	text, literals, runs := assemble(pieces)
	l := Prepare(literals)
	if n := len(runs); len(l.Verify(text, runs)) != n {
		t.Fatalf("%q: a literal is not found", pieces)
	}
	valid, is := l.Examine(text, runs)
	if valid != utf8.Valid(text) {
		t.Fatalf("%q: valid %v", pieces, valid)
	}
	if !valid {
		return // render refuses it
	}
	want := []byte(normalForm(string(text)))
	got := l.AppendQuotedPrintable([]byte("before"), text, runs)
	if w := "before" + string(quoted(want)); string(got) != w {
		t.Fatalf("%q\n got %q\nwant %q", pieces, got, w)
	}
	high := 0
	for _, c := range want {
		high += int(c >> 7)
	}
	if is != (high*6 > len(want)) {
		t.Fatalf("%q: base64 %v, with %d of %d octets over 127", pieces, is, high, len(want))
	}
	if n := l.Normalize([]byte("before"), text, runs); string(n) != "before"+string(want) {
		t.Fatalf("%q: canonical %q, want %q", pieces, n[len("before"):], want)
	}
	if n := Normalize(nil, text); !bytes.Equal(n, want) || Size(text) != len(want) {
		t.Fatalf("%q: canonical %q of size %d, want %q", pieces, n, Size(text), want)
	}
	for line := range strings.SplitSeq(string(got[len("before"):]), "\r\n") {
		if len(line) > 76 || strings.ContainsAny(line, "\r\n\x00") || strings.HasPrefix(line, ".") ||
			strings.HasPrefix(line, "From ") || strings.HasSuffix(line, " ") {
			t.Fatalf("%q: line %q", pieces, line)
		}
	}
	decoded, err := io.ReadAll(quotedprintable.NewReader(bytes.NewReader(got[len("before"):])))
	if err != nil || !bytes.Equal(decoded, want) {
		t.Fatalf("%q is read back as %q, %v", want, decoded, err)
	}
	b64 := AppendBase64(nil, want)
	decoded, err = io.ReadAll(base64.NewDecoder(base64.StdEncoding, bytes.NewReader(b64)))
	if err != nil || !bytes.Equal(decoded, want) || int64(len(b64)) != Base64Length(int64(len(want))) {
		t.Fatalf("%q becomes %q", want, b64)
	}
}

// Literals that were encoded beforehand make the same octets as an encoding of the whole text, wherever the cells stand
// and whatever line ends are cut by an edge.
//
// Proven: with a CR at the end of a literal taken for a line end, or with the line of a cell taken for a whole one
// (head 0), many of these differ.
func TestLiteralsChangeNothing(t *testing.T) {
	t.Parallel()
	atoms := []string{"\n", "\r", "\r\n", "a", " ", ".", "From ", "=", "é", "€", "\t", "\x00", "\xff",
		strings.Repeat("x", 74),
		strings.Repeat("x", 75), strings.Repeat("word ", 20), "صورت"}
	random := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		pieces := make([]string, random.IntN(6))
		for i := range pieces {
			for range random.IntN(8) {
				pieces[i] += atoms[random.IntN(len(atoms))]
			}
		}
		same(t, pieces)
	}
}

// A run whose place does not hold its literal is not believed, nor is one that begins within another.
//
// Proven: without the comparison in Verify, or without that of r.At, the text that is written is not the text.
func TestRunsAreNotBelieved(t *testing.T) {
	t.Parallel()
	text := []byte("one\ntwo\nthree\nfour\n")
	l := Prepare([]string{"one\ntwo\nthree\n", "x\nyy\nz\n", "two\nthree\nfour\n"})
	want := string(quoted([]byte(normalForm(string(text)))))
	for _, runs := range [][]templates.Run{{{At: 0, Literal: 1}}, {{At: 1, Literal: 0}}, {{At: 10, Literal: 0}},
		{{At: -1, Literal: 0}}, {{At: 0, Literal: 3}}, {{At: 0, Literal: -1}}, {{At: 0}, {At: 0}}, {{At: 0}},
		{{At: 0}, {At: 4, Literal: 2}}, {{At: 1<<63 - 3}}} {
		runs = l.Verify(text, runs)
		if got := string(l.AppendQuotedPrintable(nil, text, runs)); got != want {
			t.Errorf("%v: %q", runs, got)
		}
	}
}

func FuzzText(f *testing.F) {
	for _, s := range []string{"", "a|b\nc\nd|e", ".\r\n|a\rb\nc\r\nd\r|\n", "From x\n|--=_boundary\n|a \n", "\xff|\xfe",
		"|é "} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) { same(t, strings.Split(s, "|")) })
}

func BenchmarkQuotedPrintable(b *testing.B) {
	line := "<p style=\"margin:0\">A line of an ordinary letter, about as long as they are, or a little more than that.</p>\n"
	text, literals, runs := assemble([]string{"Dear Ann,", strings.Repeat(line, 40), "Ann", strings.Repeat(line, 40)})
	for name, runs := range map[string][]templates.Run{"literals": runs, "text": nil} {
		l := Prepare(literals)
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			var out []byte
			for b.Loop() {
				l.Examine(text, runs)
				out = l.AppendQuotedPrintable(out[:0], text, runs)
			}
		})
	}
}
