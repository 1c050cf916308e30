package function

import (
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	htmltemplate "html/template"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"mailshot/internal/ellipsis"
)

func texts() []entry {
	return []entry{
		{Function{"upper", "upper TEXT", "in capitals, as the language writes them", `{{upper .name}}`, "ANN LEE"},
			func(ex *Execution) any { return simple(cases.Upper(ex.tag).String)(ex) }},
		{Function{"lower", "lower TEXT", "in small letters", `{{lower .name}}`, "ann lee"},
			func(ex *Execution) any { return simple(cases.Lower(ex.tag).String)(ex) }},
		{Function{"title", "title TEXT", "each word with a capital", `{{title "ann lee"}}`, "Ann Lee"},
			func(ex *Execution) any { return simple(cases.Title(ex.tag).String)(ex) }},
		{Function{"trim", "trim TEXT", "without blanks at its ends",
			`[{{trim "  a b "}}]`, "[a b]"}, simple(strings.TrimSpace)},
		{Function{"oneline", "oneline TEXT", "line ends and runs of blanks become one blank", `{{oneline "a\n  b"}}`, "a b"},
			simple(func(s string) string { return strings.Join(strings.Fields(s), " ") })},
	}
}

func parts() []entry {
	return []entry{
		{Function{"trimPrefix", "trimPrefix PREFIX TEXT", "without the prefix", `{{trimPrefix "Ann " .name}}`, "Lee"},
			func(ex *Execution) any {
				return func(p string, v any) (string, error) { return ex.text(strings.TrimPrefix(asText(v), p)) }
			}},
		{Function{"trimSuffix", "trimSuffix SUFFIX TEXT", "without the suffix", `{{trimSuffix " Lee" .name}}`, "Ann"},
			func(ex *Execution) any {
				return func(p string, v any) (string, error) { return ex.text(strings.TrimSuffix(asText(v), p)) }
			}},
		{Function{"replace", "replace OLD NEW TEXT", "with each OLD replaced", `{{replace "Lee" "Li" .name}}`, "Ann Li"},
			func(ex *Execution) any {
				return func(old string, with, v any) (string, error) {
					s, to := asText(v), asText(with)
					if err := ex.spend(len(s) + strings.Count(s, old)*len(to)); err != nil {
						return "", err
					}
					return strings.ReplaceAll(s, old, to), nil
				}
			}},
		{Function{"contains", "contains PART TEXT", "whether PART is in the text", `{{contains "nn" .name}}`, "true"},
			func(ex *Execution) any { return func(p, v any) bool { return strings.Contains(asText(v), asText(p)) } }},
		{Function{"hasPrefix", "hasPrefix PREFIX TEXT", "whether the text starts with PREFIX",
			`{{hasPrefix "Ann" .name}}`, "true"},
			func(ex *Execution) any { return func(p, v any) bool { return strings.HasPrefix(asText(v), asText(p)) } }},
		{Function{"hasSuffix", "hasSuffix SUFFIX TEXT", "whether the text ends with SUFFIX",
			`{{hasSuffix "Lee" .name}}`, "true"},
			func(ex *Execution) any { return func(p, v any) bool { return strings.HasSuffix(asText(v), asText(p)) } }},
		{Function{"word", "word N TEXT", "the Nth word of a text, counted from 1; -1 is the last",
			`{{word 1 .name}}, {{word -1 .name}}`, "Ann, Lee"},
			func(ex *Execution) any {
				return func(n int, v any) (string, error) {
					words := strings.Fields(asText(v))
					if n < 0 {
						n += len(words) + 1
					}
					if n < 1 || n > len(words) {
						return "", nil
					}
					return ex.text(words[n-1])
				}
			}},
		{Function{"initials", "initials TEXT", "the first letter of each word", `{{initials .name}}`, "AL"},
			simple(func(s string) string {
				var b strings.Builder
				for _, w := range strings.Fields(s) {
					b.WriteRune([]rune(w)[0])
				}
				return b.String()
			})},
	}
}

func lengths() []entry {
	return []entry{
		{Function{"truncate", "truncate N TEXT", "at most N characters; the last one is … if something was cut",
			`{{truncate 5 .name}}`, "Ann …"},
			func(ex *Execution) any {
				return func(n int, v any) (string, error) {
					s := []rune(norm.NFC.String(asText(v)))
					if n < 1 || len(s) <= n {
						return ex.text(string(s))
					}
					return ex.text(string(s[:n-1]) + "…")
				}
			}},
		{Function{"substr", "substr FROM TO TEXT", "the characters from FROM up to but not including TO, counted from 0",
			`{{substr 0 3 .name}}`, "Ann"},
			func(ex *Execution) any {
				return func(from, to int, v any) (string, error) {
					s := []rune(asText(v))
					to = min(max(to, 0), len(s))
					from = min(max(from, 0), to)
					return ex.text(string(s[from:to]))
				}
			}},
		{Function{"repeat", "repeat N TEXT", "the text N times", `{{repeat 3 "-"}}`, "---"},
			func(ex *Execution) any {
				return func(n int, v any) (string, error) {
					s := asText(v)
					if n <= 0 || s == "" {
						return "", nil
					}
					if n > maxString || ex.spend(n*len(s)) != nil {
						return "", Limit(fmt.Sprintf("%d times a text of %d bytes", n, len(s)))
					}
					return strings.Repeat(s, n), nil
				}
			}},
		{Function{"pad", "pad N TEXT", "filled with blanks to N characters, on the left for a negative N",
			`[{{pad 5 "ab"}}] [{{pad -5 "ab"}}]`, "[ab   ] [   ab]"},
			func(ex *Execution) any {
				return func(n int, v any) (string, error) {
					if n > 1000 || n < -1000 {
						return "", Limit("a width of more than 1000")
					}
					return ex.text(fmt.Sprintf("%*s", -n, asText(v)))
				}
			}},
	}
}

func prints() []entry {
	return []entry{
		{Function{"print", "print VALUE…", "the values one after the other", `{{print .name "!"}}`, "Ann Lee!"},
			func(ex *Execution) any {
				return func(vs ...any) (string, error) { return ex.concat("", vs) }
			}},
		{Function{"printf", "printf FORMAT VALUE…", "Go's formatting; a width has three digits at most",
			`{{printf "%08.2f" .amount}}`, "01234.50"},
			func(ex *Execution) any { return ex.printf }},
	}
}

func links() []entry {
	return []entry{
		{Function{"urlescape", "urlescape TEXT", "escaped for the part of a link after the ?",
			`https://example.com/?q={{urlescape "a b&c"}}`, "https://example.com/?q=a%20b%26c"},
			func(ex *Execution) any { return ex.address(queryEscape) }},
		{Function{"pathescape", "pathescape TEXT", "escaped for one step of a link's path",
			`https://example.com/{{pathescape "a b/c"}}`, "https://example.com/a%20b%2Fc"},
			func(ex *Execution) any { return ex.address(url.PathEscape) }},
		{Function{"tel", "tel TEXT", "a telephone number as a tel: link", `{{tel .phone}}`, "tel:+15550109999"},
			func(ex *Execution) any {
				return ex.address(func(s string) string {
					return "tel:" + strings.Map(func(c rune) rune {
						if c == '+' || c >= '0' && c <= '9' {
							return c
						}
						return -1
					}, latinDigits(s))
				})
			}},
		{Function{"ltr", "ltr TEXT", "with marks that keep it left to right within a right-to-left text",
			`{{ltr .phone}}`, "\u200e+1 (555) 010-9999\u200e"},
			simple(func(s string) string { return "\u200e" + s + "\u200e" })},
		{Function{"rtl", "rtl TEXT", "with marks that keep it right to left within a left-to-right text",
			`{{rtl "سلام!"}}`, "\u200fسلام!\u200f"},
			simple(func(s string) string { return "\u200f" + s + "\u200f" })},
	}
}

// concat joins values.
func (ex *Execution) concat(sep string, vs []any) (string, error) {
	n := 0
	texts := make([]string, len(vs))
	for i, v := range vs {
		texts[i] = asText(v)
		n += len(texts[i]) + len(sep)
	}
	if err := ex.spend(n); err != nil {
		return "", err
	}
	return strings.Join(texts, sep), nil
}

var formatWidth = regexp.MustCompile(`%[^a-zA-Z%]*(\*|\d{4,})`)

var formatAddress = regexp.MustCompile(`%[^a-zA-Z%]*p`)

// Format returns the error of a format of printf that is refused whatever its values are.
func Format(format string) error {
	if formatAddress.MatchString(strings.ReplaceAll(format, "%%", "")) {
		return Advice{"%p in printf prints where a value is in memory, which is another place each time", "write %v"}
	}
	return nil
}

func (ex *Execution) printf(format string, vs ...any) (string, error) {
	if err := Format(format); err != nil {
		return "", err
	}
	if formatWidth.MatchString(format) {
		return "", Limit("a width in printf has three digits at most")
	}
	// Each verb may print any of the values in full: %[1]s%[1]s.
	longest := 0
	for i, v := range vs {
		if l, ok := v.(list); ok {
			vs[i] = l.String()
		}
		longest = max(longest, len(asText(v)))
	}
	n := len(format) + strings.Count(format, "%")*(1000+longest)
	if err := ex.spend(n); err != nil {
		return "", err
	}
	s := fmt.Sprintf(format, vs...)
	if i := strings.Index(s, "%!"); i >= 0 && !strings.Contains(format, "%!") && !anyContains(vs, "%!") {
		return "", Advice{"the format does not fit its values: " + ellipsis.Cut(s[i:], 60), `printf "%.2f" .amount`}
	}
	return s, nil
}

func anyContains(vs []any, part string) bool {
	for _, v := range vs {
		if strings.Contains(asText(v), part) {
			return true
		}
	}
	return false
}

// address makes a function whose result counts as a part of a link that is already escaped.
func (ex *Execution) address(f func(string) string) any {
	return func(v any) (htmltemplate.URL, error) {
		s, err := ex.text(f(asText(v)))
		return htmltemplate.URL(s), err
	}
}

// queryEscape escapes a value of a query. A blank is %20: a plus means a blank to web servers alone, and in a mailto:
// link it is a plus.
func queryEscape(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

// query escapes what a link of the text part prints after its ?, as html/template does in the HTML.
func (ex *Execution) query(v any) (string, error) {
	if u, ok := v.(htmltemplate.URL); ok {
		return string(u), nil
	}
	return ex.text(queryEscape(asText(v)))
}

// escape is what a byte of a link is written as that may not stand there.
var escape = regexp.MustCompile(`^%[0-9A-Fa-f]{2}`)

// part escapes what a link of the text part prints before its ?.
func (ex *Execution) part(v any) (string, error) {
	s := asText(v)
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if letter || c >= '0' && c <= '9' || strings.IndexByte("-._~:/?#[]@!$&()*+,;=", c) >= 0 ||
			c == '%' && escape.MatchString(s[i:]) {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return ex.text(b.String())
}

// href escapes what a link of the text part begins with, and refuses a link that a message must not have.
func (ex *Execution) href(v any) (string, error) {
	s, err := SafeURL(v)
	if err != nil {
		return "", err
	}
	return ex.part(s)
}

// SafeURL replaces html/template's filter of addresses. What the filter silently makes harmless is an error here.
func SafeURL(args ...any) (string, error) {
	if len(args) == 1 {
		if u, ok := args[0].(htmltemplate.URL); ok {
			return string(u), nil
		}
	}
	var b strings.Builder
	for _, a := range args {
		b.WriteString(asText(a))
	}
	s := b.String()
	if !Safe(s) {
		return "", Unsafe(ellipsis.Cut(s, 60))
	}
	return s, nil
}

// Safe says whether a message may have a link.
func Safe(link string) bool {
	scheme, _, ok := strings.Cut(link, ":")
	if !ok || strings.Contains(scheme, "/") {
		return true
	}
	switch strings.ToLower(scheme) {
	case "http", "https", "mailto", "tel", "sms":
		return true
	}
	return false
}

// latinDigits replaces the decimal digits of every script by 0 to 9.
func latinDigits(s string) string {
	return strings.Map(func(c rune) rune {
		if c < 0x80 || !unicode.Is(unicode.Nd, c) {
			return c
		}
		// The ten digits of a script stand together, so the value is the distance to the zero.
		zero := c
		for unicode.Is(unicode.Nd, zero-1) && c-zero < 9 {
			zero--
		}
		if d, ok := digitZeros[c]; ok {
			zero = d
		}
		return '0' + (c-zero)%10
	}, s)
}

// digitZeros is for the scripts whose blocks of digits touch another block, such as the mathematical digits.
var digitZeros = func() map[rune]rune {
	m := map[rune]rune{}
	for c := rune(0x1d7ce); c <= 0x1d7ff; c++ {
		m[c] = 0x1d7ce + (c-0x1d7ce)/10*10
	}
	return m
}()

func whole(n int) cell { return newCell(strconv.Itoa(n), float64(n)) }
