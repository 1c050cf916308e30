package invoicestest

import (
	"flag"
	"os"
	"strings"
	"testing"
)

var (
	to       = flag.String("to", "", "a folder: make invoices there")
	programs = flag.String("programs", strings.Join(Programs, ","), "which make them")
	before   = flag.Bool("before", false, "make those of the month before")
	count    = flag.Int("invoices", 300, "how many")
)

// Invoices are made if asked for: go test ./campaign/belonging/invoicestest -to DIR.
func TestMake(t *testing.T) {
	if *to == "" {
		t.Skip("no -to")
	}
	if err := os.MkdirAll(*to, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, program := range strings.Split(*programs, ",") {
		var of []Invoice
		for _, v := range All(*count) {
			if *before {
				v = v.OfBefore()
			}
			if v.Program == program {
				of = append(of, v)
			}
		}
		if err := Make(t.Context(), program, *to, of); err != nil {
			t.Errorf("%s: %v", program, err)
		}
	}
}

// No two have one number, name or file.
func TestAll(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, v := range All(300) {
		for _, s := range []string{v.Number, v.Name} {
			if seen[s] {
				t.Errorf("%s is there twice", s)
			}
			seen[s] = true
		}
	}
}
