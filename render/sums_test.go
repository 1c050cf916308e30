package render

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Digests are in ledgers, and contents in the accounts: they are the same in every version of the program.
//
// Proven: with a length of four octets in the frames, or the token left in the content, all of them differ.
func TestSums(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	sums := func(name string, s setup, to Recipient) {
		c := s.config(t)
		c.IDs, c.Tokens.Old = LongID, true // as when the sums were written
		r, err := New(c)
		if err != nil {
			t.Fatal(err)
		}
		m, err := r.Render(to, testDate)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%q %x %x\n", name, m.Digest(), m.Content([]byte("a key of thirty-two octets, yes."), m.To()))
	}
	for _, c := range goldenCases() {
		sums(c.name, c.setup, recipient(t, c.to[0], c.to[1], c.cells...))
	}
	for _, text := range []string{"{{.mailshot.token}}{{.mailshot.token}} x\r\n", "{{.mailshot.campaign}}", "a\rb", ""} {
		sums(text, setup{text: text + "{{.e}}", html: "<p>" + text, subject: "{{.mailshot.token}}"},
			recipient(t, "Ann", "ann@example.com", "e", ""))
	}
	name := filepath.Join("testdata", "sums.txt")
	if *update {
		if err := os.WriteFile(name, []byte(b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil || b.String() != string(want) {
		t.Errorf("%v\n got %s\nwant %s", err, b.String(), want)
	}
}
