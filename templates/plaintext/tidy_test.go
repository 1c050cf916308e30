package plaintext

import (
	"strings"
	"testing"
)

// tidyLines is what Tidy makes of a text, line by line.
func tidyLines(s string) string {
	var b strings.Builder
	empty := 0
	for line := range strings.Lines(s) {
		line = strings.TrimRight(line, " \t\r\n")
		if line == "" {
			empty++
			continue
		}
		if b.Len() > 0 && empty > 0 {
			b.WriteByte('\n')
		}
		empty = 0
		b.WriteString(line)
		b.WriteByte('\n')
	}
	return b.String()
}

// A text whose parts were tidied beforehand, and whose spans are only moved, is the text that is tidied line by line.
// A span is afterwards where spans says. Proven by keeping the blanks at the ends of a literal's lines, by beginning a
// span at an empty line, and by moving a span without saying so.
func FuzzTidy(f *testing.F) {
	f.Add("a \n\n\nb\n", "x", "\n\n \t\nc\r\n\nd", "")
	f.Add("\n\na\n", "\n", "\nb\n\n", "c")
	f.Add("", " ", "a\n\nb\n", "\n \n")
	f.Add("a\nb\n", "", "\nc\nd", "e \n")
	f.Fuzz(func(t *testing.T, a, b, c, d string) {
		want := tidyLines(a + b + c + d)
		if got := string(Tidy([]byte(a+b+c+d), nil)); got != want {
			t.Errorf("%q becomes %q, not %q", a+b+c+d, got, want)
		}
		// a and c are literals, b and d are cells.
		var text []byte
		var spans []Span
		var inside []string
		for i, part := range []string{a, b, c, d} {
			if i%2 == 0 {
				tidy, from, to := TidyLiteral(part)
				if to > 0 {
					spans = append(spans, Span{len(text) + from, len(text) + to})
					inside = append(inside, tidy[from:to])
				}
				part = tidy
			}
			text = append(text, part...)
		}
		got := Tidy(text, spans)
		if string(got) != want {
			t.Errorf("%q, %q, %q, %q become %q, not %q", a, b, c, d, got, want)
		}
		for i, s := range spans {
			if string(got[s.From:s.To]) != inside[i] {
				t.Errorf("%q is not at %v of %q", inside[i], s, got)
			}
		}
	})
}
