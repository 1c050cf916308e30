package workbook

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"mailshot/campaign/recipients/workbook/workbooktest"
)

// Each of many shared texts is found by its number, also the first and the last of a piece, an empty one and one with
// an escape; and one past the end is none. It is seen to fail with a text that begins where its piece begins, and with
// ends that are not copied.
func TestManyTexts(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, inPiece - 1, inPiece, inPiece + 1, 2*inPiece + 7} {
		var shared strings.Builder
		want := make([]string, n)
		for i := range n {
			switch want[i] = fmt.Sprintf("text %d", i); i % 1000 {
			case 500:
				want[i] = ""
			case 501:
				want[i] = fmt.Sprintf("A%d", i)
				fmt.Fprintf(&shared, "<si><t>_x0041_%d</t></si>", i)
				continue
			}
			fmt.Fprintf(&shared, "<si><t>%s</t></si>", want[i])
		}
		in := workbooktest.Of(t, "", map[string]string{"xl/sharedStrings.xml": "<sst>" + shared.String() + "</sst>"})
		b, err := Open(strings.NewReader(in), int64(len(in)))
		if err != nil {
			t.Fatal(err)
		}
		got, err := b.sharedStrings()
		if err != nil {
			t.Fatal(err)
		}
		for i := range n {
			if text, ok := got.at(i); !ok || text != want[i] {
				t.Fatalf("of %d, %d is %q, not %q", n, i, text, want[i])
			}
		}
		for _, i := range []int{-1, n, n + inPiece} {
			if text, ok := got.at(i); ok {
				t.Errorf("of %d, %d is %q", n, i, text)
			}
		}
	}
	// A part that is cut off says so.
	in := workbooktest.Of(t, "", map[string]string{"xl/sharedStrings.xml": "<sst><si><t>a"})
	b, err := Open(strings.NewReader(in), int64(len(in)))
	if err == nil {
		_, err = b.sharedStrings()
	}
	if e := new(Error); !errors.As(err, &e) {
		t.Errorf("cut off: %v", err)
	}
}
