package recipients

import "strings"

// format is a compiled number format: what is shown for positive numbers, negative ones and zero.
//
// It covers what lists hold: General, digits with thousands and decimals, percent, powers of ten, currencies, leading
// zeros, literals, dates and times. A section with anything else (fractions, conditions, eras) shows the number as
// General does, or the date in ISO 8601; so does one that would hide the value.
type format struct {
	sections []section
	plain    bool // General and nothing else
}

type section struct {
	tokens    []formatToken
	isDate    bool
	elapsed   bool // [h]: hours beyond a day
	iso       bool // a date we cannot show as Excel does
	general   bool // shown as General, between its literals
	whole     int  // digit places before the point
	decimals  int  // and after it
	thousands bool
	scale     float64
	exponent  int // digits of the exponent, 0 if none
}

type formatToken struct {
	kind byte   // 'l' literal, '0' '#' '?' a digit place, '.' the point, 'E', 'G' General, 'd' a date field
	text string // the literal, or the date field: yyyy, mm, …
}

func compileFormat(code string) *format {
	f := &format{}
	for _, part := range splitSections(code) {
		f.sections = append(f.sections, compileSection(part))
	}
	first := &f.sections[0]
	f.plain = len(f.sections) == 1 && first.general && len(first.tokens) == 1
	return f
}

// splitSections cuts a code at the semicolons that are not quoted.
func splitSections(code string) []string {
	var out []string
	from := 0
	for i := 0; i < len(code); i++ {
		switch code[i] {
		case '"':
			if j := strings.IndexByte(code[i+1:], '"'); j >= 0 {
				i += j + 1
			}
		case '[':
			if j := strings.IndexByte(code[i:], ']'); j >= 0 {
				i += j
			}
		case '\\', '_', '*':
			i++
		case ';':
			out = append(out, code[from:i])
			from = i + 1
		}
	}
	return append(out, code[from:])
}

func compileSection(code string) section {
	s := section{scale: 1}
	point, digits, unknown := false, false, false
	literal := func(text string) { s.tokens = append(s.tokens, formatToken{'l', text}) }
	commas := 0 // since the last digit place
	for i := 0; i < len(code); {
		c := code[i]
		rest := code[i:]
		size := 1
		switch {
		case c == '"':
			end := strings.IndexByte(rest[1:], '"')
			if end < 0 {
				end = len(rest) - 1
			}
			literal(rest[1 : 1+end])
			size = min(end+2, len(rest))
		case c == '\\':
			size = 1 + runeSize(rest[1:])
			literal(rest[1:size])
		case c == '_' || c == '*': // a gap as wide as the next character, or filled with it
			size = 1 + runeSize(rest[1:])
		case c == '[':
			end := strings.IndexByte(rest, ']')
			if end < 0 {
				unknown = true
				end = len(rest) - 1
			}
			s.bracket(rest[1:max(end, 1)], &unknown)
			size = end + 1
		case len(rest) >= 7 && strings.EqualFold(rest[:7], "General"):
			s.general = true
			s.tokens = append(s.tokens, formatToken{'G', ""})
			size = 7
		case c == '0' || c == '#' || c == '?':
			s.thousands = s.thousands || commas > 0
			commas = 0
			digits = true
			if point {
				s.decimals++
			} else {
				s.whole++
			}
			s.tokens = append(s.tokens, formatToken{c, ""})
		case c == '.' && s.isDate:
			// Fractions of seconds follow in zeros; they are no digits of a number.
			n := len(rest[1:]) - len(strings.TrimLeft(rest[1:], "0"))
			if n == 0 {
				literal(".")
			} else {
				s.tokens = append(s.tokens, formatToken{'d', rest[:1+n]})
			}
			size = 1 + n
		case c == '.':
			unknown = unknown || point
			point = true
			s.tokens = append(s.tokens, formatToken{'.', ""})
		case c == ',' && digits && !s.isDate:
			commas++
		case c == '%':
			s.scale *= 100
			literal("%")
		case (c == 'E' || c == 'e') && len(rest) > 2 && (rest[1] == '+' || rest[1] == '-'):
			n := len(rest[2:]) - len(strings.TrimLeft(rest[2:], "0#?"))
			unknown = unknown || n == 0 || s.exponent > 0
			s.exponent = max(n, 1)
			s.tokens = append(s.tokens, formatToken{'E', rest[1:2]})
			size = 2 + n
		case c == '/' && digits && !s.isDate:
			unknown = true // a fraction
		case c == '@':
			s.general = true
			s.tokens = append(s.tokens, formatToken{'G', ""})
		case len(rest) >= 5 && strings.EqualFold(rest[:5], "AM/PM"), len(rest) >= 3 && strings.EqualFold(rest[:3], "A/P"):
			size = 3
			if rest[1] != '/' {
				size = 5
			}
			s.isDate = true
			s.tokens = append(s.tokens, formatToken{'d', "AM/PM"})
		case strings.IndexByte("ymdhsYMDHS", c) >= 0:
			lower := strings.ToLower(rest)
			size = len(lower) - len(strings.TrimLeft(lower, lower[:1]))
			s.isDate = true
			s.tokens = append(s.tokens, formatToken{'d', lower[:size]})
		case strings.IndexByte("bBeEgG", c) >= 0: // eras and other calendars
			s.isDate, s.iso = true, true
		default:
			size = runeSize(rest)
			literal(rest[:size])
		}
		i += size
	}
	for range commas {
		s.scale /= 1000
	}
	if s.exponent > 0 && s.whole != 1 {
		unknown = true
	}
	if unknown {
		s.iso = true
	}
	if s.isDate {
		s.minutes()
		if digits {
			s.iso = true
		}
	} else if unknown || s.general && digits || !digits && !s.general && !s.elapsed {
		// What would hide the value, or is not understood, shows it plainly.
		s = section{general: true, scale: 1, tokens: []formatToken{{'G', ""}}}
	}
	return s
}

// bracket reads what is between [ and ]: a currency or locale, elapsed time, a colour, a condition.
func (s *section) bracket(text string, unknown *bool) {
	lower := strings.ToLower(text)
	switch {
	case strings.HasPrefix(text, "$"):
		sign, locale, _ := strings.Cut(text[1:], "-")
		if sign != "" {
			s.tokens = append(s.tokens, formatToken{'l', sign})
		}
		lower = strings.ToLower(locale)
		english := strings.HasPrefix(lower, "en") || strings.HasSuffix(lower, "409") || strings.HasSuffix(lower, "809")
		if locale != "" && sign == "" && (!english || len(lower) > 5 && !strings.HasPrefix(lower, "en-") || strings.Contains(lower, ",")) {
			s.iso = true // names or a calendar of another language
		}
	case lower != "" && strings.Trim(lower, lower[:1]) == "" && strings.Contains("hms", lower[:1]):
		s.elapsed = true
		s.tokens = append(s.tokens, formatToken{'d', "[" + lower})
	case strings.HasPrefix(lower, "color"):
	default:
		switch lower {
		case "black", "blue", "cyan", "green", "magenta", "red", "white", "yellow":
		default:
			*unknown = true
		}
	}
}

// minutes turns m into n, minutes, where it stands behind hours or before seconds.
func (s *section) minutes() {
	previous := ""
	for i := range s.tokens {
		t := &s.tokens[i]
		if t.kind != 'd' || t.text == "AM/PM" {
			continue
		}
		if t.text[0] == 'm' && len(t.text) <= 2 {
			following := ""
			for _, u := range s.tokens[i+1:] {
				if u.kind == 'd' && u.text != "AM/PM" {
					following = u.text
					break
				}
			}
			if strings.HasPrefix(previous, "h") || strings.HasPrefix(previous, "[h") || strings.HasPrefix(following, "s") {
				t.text = strings.Repeat("n", len(t.text))
			}
		}
		previous = t.text
	}
}

func runeSize(s string) int {
	for i := range s {
		if i > 0 {
			return i
		}
	}
	return len(s)
}

func (f *format) isDate() bool { return f.sections[0].isDate && !f.sections[0].elapsed }
