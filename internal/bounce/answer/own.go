package answer

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"mailshot/internal/bounce/answer/words"
)

// own is what the writer of an answer wrote.
type own struct {
	text   string // without quoted text and signature
	quoted bool   // there was quoted text
	full   string // with all of it
}

// ownWords leaves out quoted text and signatures. Lines that begin with ">" are quoted, and so is all behind a line
// such as "On … wrote:" or a header in the text, if the lines behind it do not begin with ">".
func ownWords(text string) own {
	lines := strings.Split(text, "\n")
	var kept []string
	o := own{full: text}
	signature := false
	for i := 0; i < len(lines); i++ {
		line := strings.TrimSpace(strings.Map(visible, lines[i]))
		switch {
		case quotedLine(line):
			o.quoted, signature = true, false
			kept = append(kept, "")
			continue
		case line == "":
			kept = append(kept, "")
			continue
		}
		if n := attribution(lines, i); n > 0 {
			o.quoted = true
			if !quotesFollow(lines[i+n:]) {
				return o.keep(kept)
			}
			i += n - 1
			continue
		}
		if divider(line) || headerBlock(lines, i) || underscores(line) && headerBlock(lines, next(lines, i)) {
			o.quoted = true
			return o.keep(kept)
		}
		if signatureLine(lines[i], line) {
			signature = true
		}
		if !signature {
			kept = append(kept, lines[i])
		}
	}
	return o.keep(kept)
}

// keep puts the lines together.
func (o own) keep(lines []string) own {
	o.text = strings.TrimSpace(strings.Join(lines, "\n"))
	return o
}

// visible drops marks of direction, which stand before ">" in texts that run from right to left.
func visible(r rune) rune {
	if r != '\t' && words.Dropped(r) && !unicode.Is(unicode.Mn, r) {
		return -1
	}
	return r
}

// quotedLine says whether a line, trimmed, is marked as quoted: "> ", "| ", and the initials of the writer: "AB> ".
func quotedLine(line string) bool {
	if line == "" {
		return false
	}
	if line[0] == '>' || strings.HasPrefix(line, "＞") || strings.HasPrefix(line, "| ") || line == "|" {
		return true
	}
	n := strings.IndexByte(line, '>')
	if n < 1 || n > 4 || len(line) > n+1 && line[n+1] != ' ' && line[n+1] != '>' {
		return false
	}
	return strings.IndexFunc(line[:n], func(r rune) bool { return r < 'A' || r > 'Z' }) < 0
}

// next is the place of the next line that has text.
func next(lines []string, i int) int {
	for i++; i < len(lines); i++ {
		if strings.TrimSpace(lines[i]) != "" {
			break
		}
	}
	return i
}

// quotesFollow says whether the next line that has text is marked as quoted.
func quotesFollow(lines []string) bool {
	i := next(lines, -1)
	return i < len(lines) && quotedLine(strings.TrimSpace(strings.Map(visible, lines[i])))
}

// attribution returns of how many lines a phrase is that begins at line i and says who wrote what follows: "On Monday
// Ann wrote:". It is 0 if there is none.
func attribution(lines []string, i int) int {
	text := ""
	for n := 1; n <= 4 && i+n <= len(lines); n++ {
		line := strings.TrimSpace(strings.Map(visible, lines[i+n-1]))
		if line == "" || len(line) > 400 || quotedLine(line) {
			return 0
		}
		text += " " + line
		last, size := utf8.DecodeLastRuneInString(text)
		if words.Narrow(last) != ':' && !strings.HasSuffix(text, "...") {
			continue
		}
		if words.Narrow(last) == ':' && saysWho(text[:len(text)-size]) {
			return n
		}
		return 0
	}
	return 0
}

// saysWho says whether a text has a date or an address, and a word such as "wrote".
func saysWho(text string) bool {
	at := strings.ContainsRune(text, '@')
	list := words.Of(text)
	for _, t := range list {
		at = at || t.Number
	}
	if !at || len(list) > 60 {
		return false
	}
	for _, m := range book().find(list) {
		if m.set == "wrote" {
			return true
		}
	}
	return false
}

// divider says whether a line begins the message that is answered or passed on: "-----Original Message-----".
func divider(line string) bool {
	bare := strings.Trim(line, "-_=*—–─━ :：.")
	if bare == "" || len(bare) > 80 || utf8.RuneCountInString(bare) > 60 {
		return false
	}
	list := words.Of(bare)
	for _, m := range book().find(list) {
		if m.set == "divider" && m.from == 0 && (m.to == len(list) || len(bare)+3 < len(line)) {
			return true
		}
	}
	return false
}

// underscores says whether a line is Outlook's rule above the message that is answered.
func underscores(line string) bool { return len(line) >= 5 && strings.Trim(line, "_") == "" }

// headerBlock says whether header fields begin at line i: two or more of From, Date, To, Subject in one language or
// another, and the first is the one of who wrote or when.
func headerBlock(lines []string, i int) bool {
	if i >= len(lines) || label(lines[i]) != "from" && label(lines[i]) != "sent" {
		return false
	}
	seen := map[string]bool{}
	for n := 0; n < 8 && i+n < len(lines); n++ {
		if l := label(lines[i+n]); l != "" {
			seen[l] = true
		}
	}
	return len(seen) >= 2 && (seen["from"] || seen["to"] || seen["subject"])
}

// labelWords are the names of header fields as programs translate them.
type labelWords map[string]string

// label returns which header field a line of text is: "from", "sent", "to", "subject", or "".
func label(line string) string {
	line = strings.TrimLeft(strings.Map(visible, line), " \t*_")
	n := strings.IndexAny(line, ":：")
	if n < 1 || n > 60 {
		return ""
	}
	name := words.Fold(strings.TrimRight(line[:n], " *_\u00a0"))
	return labels()[name]
}

// signatureLine says whether a signature begins at a line: "-- ", or what telephones write below.
func signatureLine(raw, line string) bool {
	if line == "--" || line == "—" || strings.HasPrefix(raw, "-- ") && line == "--" {
		return true
	}
	if len(line) > 160 {
		return false
	}
	for _, m := range book().find(words.Of(line)) {
		if m.set == "sent-from" && m.from == 0 {
			return true
		}
	}
	return false
}

// withoutClosing leaves out what follows a line such as "Kind regards": names, titles, what a firm writes below each
// letter. A postscript stays.
func withoutClosing(text string) string {
	lines := strings.Split(text, "\n")
	seen := false
	for i, line := range lines {
		line = strings.TrimSpace(line)
		if line == "" || len(line) > 80 {
			continue
		}
		if seen && closes(line) {
			kept := lines[:i:i]
			for k := i + 1; k < len(lines); k++ {
				if strings.HasPrefix(strings.ToUpper(strings.TrimSpace(lines[k])), "P") && postscript(lines[k]) {
					return strings.Join(append(kept, lines[k:]...), "\n")
				}
			}
			return strings.Join(kept, "\n")
		}
		seen = true
	}
	return text
}

// postscript says whether a line begins "PS", "P.S.", "P. S.".
func postscript(line string) bool {
	line = strings.ToUpper(strings.TrimSpace(line))
	return strings.HasPrefix(line, "PS:") || strings.HasPrefix(line, "PS ") || strings.HasPrefix(line, "P.S") ||
		strings.HasPrefix(line, "P. S") || strings.HasPrefix(line, "PS.")
}

// closes says whether a whole line is a closing.
func closes(line string) bool {
	list := words.Of(line)
	if len(list) > 8 {
		return false
	}
	for _, m := range book().find(list) {
		if m.set == "closing" && m.from == 0 && len(list)-m.to <= 3 {
			return true
		}
	}
	return false
}
