package render

import (
	"bytes"
	"net/mail"
	"strings"
	"testing"
)

// The field of a Message-ID has at most 78 columns with a domain of up to 37 characters; with one of up to 48 it is
// folded once, and with a longer one its second line is as long as it must be. A parser reads each as one identifier.
// The long form is as it was, unfolded. Proven by leaving out the fold: a line of 89 columns.
func TestMessageIDFits(t *testing.T) {
	t.Parallel()
	domain := func(n int) string {
		d := "example"
		for len(d) < n-1 {
			d = "a." + d
		}
		if len(d) < n {
			d = "a" + d
		}
		return d
	}
	for _, c := range []struct {
		form    IDForm
		domain  int
		lines   int
		longest int
	}{
		{ShortID, 11, 1, 52}, {ShortID, 37, 1, 78}, {ShortID, 38, 2, 68}, {ShortID, 48, 2, 78}, {ShortID, 49, 2, 79},
		{ShortID, 200, 2, 230}, {LongID, 11, 1, 78}, {LongID, 48, 1, 115},
	} {
		cfg := setup{from: "News <news@" + domain(c.domain) + ">", text: "x\n"}.config(t)
		cfg.IDs = c.form
		r, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		m, err := r.Render(recipient(t, "Ann", "ann@example.com"), testDate)
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if _, err := m.WriteTo(&b); err != nil {
			t.Fatal(err)
		}
		_, after, _ := strings.Cut(b.String(), "\r\nMessage-ID:")
		field := "Message-ID:"
		for line := range strings.SplitAfterSeq(after, "\r\n") {
			if field != "Message-ID:" && !strings.HasPrefix(line, " ") && line != after {
				break
			}
			field += line
		}
		lines := strings.Split(strings.TrimSuffix(field, "\r\n"), "\r\n")
		longest := 0
		for _, l := range lines {
			longest = max(longest, len(l))
		}
		if len(lines) != c.lines || longest != c.longest {
			t.Errorf("form %d, a domain of %d: %d lines, the longest has %d columns; want %+v\n%s",
				c.form, c.domain, len(lines), longest, c, field)
		}
		read, err := mail.ReadMessage(&b)
		if err != nil || read.Header.Get("Message-ID") != "<"+m.ID()+">" {
			t.Errorf("read back as %q, is %q: %v", read.Header.Get("Message-ID"), m.ID(), err)
		}
		if left, _, _ := strings.Cut(m.ID(), "@"); left != MessageID(c.form, testSecret, "test", "ann@example.com") ||
			len(left) != map[IDForm]int{ShortID: 26, LongID: 52}[c.form] {
			t.Errorf("form %d: %s", c.form, left)
		}
	}
}
