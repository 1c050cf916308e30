package recipients

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestLenientAddresses: addresses with dots that the standard does not allow are invalid, with the key that takes
// them; with it they are taken, said, and stored so that they are read back. Without Header.Lenient, the stored row
// was invalid when it was to be sent.
func TestLenientAddresses(t *testing.T) {
	t.Parallel()
	const list = "email,name\nann..b@docomo.ne.jp,Ann\nbob.@ezweb.ne.jp,Bob\ncem@example.com,Cem\n"
	got, _ := readAll(t, Config{File: "list.csv"}, list)
	const hint = " (some providers have such addresses; recipients.addresses: lenient takes them)"
	want := []string{
		`list.csv:2 invalid email: two dots in a row before the @ in "ann..b@docomo.ne.jp"` + hint,
		`list.csv:3 invalid email: a dot before the @ in "bob.@ezweb.ne.jp"` + hint,
		`list.csv:4 ["cem@example.com" "Cem"]`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	cfg := Config{File: "list.csv", Addresses: AddressesLenient}
	got, l := readAll(t, cfg, list)
	if len(got) != 3 || strings.Contains(strings.Join(got, "\n"), "invalid") {
		t.Error(got)
	}
	var said []string
	for _, f := range l.Notes() {
		said = append(said, f.Code+" "+f.Place+" "+f.Text)
	}
	want = []string{
		`odd-dots list.csv:2 email: "ann..b@docomo.ne.jp" has dots that the standard does not allow`,
		`odd-dots list.csv:3 email: "bob.@ezweb.ne.jp" has dots that the standard does not allow`,
	}
	if diff := cmp.Diff(want, said); diff != "" {
		t.Error(diff)
	}
	for _, c := range []struct {
		cfg  Config
		want string
	}{{cfg, `"ann..b"@docomo.ne.jp`}, {Config{File: "list.csv"}, ""}} {
		c.cfg.File, c.cfg.Stdin = "-", strings.NewReader(list)
		l, err := Open(c.cfg)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		for row, err := range l.Rows(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			back, err := l.Header().Decode(row.Place, row.Number, row.Encode())
			if err != nil || back.Address != row.Address || back.Address.String() != c.want || back.Key != row.Key {
				t.Errorf("%q back as %q, %v", row.Address, back.Address, err)
			}
			break
		}
	}
}

// TestTypographicAddresses: a row whose address has signs of a word processor gets no mail, and the address in plain
// signs is named. Two spellings of one domain are one person.
func TestTypographicAddresses(t *testing.T) {
	t.Parallel()
	got, _ := readAll(t, Config{File: "list.csv"}, "email\n“ann@example.com”\no’brien@pub.example\n"+
		"ali@نامه\u200cای.example\nali@xn--mgba3gch31f060k.example\n")
	want := []string{
		`list.csv:2 invalid email: '“', which cannot be in an address, U+201C at position 1 in "“ann@example.com”" ` +
			`(write "ann@example.com")`,
		`list.csv:3 invalid email: '’', which cannot be in an address, U+2019 at position 2 in ` +
			`"o’brien@pub.example" (write "o'brien@pub.example")`,
		`list.csv:4 ["ali@نامه\u200cای.example"]`,
		`list.csv:5 ["ali@xn--mgba3gch31f060k.example"]`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
