package pdftext

import (
	"strconv"
	"strings"
	"unicode/utf16"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/unicode/norm"
)

// font says what the codes of a text mean, and how wide they are.
type font struct {
	lengths [5]bool         // of codes, in bytes
	maps    map[code]string // from ToUnicode
	simple  *[256]string    // by the encoding; nil for a font with codes of several bytes
	utf16   bool            // the codes are UTF-16
	widths  map[int]float64
	width   float64 // of codes that are not in widths, in thousandths
}

// code is a code of so many bytes.
type code struct{ value, length int }

// mostCodes bounds how many codes a font maps.
const mostCodes = 70_000

func (d *document) font(o object) *font {
	of := d.dict(o)
	f := &font{maps: map[code]string{}, widths: map[int]float64{}, width: 500}
	if of == nil {
		f.lengths[1] = true
		return f
	}
	if s, is := d.resolve(of["ToUnicode"]).(*stream); is {
		d.charMap(f, d.unpack(s))
	}
	if of["Subtype"] == name("Type0") {
		d.composite(f, of)
		return f
	}
	f.lengths = [5]bool{1: true}
	f.simple = d.encoding(of)
	first := integer(d.resolve(of["FirstChar"]))
	widths := d.array(of["Widths"])
	for i, w := range widths {
		d.step()
		f.widths[max(first, 0)+i] = d.number(w, 500)
	}
	f.width = d.number(d.dict(of["FontDescriptor"])["MissingWidth"], 500)
	if of["Subtype"] == name("Type3") {
		if m := d.array(of["FontMatrix"]); len(m) == 6 {
			scale := d.number(m[0], 0.001) * 1000
			for i := range f.widths {
				f.widths[i] *= scale
			}
		}
	} else if widths == nil {
		base, _ := d.resolve(of["BaseFont"]).(name)
		for i := range 95 {
			if f.widths[' '+i] = float64(helvetica[i]); strings.HasPrefix(string(base), "Courier") {
				f.widths[' '+i] = 600
			}
		}
	}
	return f
}

// helvetica has the widths of ASCII from the blank on in Helvetica, by Adobe's font metrics. Other fonts whose widths a
// file may leave out are near enough to it to tell a blank from none.
var helvetica = [95]int{278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556,
	556,
	556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667,
	556, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500,
	556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334,
	260, 334, 584}

// composite reads a font whose codes have several bytes (ISO 32000-1 section 9.7).
func (d *document) composite(f *font, of dict) {
	switch encoding := d.resolve(of["Encoding"]).(type) {
	case name:
		f.utf16 = strings.Contains(string(encoding), "UCS2") || strings.Contains(string(encoding), "UTF16")
	case *stream:
		lengths := &font{maps: map[code]string{}}
		d.charMap(lengths, d.unpack(encoding))
		f.lengths = lengths.lengths
	}
	if f.lengths == [5]bool{} || f.lengths == [5]bool{1: true} {
		f.lengths = [5]bool{2: true}
	}
	inner := dict{}
	if all := d.array(of["DescendantFonts"]); len(all) > 0 {
		inner = d.dict(all[0])
	}
	f.width = d.number(inner["DW"], 1000)
	w := d.array(inner["W"])
	for i := 0; i+1 < len(w); {
		d.step()
		first := integer(d.resolve(w[i]))
		if list := d.array(w[i+1]); list != nil {
			for k, v := range list {
				d.step()
				f.widths[first+k] = d.number(v, 1000)
			}
			i += 2
			continue
		}
		if i+2 >= len(w) {
			break
		}
		last, v := integer(d.resolve(w[i+1])), d.number(w[i+2], 1000)
		for c := first; c <= last && len(f.widths) < mostCodes; c++ {
			d.step()
			f.widths[c] = v
		}
		i += 3
	}
}

// charMap reads a table from codes to text (Adobe technical note 5411).
func (d *document) charMap(f *font, b []byte) {
	l := &lexer{d: d, b: b}
	var before []object
	for {
		o, ok := l.next()
		if !ok {
			return
		}
		word, is := o.(operator)
		if !is {
			if before = append(before, o); len(before) > 4*mostCodes {
				return
			}
			continue
		}
		switch word {
		case "endcodespacerange":
			for _, o := range before {
				if t, is := o.(text); is && len(t) > 0 && len(t) <= 4 {
					f.lengths[len(t)] = true
				}
			}
		case "endbfchar":
			for i := 0; i+1 < len(before); i += 2 {
				from, _ := before[i].(text)
				to, _ := before[i+1].(text)
				f.put(value(from), len(from), to)
			}
		case "endbfrange":
			for i := 0; i+2 < len(before); i += 3 {
				d.rangeOf(f, before[i], before[i+1], before[i+2])
			}
		}
		before = before[:0]
	}
}

func (d *document) rangeOf(f *font, first, last, to object) {
	a, _ := first.(text)
	b, _ := last.(text)
	from, end := value(a), value(b)
	if list, is := to.(array); is {
		for i, o := range list {
			t, _ := o.(text)
			f.put(from+i, len(a), t)
		}
		return
	}
	t, _ := to.(text)
	if len(t) == 0 || len(t) > 64 {
		return
	}
	for c := from; c <= end && len(f.maps) < mostCodes; c++ {
		d.step()
		next := []byte(t)
		low := value(text(next[max(0, len(next)-2):])) + c - from
		if next[len(next)-1] = byte(low); len(next) > 1 {
			next[len(next)-2] = byte(low >> 8)
		}
		f.put(c, len(a), text(next))
	}
}

func value(t text) (v int) {
	for i := range min(len(t), 4) {
		v = v<<8 | int(t[i])
	}
	return v
}

// put maps a code to a text in UTF-16.
func (f *font) put(c, length int, t text) {
	if length < 1 || length > 4 || len(f.maps) >= mostCodes || len(t) > 512 {
		return
	}
	f.maps[code{c, length}] = fromUTF16(t)
}

func fromUTF16(t text) string {
	if len(t) == 1 {
		return string(rune(t[0]))
	}
	units := make([]uint16, 0, len(t)/2)
	for i := 0; i+1 < len(t); i += 2 {
		units = append(units, uint16(t[i])<<8|uint16(t[i+1]))
	}
	return strings.Trim(string(utf16.Decode(units)), "\x00")
}

// encoding is that of a simple font (ISO 32000-1 section 9.6.6).
func (d *document) encoding(of dict) *[256]string {
	var table [256]string
	base := charmap.Windows1252
	o := d.resolve(of["Encoding"])
	named, _ := o.(name)
	differences, _ := o.(dict)
	if differences != nil {
		named, _ = d.resolve(differences["BaseEncoding"]).(name)
	}
	if named == "MacRomanEncoding" {
		base = charmap.Macintosh
	}
	for i := 32; i < 256; i++ {
		if r := base.DecodeByte(byte(i)); r != '\ufffd' && i != 127 {
			table[i] = string(r)
		}
	}
	if named == "" && differences == nil { // the standard encoding differs in little that a word has
		table['\''], table['`'] = "’", "‘"
		table[0xae], table[0xaf], table[0xfb], table[0xe1], table[0xf1] = "fi", "fl", "ß", "Æ", "æ"
		table[0xb1], table[0xb7] = "–", "•"
	}
	at := 0
	for _, o := range d.array(differences["Differences"]) {
		d.step()
		switch o := d.resolve(o).(type) {
		case float64:
			at = int(o)
		case name:
			if at >= 0 && at < 256 {
				table[at] = glyphText(string(o))
			}
			at++
		}
	}
	return &table
}

// marks are the combining forms of the accents in the names of glyphs.
var marks = []struct {
	name  string
	mark  rune
	alone string // drawn on its own
}{
	{"hungarumlaut", 0x30b, "˝"}, {"circumflex", 0x302, "ˆ"}, {"dotaccent", 0x307, "˙"}, {"dieresis", 0x308, "¨"},
	{"cedilla", 0x327, "¸"}, {"commaaccent", 0x327, "¸"}, {"ogonek", 0x328, "˛"}, {"macron", 0x304, "¯"},
	{"acute", 0x301, "´"}, {"grave", 0x300, "`"}, {"tilde", 0x303, "˜"}, {"caron", 0x30c, "ˇ"},
	{"breve", 0x306, "˘"}, {"ring", 0x30a, "˚"},
}

// named are glyphs whose names do not say what they are (Adobe Glyph List).
var named = map[string]string{
	"space": " ", "nbspace": " ", "exclam": "!", "quotedbl": "\"", "numbersign": "#", "dollar": "$", "percent": "%",
	"ampersand": "&", "quotesingle": "'", "quoteright": "’", "quoteleft": "‘", "parenleft": "(", "parenright": ")",
	"asterisk": "*", "plus": "+", "comma": ",", "hyphen": "-", "sfthyphen": "-", "minus": "-", "period": ".", "slash": "/",
	"zero": "0", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8",
	"nine": "9", "colon": ":", "semicolon": ";", "less": "<", "equal": "=", "greater": ">", "question": "?", "at": "@",
	"bracketleft": "[", "backslash": "\\", "bracketright": "]", "underscore": "_", "braceleft": "{", "bar": "|",
	"braceright": "}", "endash": "–", "emdash": "—", "bullet": "•", "periodcentered": "·", "ellipsis": "…", "germandbls": "ß",
	"AE": "Æ", "ae": "æ", "OE": "Œ", "oe": "œ", "Oslash": "Ø", "oslash": "ø", "Lslash": "Ł", "lslash": "ł", "dotlessi": "ı",
	"Eth": "Ð", "eth": "ð", "Thorn": "Þ", "thorn": "þ", "Dcroat": "Đ", "dcroat": "đ", "Euro": "€", "sterling": "£",
	"yen": "¥", "cent": "¢", "section": "§", "paragraph": "¶", "degree": "°", "copyright": "©", "registered": "®",
	"trademark": "™", "guillemotleft": "«", "guillemotright": "»", "quotedblleft": "“", "quotedblright": "”",
	"quotedblbase": "„", "quotesinglbase": "‚", "ff": "ff", "fi": "fi", "fl": "fl", "ffi": "ffi", "ffl": "ffl",
	"plusminus": "±", "multiply": "×", "divide": "÷", "mu": "µ", "ordfeminine": "ª", "ordmasculine": "º",
}

// glyphText is the text of a glyph with this name; "" if it is not known.
func glyphText(n string) string {
	if s, known := named[n]; known {
		return s
	}
	n, _, _ = strings.Cut(n, ".")
	switch s, known := named[n]; {
	case known:
		return s
	case len(n) == 1:
		return n
	}
	for _, prefix := range []string{"uni", "u"} {
		if hex, is := strings.CutPrefix(n, prefix); is && len(hex) >= 4 && len(hex) <= 6 {
			if v, err := strconv.ParseUint(hex, 16, 32); err == nil {
				return string(rune(v))
			}
		}
	}
	for _, m := range marks {
		switch letter, is := strings.CutSuffix(n, m.name); {
		case is && len(letter) == 1:
			return norm.NFC.String(letter + string(m.mark))
		case is && letter == "":
			return m.alone
		}
	}
	return ""
}

// take takes the next code of a text.
func (f *font) take(t text) (c code, rest text) {
	for n := 1; n <= 4 && n <= len(t); n++ {
		if f.lengths[n] {
			if _, known := f.maps[code{value(t[:n]), n}]; known || !f.longer(n, t) {
				return code{value(t[:n]), n}, t[n:]
			}
		}
	}
	return code{value(t[:1]), 1}, t[1:]
}

// longer says whether a code may be longer than n bytes.
func (f *font) longer(n int, t text) bool {
	for m := n + 1; m <= 4 && m <= len(t); m++ {
		if f.lengths[m] {
			return true
		}
	}
	return false
}

// of is the text of a code; known is false if nothing says it.
func (f *font) of(c code) (s string, known bool) {
	if s, is := f.maps[c]; is {
		return s, true
	}
	if f.simple != nil {
		s = f.simple[c.value&0xff]
		return s, s != "" || c.value < 33
	}
	if f.utf16 && c.length == 2 {
		return string(rune(c.value)), true
	}
	return "", false
}

// wide is the width of a code, in thousandths of its size.
func (f *font) wide(c code) float64 {
	if w, known := f.widths[c.value]; known {
		return w
	}
	return f.width
}
