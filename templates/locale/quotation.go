package locale

import "golang.org/x/text/language"

// Marks are the quotation marks of a language: those of a quote, and those within one.
type Marks [4]string

// quotation has the marks by language, and by language and region where they differ. Source: CLDR 45, delimiters.json
// of each language, read 2026-11-28. Arabic and Swiss German have the marks that their newspapers set, and French has
// the spaces within its marks.
var quotation = map[string]Marks{
	"en": {"“", "”", "‘", "’"}, "ar": {"«", "»", "‹", "›"}, "az": {"“", "”", "‘", "’"}, "be": {"«", "»", "„", "“"},
	"bg": {"„", "“", "„", "“"}, "ca": {"«", "»", "“", "”"}, "cs": {"„", "“", "‚", "‘"}, "da": {"“", "”", "‘", "’"},
	"de": {"„", "“", "‚", "‘"}, "de-CH": {"«", "»", "‹", "›"}, "el": {"«", "»", "“", "”"}, "es": {"“", "”", "‘", "’"},
	"et": {"„", "“", "‚", "‘"}, "fa": {"«", "»", "‹", "›"}, "fi": {"”", "”", "’", "’"},
	"fr": {"«\u00a0", "\u00a0»", "“", "”"}, "fr-CH": {"«", "»", "‹", "›"}, "he": {"”", "”", "’", "’"},
	"hr": {"„", "“", "‚", "‘"}, "hu": {"„", "”", "»", "«"}, "hy": {"«", "»", "«", "»"}, "is": {"„", "“", "‚", "‘"},
	"it": {"«", "»", "“", "”"}, "ja": {"「", "」", "『", "』"}, "kk": {"«", "»", "“", "”"}, "lt": {"„", "“", "„", "“"},
	"mk": {"„", "“", "‚", "‘"}, "nb": {"«", "»", "‘", "’"}, "nn": {"«", "»", "‘", "’"}, "no": {"«", "»", "‘", "’"},
	"pl": {"„", "”", "«", "»"}, "ps": {"“", "”", "‘", "’"}, "pt-PT": {"«", "»", "“", "”"}, "ro": {"„", "”", "«", "»"},
	"ru": {"«", "»", "„", "“"}, "sk": {"„", "“", "‚", "‘"}, "sl": {"„", "“", "‚", "‘"}, "sq": {"«", "»", "“", "”"},
	"sr": {"„", "“", "‘", "‘"}, "sv": {"”", "”", "’", "’"}, "uk": {"«", "»", "„", "“"}, "zh-TW": {"「", "」", "『", "』"},
}

// Quotation returns the marks of a language; those of English for one that is not known.
func Quotation(lang string) Marks {
	tag := language.Make(lang)
	base, _ := tag.Base()
	region, _ := tag.Region()
	for _, name := range []string{base.String() + "-" + region.String(), base.String()} {
		if m, ok := quotation[name]; ok {
			return m
		}
	}
	return quotation["en"]
}
