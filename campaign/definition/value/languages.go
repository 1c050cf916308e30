package value

import "strings"

// languages are the names of languages, in English and as their speakers write them, each with its code (BCP 47).
var languages = strings.Fields(`arabic ar العربية ar bengali bn বাংলা bn bulgarian bg български bg catalan ca català ca
chinese zh 中文 zh croatian hr hrvatski hr czech cs čeština cs danish da dansk da dutch nl nederlands nl
english en englisch en estonian et eesti et farsi fa persian fa فارسی fa finnish fi suomi fi french fr français fr
francais fr german de deutsch de greek el ελληνικά el hebrew he עברית he hindi hi हिन्दी hi hungarian hu magyar hu
indonesian id irish ga italian it italiano it japanese ja 日本語 ja korean ko 한국어 ko latvian lv lithuanian lt
norwegian nb norsk nb polish pl polski pl portuguese pt português pt portugues pt romanian ro română ro
russian ru русский ru serbian sr српски sr slovak sk slovenčina sk slovenian sl slovenščina sl spanish es español es
espanol es swedish sv svenska sv thai th ไทย th turkish tr türkçe tr ukrainian uk українська uk urdu ur اردو ur
vietnamese vi`)

// countries are codes of countries that are taken for their languages, with the code that is meant. A country whose code
// is that of another language, as se (Northern Sami), is not here.
var countries = map[string]string{"cz": "cs", "dk": "da", "gr": "el", "gb": "en-GB", "us": "en-US", "jp": "ja", "cn": "zh"}

// LanguageOf returns the code of the language that the first word of a text names, as de of "German" and of "Deutsch";
// "" if it names none that is known here.
func LanguageOf(text string) string {
	name, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(text)), " ")
	for i := 0; i < len(languages); i += 2 {
		if name == languages[i] {
			return languages[i+1]
		}
	}
	return countries[name]
}
