package whole

import (
	"slices"
	"strings"
	"unicode"
)

// commonWords are words that are frequent in every text in a language, and rare in texts in other languages.
var commonWords = []struct {
	tag, name string
	words     []string
}{
	{"en", "English",
		strings.Fields("the and you your we our for with this that are will have from of to be can by if as")},
	{"de", "German",
		strings.Fields("der die das und sie wir ihre ihr ihnen uns für mit ist sind nicht auf ein eine einen bitte")},
	{"fr", "French", strings.Fields("le les des et vous nous votre vos notre pour avec est sont dans une du sur au pas")},
	{"es", "Spanish", strings.Fields("el los las y usted nuestro nuestra su sus para con del una por que es son está")},
	{"it", "Italian", strings.Fields("il gli che per con è sono una della del di nostro nostra suo vostro alla nel non")},
	{"nl", "Dutch", strings.Fields("het een en van u wij uw onze voor met zijn op niet aan dat ons bij wordt")},
	{"pt", "Portuguese", strings.Fields("os você nosso nossa seu sua para com é são uma não em do da dos das ao")},
	{"pl", "Polish", strings.Fields("i w na z do się jest oraz dla nie że od po przez państwa prosimy")},
	{"sv", "Swedish", strings.Fields("och att är vi dig för med som på av till inte har kan ditt din")},
	{"da", "Danish", strings.Fields("og at er vi dig for med som på af til ikke har kan dit din")},
	{"nb", "Norwegian", strings.Fields("og at er vi deg for med som på av til ikke har kan ditt din")},
	{filler, "Latin", strings.Fields("sed ut ac nec vel quis eget id amet dolor ante leo lorem ipsum sit vitae")},
	{"tr", "Turkish", strings.Fields("ve bir bu için ile siz sizin size olarak daha çok değil lütfen")},
}

// filler is the language of the words that stand in for a text. They are not of another language, but were to be
// replaced, which is another finding.
const filler = "la"

// How sure it has to be that a text is in another language: so many of its words are common in that one, and so many
// times as many as are common in its own.
const (
	fewCommon  = 8
	timesOther = 4
)

// otherLanguage returns the English name of the language of a text's words; "" if they may be in the stated language,
// or if nothing is known about the stated language.
func otherLanguage(text, language string) string {
	base, _, _ := strings.Cut(strings.ToLower(language), "-")
	if base == "no" {
		base = "nb"
	}
	count, most := common(text)
	if commonWords[most].tag == filler {
		return ""
	}
	for i, l := range commonWords {
		if l.tag == base && count[most] >= fewCommon && count[most] >= timesOther*count[i] {
			return commonWords[most].name
		}
	}
	return ""
}

// common counts the common words of each language in a text. most is the language with the highest count.
func common(text string) (count []int, most int) {
	count = make([]int, len(commonWords))
	for word := range strings.FieldsFuncSeq(strings.ToLower(text), func(c rune) bool { return !unicode.IsLetter(c) }) {
		for i := range commonWords {
			if slices.Contains(commonWords[i].words, word) {
				count[i]++
			}
		}
	}
	for i, n := range count {
		if n > count[most] {
			most = i
		}
	}
	return count, most
}

// What a text must have at least to be certainly in a script. Names of products and of networks are in Latin letters in
// each language, so a text in them needs words as well.
const (
	manyLetters    = 40
	wordsOfBody    = 3
	wordsOfSubject = 2
)

// latin says whether a text consists of words of a language in Latin letters.
func latin(text string, words int) bool {
	count, most := common(text)
	return count[most] >= words
}

// bodyScript returns the script of a body; "" if it is not certain.
func bodyScript(text string) string {
	s := scriptOf(text, mostLiteral, almostAll)
	if letters(text) < manyLetters || s == "Latin" && !latin(text, wordsOfBody) {
		return ""
	}
	return s
}

// subjectScript returns the script of a subject; "" if it is not certain.
func subjectScript(text string) string {
	s := scriptOf(text, mostSubject, all)
	if s == "Latin" && !latin(text, wordsOfSubject) {
		return ""
	}
	return s
}
