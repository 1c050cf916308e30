package stored

import (
	"bytes"
	"testing"
	"time"
)

// What is written is read again, and nothing that was cut off is taken for whole.
//
// Proven by writing a number in seven bytes.
func TestThereAndBack(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "Ann", "آن", string(bytes.Repeat([]byte("x"), 300))} {
		b := AppendText(nil, text)
		got, rest, what := Text(string(b) + "more")
		if got != text || rest != "more" || what != "" {
			t.Errorf("%q: %q, %q, %s", text, got, rest, what)
		}
		if _, _, what := Text(string(b[:len(b)-1])); what != CutOff {
			t.Errorf("%q cut off: %q", text, what)
		}
	}
	for _, value := range []any{nil, 0.0, -12.5, true, false, time.Date(2026, 11, 30, 1, 2, 3, 4, time.UTC)} {
		b := AppendValue(nil, value)
		got, rest, what := Value(append(bytes.Clone(b), 'm'))
		if got != value || string(rest) != "m" || what != "" {
			t.Errorf("%v: %v, %q, %s", value, got, rest, what)
		}
		if _, _, what := Value(b[:len(b)-1]); what != CutOff {
			t.Errorf("%v cut off: %q", value, what)
		}
	}
	if _, _, what := Value([]byte{9}); what != "unknown value" {
		t.Errorf("an unknown tag: %q", what)
	}
}
