package profile

import "testing"

func TestDigitsThatAreNoNumber(t *testing.T) {
	t.Parallel()
	if loses("۰۹۱۲") == "" {
		t.Error("a telephone number in Persian digits is a number")
	}
}
