package bidi

import (
	"strings"
	"testing"

	"golang.org/x/text/unicode/bidi"
)

// keeps reports whether a program that follows UAX #9 shows a part of a line in its order, by x/text's implementation:
// the part is in one run, from left to right.
func keeps(t *testing.T, line, part string) bool {
	t.Helper()
	var p bidi.Paragraph
	if _, err := p.SetString(line, bidi.DefaultDirection(bidi.RightToLeft)); err != nil {
		t.Fatal(err)
	}
	order, err := p.Order()
	if err != nil {
		t.Fatal(err)
	}
	for i := range order.NumRuns() {
		if run := order.Run(i); run.Direction() == bidi.LeftToRight && strings.Contains(run.String(), part) {
			return true
		}
	}
	return false
}

// mark makes isolates visible.
func mark(s string) string { return strings.NewReplacer(open, "⟦", close, "⟧").Replace(s) }

// Isolates stand around what would change its order, and around nothing else. Proven by isolating all words and
// numbers, and by leaving out what addresses are.
func TestIsolate(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"مبلغ 5,000 USD است.":                   "مبلغ ⟦5,000 USD⟧ است.",
		"مبلغ USD 5,000 است.":                   "مبلغ USD 5,000 است.",
		"مبلغ ۵٬۰۰۰ USD است.":                   "مبلغ ⟦۵٬۰۰۰ USD⟧ است.",
		"با +98 21 5555 0100 تماس بگیرید":       "با ⟦+98 21 5555 0100⟧ تماس بگیرید",
		"تا 2026-11-30 بپردازید":                "تا ⟦2026-11-30⟧ بپردازید",
		"تا 2026/11/30 بپردازید":                "تا 2026/11/30 بپردازید",
		"صورتحساب INV-2026-101":                 "صورتحساب INV-2026-101",
		"صورتحساب 2026-101-A!":                  "صورتحساب ⟦2026-101-A⟧!",
		"کتاب A Garden in Winter (1998)، هم":    "کتاب ⟦A Garden in Winter (1998)⟧، هم",
		"زبان C++ و C# را":                      "زبان ⟦C++⟧ و ⟦C#⟧ را",
		"در 12 روز، ۱۲ ماه و 3.5 سال (1405)":    "در 12 روز، ۱۲ ماه و 3.5 سال (1405)",
		"دما -5 است و سود 12% بود":              "دما ⟦-5⟧ است و سود 12% بود",
		"ساعت 10:30":                            "ساعت 10:30",
		"بنویسید به a@example.com یا 5 USD":     "بنویسید به a@example.com یا ⟦5 USD⟧",
		"نشانی https://example.com/a?b=1-2 5 x": "نشانی https://example.com/a?b=1-2 ⟦5 x⟧",
		"(www.example.com) را ببینید، 3-in-1":   "(www.example.com) را ببینید، ⟦3-in-1⟧",
		"5,000 USD":      "5,000 USD",
		"سلام":           "سلام",
		"Hello, Acme 24": "Hello, Acme 24",
		"قیمت " + open + "5 USD" + close + " و 6 USD": "قیمت ⟦5 USD⟧ و ⟦6 USD⟧",
		"ردیف   5 USD    7 USD":                       "ردیف   ⟦5 USD⟧    ⟦7 USD⟧",
		"ردیف\n5 USD\nردیف 5 USD\r\n":                 "ردیف\n5 USD\nردیف ⟦5 USD⟧\r\n",
		"שלום 5,000 USD":                              "שלום ⟦5,000 USD⟧",
		"مبلغ €5 و 5 € و $5,000.50":                   "مبلغ €5 و 5 € و $5,000.50",
		"با (021) 5555-0100 تماس":                     "با ⟦(021) 5555-0100⟧ تماس",
		"در «5» USD است":                              "در ⟦«5» USD⟧ است",
		"مبلغ ((5) ) USD هم -(5) x":                   "مبلغ ⟦((5) ) USD⟧ هم ⟦-(5) x⟧",
		"مبلغ 5,000 (USD است) 5 USD] هم":              "مبلغ 5,000 (USD است) ⟦5 USD⟧] هم",
		"( (5) USD سلام":                              "( ⟦(5) USD⟧ سلام",
		"(5 USD ] 6 USD) سلام":                        "(⟦5 USD⟧ ] ⟦6 USD⟧) سلام",
		"":                                            "",
	} {
		got, changed := Isolate(nil, []byte(text))
		if mark(string(got)) != want || changed != (string(got) != text) {
			t.Errorf("%s\nbecomes\n%s, %v, not\n%s", text, mark(string(got)), changed, want)
		}
		if again, changed := Isolate(nil, got); string(again) != string(got) || changed {
			t.Errorf("%s becomes %s the second time", mark(string(got)), mark(string(again)))
		}
		if !strings.Contains(text, "\n") && String(text) != string(got) {
			t.Errorf("String of %s is %s", text, mark(String(text)))
		}
	}
}

// By x/text's implementation of the algorithm each part keeps its order with the isolates, and does not without them,
// so that they are needed.
func TestIsolatesAreNeeded(t *testing.T) {
	t.Parallel()
	for _, part := range []string{"5,000 USD", "+98 21 5555 0100", "2026-11-30", "A Garden (1998)", "C++", "3-in-1", "-5",
		"2026-101-A", "#12 of 20", "10% off"} {
		line := "متن " + part + " متن"
		if !keeps(t, String(line), part) {
			t.Errorf("%s changes its order with isolates", part)
		}
		if keeps(t, line, part) {
			t.Errorf("%s keeps its order without isolates", part)
		}
	}
	for _, part := range []string{"USD 5,000", "INV-2026-101", "12", "3.5", "10:30", "5,000", "Acme", "Ann Lee",
		"A-12, B-13", "2026/11/30"} {
		line := "متن " + part + " متن"
		if String(line) != line {
			t.Errorf("%s has isolates", part)
		}
		if !keeps(t, line, part) {
			t.Errorf("%s changes its order without isolates", part)
		}
	}
}

// Whatever the text is, Isolate only adds isolates, in pairs within a line, and none into a word with an address.
func FuzzIsolate(f *testing.F) {
	for _, s := range []string{"مبلغ 5,000 USD", "\u2066\u2069\u2069 ا 5 x", "ا (5 x) https://a.b/5 c\n", "\xff ا 5 x",
		"ا ( (5] 5 x) 6-7", "ا \u202e5 x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		out, changed := Isolate(nil, []byte(text))
		strip := strings.NewReplacer(open, "", close, "")
		if strip.Replace(string(out)) != strip.Replace(text) || changed == (string(out) == text) {
			t.Fatalf("%q becomes %q", text, out)
		}
		was, is := strings.Split(text, "\n"), strings.Split(string(out), "\n")
		for i := range was {
			if n := strings.Count(is[i], open) - strings.Count(was[i], open); n != strings.Count(is[i],
				close)-strings.Count(was[i], close) {
				t.Fatalf("%q becomes %q", was[i], is[i])
			}
			for word := range strings.FieldsFuncSeq(was[i], func(r rune) bool { return strings.ContainsRune(blanks, r) }) {
				if address(word) && !strings.Contains(was[i], open) && !strings.Contains(is[i], word) {
					t.Fatalf("the address %q is broken: %q", word, is[i])
				}
			}
		}
		if again, changed := Isolate(nil, out); changed || string(again) != string(out) {
			t.Fatalf("%q becomes %q the second time", out, again)
		}
	})
}

// An isolate has both brackets of a pair, or neither: the one that is left outside is shown at the line's other end,
// and the other way round. "[1] foot" would be shown as "1] foot]".
func TestIsolateBrackets(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"[1] foot سلام", "[1] foot x\u200f", "مبلغ (5,000) USD است", "مبلغ (5) items است",
		"با (021) 5555-0100 تماس بگیرید",
		"کد [7-A] B را", "مبلغ 5,000 (USD است", "متن (5 USD (net) است"} {
		got := mark(String(text))
		for rest := got; ; {
			_, after, ok := strings.Cut(rest, "⟦")
			if !ok {
				break
			}
			inside, next, _ := strings.Cut(after, "⟧")
			rest = next
			for _, pair := range []string{"()", "[]"} {
				depth, torn := 0, false
				for _, r := range inside {
					switch byte(r) {
					case pair[0]:
						depth++
					case pair[1]:
						depth--
						torn = torn || depth < 0
					}
				}
				if torn {
					t.Errorf("%q becomes %q: the isolate has the end of a pair of brackets, and not its beginning", text, got)
				}
			}
		}
	}
}
