package charset

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/saintfish/chardet"
)

// guess is a possible encoding of a text.
type guess struct {
	name  string
	shown string // pieces of the text as it reads them
}

// alphabets are the small letters beyond ASCII of the languages that have legacy encodings.
var alphabets = []string{
	// Western Europe
	"äöüßé", "àâæçéèêëîïôœùûüÿ", "áéíóúüñªº", "àèéìíòóùú", "áâãàçéêíóôõú", "åäöé", "æøåé", "áðéíóúýþæö", "ëïéèöüá",
	"ąćęłńóśźż", "áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýž", "áéíóöőúüű", "ăâîșțşţ", "čćđšž", // Central Europe
	"ąčęėįšųūž", "āčēģīķļņšūž", "äöõüšž", "çğıöşüâîi̇", // the Baltic, Turkey
	"абвгдеёжзийклмнопрстуфхцчшщъыьэюя", "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя’", "абвгдежзийклмнопрстуфхцчшщъьюя",
	"абвгдђежзијклљмнњопрстћуфхцчџш",
	"αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋΐΰ", "אבגדהוזחטיכךלמםנןסעפףצץקרשת",
	"ابتثجحخدذرزسشصضطظعغفقكلمنهويءآأؤإئةى", "اآبپتثجچحخدذرزژسشصضطظعغفقکگلمنوهیيكئءأؤ",
	"กขฃคฅฆงจฉชซฌญฎฏฐฑฒณดตถทธนบปผฝพฟภมยรลวศษสหฬอฮะัาำิีึืฺุูเแโใไๅๆ็่้๊๋์",
	"ăâđêôơưàảãáạằẳẵắặầẩẫấậèẻẽéẹềểễếệìỉĩíịòỏõóọồổỗốộờởỡớợùủũúụừửữứựỳỷỹýỵ",
}

// single are the encodings of one byte a character, the commonest first.
var single = []string{
	"windows-1252", "windows-1250", "windows-1251", "windows-1254", "windows-1253", "windows-1256", "windows-1255",
	"windows-1257", "windows-874",
	"iso-8859-2", "iso-8859-15", "koi8-r", "koi8-u", "iso-8859-5", "iso-8859-7", "iso-8859-6", "iso-8859-8", "ibm866",
	"ibm850", "macintosh",
}

// good is the least fit with an alphabet at which a text is taken for its language.
const good = 0.9

// guesses returns the possible encodings of pieces of text, the likeliest first. For encodings of one byte a
// character the letters decide: those of one language, with capitals only where words begin. For the Eastern ones
// common characters and family names decide, for the others the patterns of bytes.
func guesses(evidence [][]byte) (out []guess) {
	add := func(name string) {
		canonical, enc, ok := charset(name)
		if !ok || enc == nil || slices.ContainsFunc(out, func(g guess) bool { return g.name == canonical }) {
			return
		}
		if shown := readAs(enc, evidence); shown != "" &&
			!slices.ContainsFunc(out, func(g guess) bool { return g.shown == shown }) {
			out = append(out, guess{canonical, shown})
		}
	}
	joined := bytes.Join(evidence, []byte("\n"))
	if bytes.Contains(joined, []byte("\x1b$")) {
		add("iso-2022-jp")
	}
	byPattern, _ := chardet.NewTextDetector().DetectAll(joined)
	// The detector returns results of equal confidence in any order.
	slices.SortFunc(byPattern, func(a, b chardet.Result) int {
		return cmp.Or(b.Confidence-a.Confidence, strings.Compare(a.Charset, b.Charset))
	})
	scores := make(map[string]float64)
	for _, name := range single {
		_, enc, _ := charset(name)
		if text, err := enc.NewDecoder().Bytes(joined); err == nil {
			scores[name] = fit(string(text))
		}
	}
	likely := slices.Clone(single)
	slices.SortStableFunc(likely, func(a, b string) int {
		switch {
		case scores[a] > scores[b]:
			return -1
		case scores[a] < scores[b]:
			return 1
		}
		return 0
	})
	east := easterly(evidence, eastOf(byPattern))
	if len(east) > 0 && east[0].score >= sure {
		add(east[0].name)
	}
	for _, name := range likely {
		if scores[name] >= good {
			add(name)
		}
	}
	for _, e := range east {
		add(e.name)
	}
	for _, r := range byPattern {
		add(r.Charset)
	}
	return out[:min(len(out), mostGuesses)]
}

// eastOf is the likeliest of the Eastern encodings by patterns; "" if there is none.
func eastOf(byPattern []chardet.Result) string {
	for _, r := range byPattern {
		if name, _, ok := charset(r.Charset); ok && slices.ContainsFunc(double, func(e eastern) bool { return e.name == name }) {
			return name
		}
	}
	return ""
}

// fit is the share of the letters beyond ASCII that fit the best alphabet. A small letter fits inside a word, a
// capital at the start of a word or in a word of capitals. A letter in a word with letters of another script does not
// fit. A small letter at the start of a word counts half, since lists hold names. Characters that are not letters
// count as outside every alphabet.
func fit(text string) float64 {
	best := 0.0
	for _, alphabet := range alphabets {
		n, fitting := 0, 0
		between := func(r rune) bool { return r < utf8.RuneSelf && !unicode.IsLetter(r) }
		for _, word := range strings.FieldsFunc(text, between) {
			mixed := strings.ContainsFunc(word, func(r rune) bool { return r < utf8.RuneSelf }) &&
				strings.ContainsFunc(word, func(r rune) bool { return unicode.IsLetter(r) && !unicode.Is(unicode.Latin, r) })
			previous := rune(0)
			for _, r := range word {
				if r >= utf8.RuneSelf {
					n += 2
					switch {
					case mixed, !strings.ContainsRune(alphabet, unicode.ToLower(r)),
						unicode.IsUpper(r) && unicode.IsLower(previous):
					case previous == 0 && unicode.IsLower(r):
						fitting++
					default:
						fitting += 2
					}
				}
				previous = r
			}
		}
		if n > 0 {
			best = max(best, float64(fitting)/float64(n))
		}
	}
	return best
}
