package flowed

import (
	"strings"
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
	f.Add(Quote+"a\n"+Quote+"\n"+Quote+"b ", "x", "\n"+Quote+"\n"+Quote+Quote+"c\nd\n", ">")
	f.Add(Row+Cell+"a1longer"+Cell+"a1y"+End+"\n"+Row+Cell+"a1", "1",
		End+"\n"+Row+Cell+"a1xyz"+Cell+"a1z"+End+"\nb\nc\n"+
			Top+Cell+"r1x"+End+"\n"+Row+Cell+"a1", "22")
	f.Add(Head+"Head\n\n- item\n", " F", "\nFrom x\n --\n--\n"+Right+"a b\n", "- ")
	f.Add("a\n"+Sign+"--\nb\n"+Right+Sign+"--\nc\n--\n", "--", "\n"+Sign+"--\n-- \n"+Sign, "--\n")
	f.Add(Item+"- "+Hang, "x\n\ny", "\nplain\n"+Head+"a\n"+Item+"  "+Hang, "z")
	f.Add("a\n"+Quote+"b", "x", "\nplain\nplain\n"+Quote+Item+"1. "+Hang+"c", "\n")
	f.Fuzz(func(t *testing.T, a, b, c, d string) {
		a, c = marked(a, c)
		b, d = strings.ReplaceAll(b, "\xff", ""), strings.ReplaceAll(d, "\xff", "") // no cell has a mark
		whole := string(Tidy(nil, []byte(a+b+c+d), nil))
		// a and c are literals, b and d are cells.
		var text []byte
		var spans []Span
		var inside []string
		open := 0
		for i, part := range []string{a, b, c, d} {
			if i%2 == 0 {
				tidy, from, to, opened := TidyLiteral(part, open)
				open = opened
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

// marked puts the lines of two literals that have marks between Line and End, as a template does. A cell is between the
// literals.
func marked(a, c string) (string, string) {
	const cell = "\x00"
	var b strings.Builder
	literals := strings.ReplaceAll(a, cell, "") + cell + strings.ReplaceAll(c, cell, "")
	for line := range strings.Lines(strings.NewReplacer(Line, "", End, "").Replace(literals)) {
		text := strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(text, "\xff") {
			text = Line + strings.TrimSuffix(text, "\xff") + End
		}
		b.WriteString(text + line[len(strings.TrimSuffix(line, "\n")):])
	}
	a, c, _ = strings.Cut(b.String(), cell)
	return a, c
}

// Laying out headings, items, tables and long lines takes no memory but that of the text. Proven by a line of signs
// below a heading that is made first, and by copies of the leads of items.
func TestLayoutTakesNoMemory(t *testing.T) {
	long := strings.Repeat("some words ", 20)
	text := []byte(Line + Head + "Head" + Break + "of two lines" + End + "\n" + Line + Under + "Another" + End + "\n\n" +
		long + "\n" + Line + Item + "- " + Hang + long + End + "\n" + Line + Item + "۱۲. " + Hang + long + "\n" + long +
		End + "\n" +
		Line + Top + Cell + "a1what" + Cell + "a1price" + End + "\n" + Line + Row + Cell + "a1tea" + Cell + "a12.50" + End +
		"\n")
	l := &layout{}
	if n := testing.AllocsPerRun(10, func() {
		l.b = l.b[:0]
		for rest := text; len(rest) > 0; {
			rest = rest[l.line(rest):]
		}
		l.table()
	}); n > 0 {
		t.Errorf("it took %v pieces of memory", n)
	}
}
