package charset

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	textenc "golang.org/x/text/encoding"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
)

// eastern is an encoding of up to two bytes a character. The bytes of one are nearly always valid in another, and a
// list of a few names is too little for frequencies. Three things tell them apart. Each encoding has its common
// characters in a block of their own, a few of these are much of any text, and a name begins with one of a few family
// names.
type eastern struct {
	name     string
	enc      textenc.Encoding
	weight   func(lead, trail byte, size int) float64 // how common a character is, 0 to 1
	families string                                   // first characters of the commonest names
	words    string                                   // the commonest characters
}

const (
	rare   = 0.1  // a character outside the block of the common ones
	seldom = 0.85 // a common character that is not among the commonest
)

// double are those encodings, the commonest first.
var double = []eastern{
	{"gb18030", simplifiedchinese.GB18030, func(lead, trail byte, size int) float64 {
		switch {
		case size != 2 || trail < 0xA1: // beyond GB 2312
			return rare
		case lead >= 0xB0 && lead <= 0xD7, lead == 0xA1, lead == 0xA3:
			return 1
		case lead >= 0xD8 && lead <= 0xF7:
			return 0.7
		}
		return rare
	}, simplifiedFamilies, simplifiedWords},
	{"shift_jis", japanese.ShiftJIS, func(lead, _ byte, size int) float64 {
		switch {
		case size == 1: // half-width katakana
			return 0.6
		case lead >= 0x81 && lead <= 0x83, lead >= 0x88 && lead <= 0x97:
			return 1
		}
		return 0.3
	}, japaneseFamilies, japaneseWords},
	{"big5", traditionalchinese.Big5, func(lead, _ byte, _ int) float64 {
		switch {
		case lead >= 0xA4 && lead <= 0xC6, lead == 0xA1:
			return 1
		case lead >= 0xC9 && lead <= 0xF9:
			return 0.3
		}
		return rare
	}, traditionalFamilies, traditionalWords},
	{"euc-kr", korean.EUCKR, func(lead, trail byte, _ int) float64 {
		switch {
		case trail >= 0xA1 && (lead >= 0xB0 && lead <= 0xC8 || lead >= 0xA1 && lead <= 0xA3):
			return 1
		case trail < 0xA1 && lead < 0xC9: // rarer syllables
			return 0.3
		}
		return rare
	}, koreanFamilies, koreanWords},
	{"euc-jp", japanese.EUCJP, func(lead, _ byte, size int) float64 {
		switch {
		case lead == 0x8E: // half-width katakana
			return 0.6
		case size == 2 && (lead >= 0xB0 && lead <= 0xCF || lead == 0xA1 || lead >= 0xA3 && lead <= 0xA5):
			return 1
		case size == 2:
			return 0.3
		}
		return rare
	}, japaneseFamilies, japaneseWords},
}

const (
	familiar = 0.5  // what names that begin with a family name weigh against common characters
	detected = 0.05 // and what a detector of patterns does
)

// sure is the least score at which a list is taken for Eastern names before any other encoding is tried: common
// characters alone cannot have it.
const sure = 1.1

// scored is an Eastern encoding with what it scored.
type scored struct {
	name  string
	score float64
}

// easterly are the encodings that can read all pieces of text, the likeliest first. pattern is what a detector takes
// for the likeliest.
func easterly(evidence [][]byte, pattern string) (out []scored) {
	for _, e := range double {
		if score, ok := e.score(evidence); ok {
			if e.name == pattern {
				score += detected
			}
			out = append(out, scored{e.name, score})
		}
	}
	slices.SortStableFunc(out, func(a, b scored) int { return cmp.Compare(b.score, a.score) })
	return out
}

// score is the share of common characters, and a half of the share of pieces that begin with a family name.
func (e eastern) score(evidence [][]byte) (score float64, ok bool) {
	characters, common, families := 0, 0.0, 0
	encoder := e.enc.NewEncoder()
	for _, piece := range evidence {
		text, err := e.enc.NewDecoder().String(string(piece))
		if err != nil || strings.ContainsRune(text, utf8.RuneError) {
			return 0, false
		}
		first := true
		for _, r := range text {
			if r < utf8.RuneSelf {
				continue
			}
			if first && strings.ContainsRune(e.families, r) {
				families++
			}
			first = false
			characters++
			common += e.commonness(encoder, r)
		}
	}
	if characters == 0 {
		return 0, false
	}
	return common/float64(characters) + familiar*float64(families)/float64(len(evidence)), true
}

// commonness is how common a character is, 0 to 1.
func (e eastern) commonness(encoder *textenc.Encoder, r rune) float64 {
	b, err := encoder.Bytes([]byte(string(r)))
	if err != nil || len(b) == 0 {
		return 0
	}
	w := e.weight(b[0], b[len(b)-1], len(b))
	if w == 1 && !unicode.In(r, unicode.Hiragana, unicode.Katakana) && unicode.IsLetter(r) &&
		!strings.ContainsRune(e.words, r) && !strings.ContainsRune(e.families, r) {
		return seldom
	}
	return w
}
