package program

import (
	"strings"
	"testing"
)

// A giant value that html/template escapes is written like any other, and does not stay in memory for the rest of the
// run. It was seen to fail with a chain that keeps whatever it wrote last.
func TestGiantValueIsNotKept(t *testing.T) {
	t.Parallel()
	c, err := newChain([]string{escaperPrefix + "cssvaluefilter"})
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"red", strings.Repeat("x", 8<<20), "red", strings.Repeat("y", mostKept-10), "red"} {
		got, ok := c.write([]byte("b:"), text)
		if !ok || string(got) != "b:"+text {
			t.Errorf("%.20q becomes %.20q of %d bytes", text, got, len(got))
		}
		if n := c.b.Cap() + len(c.last); n > mostKept {
			t.Errorf("%d bytes are kept, and %d may be", n, mostKept)
		}
	}
}
