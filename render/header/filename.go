package header

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"mailshot/render/naming"
)

// FileName returns a file name as a header's parameters: `key="name"` if the name is plain, else the extended and
// continued form of RFC 2231.
func FileName(key, name string) []string {
	if plain(name) {
		return []string{key + `="` + name + `"`}
	}
	var values []string
	value := "utf-8''"
	room := lineLength - len(key) - len(" *00*=;")
	for len(name) > 0 {
		_, size := utf8.DecodeRuneInString(name)
		next := percentEncode(name[:size])
		if len(value)+len(next) > room {
			values = append(values, value)
			value = ""
		}
		value += next
		name = name[size:]
	}
	values = append(values, value)
	if len(values) == 1 {
		return []string{key + "*=" + value}
	}
	for i, v := range values {
		values[i] = fmt.Sprintf("%s*%d*=%s", key, i, v)
		if i < len(values)-1 {
			values[i] += ";"
		}
	}
	return values
}

// OldFileName returns the same name for readers that do not know RFC 2231: Content-Type's name, in encoded-words if
// it is not plain. RFC 2047 does not allow them there, but all the readers that need it expect them.
func OldFileName(name string) []string {
	if plain(name) {
		return []string{`name="` + name + `"`}
	}
	words := encodedWords(nil, name, lineLength-len(` name="";`))
	words[0] = `name="` + words[0]
	words[len(words)-1] += `"`
	return words
}

// plain says that a name can be a short quoted string as it is. Nothing in it is unquoted, unescaped or decoded
// in different ways by different readers.
func plain(name string) bool {
	return len(name) <= 60 && naming.Printable(name) && !strings.ContainsAny(name, `"\%`) && !strings.Contains(name, "  ")
}

func percentEncode(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if c := s[i]; strings.IndexByte(Alphanumeric+"-._~", c) >= 0 {
			b.WriteByte(c)
		} else {
			b.Write([]byte{'%', hexDigits[c>>4], hexDigits[c&15]})
		}
	}
	return b.String()
}
