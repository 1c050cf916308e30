package whole

import "testing"

func TestRead(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		cell string
		want float64
		as   kind
	}{
		{"12.50", 12.5, money},
		{"12,50", 12.5, money},
		{"1,234.50", 1234.5, money},
		{"1.234,50 €", 1234.5, priced},
		{"€1,234.50", 1234.5, priced},
		{"EUR 12", 12, priced},
		{"12 EUR", 12, priced},
		{"1'234.50", 1234.5, money},
		{"1’234.50", 1234.5, money},
		{"1 234,50", 1234.5, money},
		{"1 234,50 kr", 0, none},
		{"1,234", 1234, number},
		{"1.234", 1.234, number},
		{"1.234.567", 1234567, number},
		{"-24.00", -24, money},
		{"−24,00 €", -24, priced},
		{"0.00", 0, money},
		{"17", 17, number},
		{"12.", 12, number},
		{".50", 0, none},
		{"", 0, none},
		{"Ann", 0, none},
		{"A1", 0, none},
		{"17:30", 0, none},
		{"INVOICE 12", 0, none},
		{"123456789012345678901234567890123", 0, none},
	} {
		v, as, ok := read(test.cell)
		if v != test.want || as != test.as || ok != (as != none) {
			t.Errorf("%q: %v, kind %d, %v; want %v, kind %d", test.cell, v, as, ok, test.want, test.as)
		}
	}
}

func TestDecimals(t *testing.T) {
	t.Parallel()
	for v, want := range map[float64]uint8{0: 0, 12: 0, 12.5: 1, 0.1: 1, 19.99: 2, 1.005: 3, 123456789.12: 2,
		17.3333333: 3, -2.5: 1} {
		if got := decimalsOf(v); got != want {
			t.Errorf("%v: %d, want %d", v, got, want)
		}
	}
}

func TestNumbers(t *testing.T) {
	t.Parallel()
	for cell, want := range map[string]bool{
		"INV-2026-0001": true, "20260001": true, "RE/2026/17": true, "A-123": true, "4711": true, "100 23 45": true,
		"2026": false, "12.50": false, "1.234,50": false, "2026-11-30": false, "30.11.2026": false, "11/30/2026": false,
		"12": false, "": false, "ann.123@example.com": false, "Nr. 12": false,
	} {
		if got := isNumber(cell); got != want {
			t.Errorf("%q: %v", cell, got)
		}
	}
}
