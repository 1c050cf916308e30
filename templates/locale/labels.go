package locale

import "strconv"

// Label is how HTML numbers the item n of a list of a type: "1", "a", "A", "i" or "I". A number that letters or Roman
// numerals do not have is written in digits.
func Label(n int, kind string) string {
	upper := kind == "A" || kind == "I"
	s := ""
	switch kind {
	case "a", "A":
		for k := n; k > 0; k = (k - 1) / 26 {
			s = string(rune('a'+(k-1)%26)) + s
		}
	case "i", "I":
		if k := n; n < 4000 {
			for i, value := range []int{1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1} {
				for ; k >= value; k -= value {
					s += [...]string{"m", "cm", "d", "cd", "c", "xc", "l", "xl", "x", "ix", "v", "iv", "i"}[i]
				}
			}
		}
	}
	if s == "" {
		return strconv.Itoa(n)
	}
	if upper {
		b := []byte(s)
		for i := range b {
			b[i] -= 'a' - 'A'
		}
		s = string(b)
	}
	return s
}
