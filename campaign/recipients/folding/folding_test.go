package folding

import (
	"testing"
)

func TestAlike(t *testing.T) {
	t.Parallel()
	for _, same := range [][]string{
		{"علی", "علي", "ﻋﻠﻲ", "عـلـی"},
		{"کد", "كد", "ﻛﺪ"},
		{"می\u200cشود", "میشود", "ميشود"},
		{"12", "١٢", "۱۲"},
		{"José", "Jose\u0301"},
		{"سلام", "ﺳﻼﻡ"},
	} {
		for _, s := range same {
			if Text(s) != Text(same[0]) {
				t.Errorf("%q is %q, %q is %q", same[0], Text(same[0]), s, Text(s))
			}
		}
	}
	for _, pair := range [][2]string{{"على", "علی"}, {"مدرسة", "مدرسه"}, {"m²", "m2"}, {"Ann", "ann"}, {"ﬁ", "fi"},
		{"a\u00A0b", "a b"}} {
		if Text(pair[0]) == Text(pair[1]) {
			t.Errorf("%q and %q are one", pair[0], pair[1])
		}
	}
}
