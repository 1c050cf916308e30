package value

import (
	"fmt"
	"strconv"
	"testing"
)

func TestArabicDigits(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		kind Kind
		text string
		want string // "" for a problem
	}{
		{Number, "۱۲۳", "123"}, {Number, "-١٢٫٥", "-12.5"}, {Number, "۱٬۲۳۴٬۵۶۷", "1234567"}, {Number, "۱۲.۵", "12.5"},
		{Number, "۱۲٬۳۴", ""}, {Number, "۱۲/۵", ""}, {Number, "۱۲ تومان", ""},
		{Date, "۲۰۲۶-۱۱-۳۰", "2026-11-30 00:00:00 +0000 UTC"}, {Date, "٢٠٢٦/١١/٣٠", "2026-11-30 00:00:00 +0000 UTC"},
		{Date, "۱۴۰۵/۰۸/۲۰", ""}, {Date, "1405-08-20", ""},
	} {
		v, problem, hint := Read(test.kind, test.text, nil, nil)
		if got := shown(v); got != test.want || (problem == "") != (test.want != "") || problem != "" && hint == "" {
			t.Errorf("%d %s: %s, %s (%s)", test.kind, test.text, got, problem, hint)
		}
	}
}

func shown(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return fmt.Sprint(v)
}
