package plaintext

import (
	"testing"
)

// A text whose literals were laid out beforehand, and whose spans are only copied, is the text that is laid out as a
// whole. A span is afterwards where spans says. Proven by laying out the
// rows of a literal without those before it, by counting no quotes of a span, and by copying a span without saying
// where to.
func FuzzTidy(f *testing.F) {
	f.Add("a \n\n\nb\n", "x", "\n\n \t\nc\r\n\nd", "")
	f.Add("\n\na\n", "\n", "\nb\n\n", "c")
	f.Add("", " ", "a\n\nb\n", "\n \n")
	f.Add("a\nb\n", "", "\nc\nd", "e \n")
	f.Add(quoteMark+"a\n"+quoteMark+"\n"+quoteMark+"b ", "x", "\n"+quoteMark+"\n"+quoteMark+quoteMark+"c\nd\n", ">")
	f.Add(rowMark+cellMark+"a1longer"+cellMark+"a1y"+endMark+"\n"+rowMark+cellMark+"a1", "1",
		endMark+"\n"+rowMark+cellMark+"a1xyz"+cellMark+"a1z"+endMark+"\nb\nc\n"+
			topMark+cellMark+"r1x"+endMark+"\n"+rowMark+cellMark+"a1", "22")
	f.Add(headMark+"Head\n\n- item\n", " F", "\nFrom x\n --\n--\n"+rightMark+"a b\n", "- ")
	f.Add("a\n"+signMark+"--\nb\n"+rightMark+signMark+"--\nc\n--\n", "--", "\n"+signMark+"--\n-- \n"+signMark, "--\n")
	f.Fuzz(func(t *testing.T, a, b, c, d string) {
		whole := string(Tidy(nil, []byte(a+b+c+d), nil))
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
		got := string(Tidy([]byte("before"), text, spans))
		if got != "before"+whole {
			t.Errorf("%q, %q, %q, %q become %q, not %q", a, b, c, d, got, whole)
		}
		for i, s := range spans {
			if got[s.From:s.To] != inside[i] {
				t.Errorf("%q is not at %v of %q", inside[i], s, got)
			}
		}
	})
}
