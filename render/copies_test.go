package render

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"mailshot/internal/parsers"
)

// addedNobody holds that a cell has added nobody to the envelope but where it is the whole list, and that nobody is
// there but mailboxes.
func addedNobody(t *testing.T, p position, cell string, plain, m *Message) {
	t.Helper()
	if p.name != "Cc" && p.name != "Bcc" && len(m.Copies()) > len(plain.Copies()) {
		t.Errorf("%q: copies to %v", cell, m.Copies())
	}
	for _, c := range m.Copies() {
		if strings.ContainsAny(c.Address, " <>\r\n\t,;") || strings.Count(c.Address, "@") != 1 &&
			!strings.HasPrefix(c.Address, "\"") {
			t.Errorf("%q: a copy to %q", cell, c.Address)
		}
	}
}

// Who gets copies of what, and how they are named. Each is in the envelope once, the recipient is not among them, and
// nobody of bcc is in any octet of the message.
func TestCopies(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name          string
		cc, bcc       []string
		cell          string
		header        string // of Cc
		want, refused string
	}{
		{name: "none", cc: []string{"{{.c}}"}, cell: ""},
		{name: "blanks", cc: []string{"{{.c}}"}, cell: "  "},
		{name: "one", cc: []string{"Boss <boss@acme.example>"}, header: "Boss <boss@acme.example>",
			want: "boss@acme.example"},
		{name: "a cell of several", cc: []string{"{{.c}}"}, cell: `a@x.example; "B, b" <b@x.example>, c@x.example`,
			header: `a@x.example, "B, b" <b@x.example>, c@x.example`, want: "a@x.example b@x.example c@x.example"},
		{name: "twice", cc: []string{"{{.c}}", "a@x.example"}, bcc: []string{"A@X.example", "b@x.example"},
			cell:   "a@x.example",
			header: "a@x.example, a@x.example", want: "a@x.example b@x.example(blind)"},
		{name: "the recipient", cc: []string{"Ann@Example.com"}, bcc: []string{"{{.c}}"}, cell: "ann@example.com",
			header: "Ann@example.com"},
		{name: "blind", bcc: []string{"{{.c}}"}, cell: "hidden@x.example", want: "hidden@x.example(blind)"},
		{name: "not an address", cc: []string{"{{.c}}"}, cell: "nobody", refused: `header Cc: "nobody": no @, in column "c"`},
		{name: "a comma too many", cc: []string{"{{.c}}"}, cell: "a@x.example;", refused: "header Cc: "},
		{name: "a cell that adds somebody", cc: []string{"{{.c}}@acme.example"}, cell: "eve@evil.example, b",
			refused: "is more than one address"},
		{name: "a cell that ends the address", cc: []string{"Boss <{{.c}}@acme.example>"}, cell: "eve@evil.example>, <b",
			refused: "header Cc: "},
		{name: "a line", bcc: []string{"{{.c}}"}, cell: "a@x.example\r\nBcc: b@x.example",
			refused: "header Bcc: carriage return"},
		{name: "letters beyond ASCII", bcc: []string{"{{.c}}"}, cell: "jörg@x.example",
			refused: "header Bcc: jörg@x.example has characters"},
		{name: "a domain beyond ASCII", bcc: []string{"{{.c}}"}, cell: "a@bücher.example",
			want: "a@xn--bcher-kva.example(blind)"},
		{name: "too many", bcc: []string{"{{.c}}"}, cell: many(100),
			refused: "101 recipients with its copies; the limit is 100"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := setup{cc: c.cc, bcc: c.bcc}.renderer(t)
			m, err := r.Render(recipient(t, "Ann", "ann@example.com", "c", c.cell), testDate)
			if err != nil || c.refused != "" {
				if c.refused == "" || err == nil || !strings.Contains(err.Error(), c.refused) {
					t.Fatalf("%v, want %q", err, c.refused)
				}
				return
			}
			raw := wire(t, m)
			got, err := parsers.GoMessage(raw)
			if err != nil {
				t.Fatal(err)
			}
			var to []string
			for _, one := range m.Copies() {
				to = append(to, one.Address+map[bool]string{true: "(blind)"}[one.Blind])
				if one.Blind && strings.Contains(string(raw), one.Address) {
					t.Errorf("%s is in the message", one.Address)
				}
			}
			if strings.Join(to, " ") != c.want {
				t.Errorf("copies to %v, want %s", to, c.want)
			}
			if slices.Contains(got.Names, "cc") != (c.header != "") || slices.Contains(got.Names, "bcc") {
				t.Errorf("fields %v", got.Names)
			}
			if c.header != "" && !strings.Contains(string(raw), "Cc: "+c.header+"\r\n") {
				t.Errorf("want %s:\n%s", c.header, raw)
			}
			// A rehearsal is the same message, and nobody gets a copy.
			alone, err := setup{cc: c.cc, bcc: c.bcc, alone: true}.renderer(t).Render(recipient(t, "Ann", "ann@example.com",
				"c", c.cell), testDate)
			if err != nil || len(alone.Copies()) > 0 || string(wire(t, alone)) != string(raw) {
				t.Errorf("alone: %v %v", alone.Copies(), err)
			}
		})
	}
}

func many(n int) string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf("p%d@x.example", i))
	}
	return strings.Join(all, ",")
}

// Another recipient of bcc is another message, by its digest, and one of cc too. A message without copies has the
// digest that it had before there were any. Proven without sumCopies: bcc made no difference.
func TestCopiesInTheDigest(t *testing.T) {
	t.Parallel()
	digest := func(s setup) [32]byte {
		m, err := s.renderer(t).Render(recipient(t, "Ann", "ann@example.com", "c", ""), testDate)
		if err != nil {
			t.Fatal(err)
		}
		return m.Digest()
	}
	none := digest(setup{})
	if digest(setup{bcc: []string{"{{.c}}"}}) != none {
		t.Error("copies that came out empty count")
	}
	seen := map[[32]byte]string{none: "none"}
	for name, s := range map[string]setup{
		"bcc": {bcc: []string{"a@x.example"}}, "another bcc": {bcc: []string{"b@x.example"}},
		"both": {bcc: []string{"a@x.example", "b@x.example"}}, "cc": {cc: []string{"a@x.example"}},
		"cc and bcc": {cc: []string{"a@x.example"}, bcc: []string{"b@x.example"}},
	} {
		d := digest(s)
		if seen[d] != "" {
			t.Errorf("%s is %s", name, seen[d])
		}
		seen[d] = name
	}
}
