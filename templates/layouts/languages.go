package layouts

import "golang.org/x/text/language"

// base is the language without its region, as in "pt" of pt-BR; "" if none is named.
func base(tag string) string {
	if tag == "" {
		return ""
	}
	b, _ := language.Make(tag).Base()
	return b.String()
}

// stacks are the fonts that have a language's letters, the best first, and each system's own among them. Vazirmatn is
// there for those who have it: it is the usual web font of Persian.
var stacks = map[string]string{
	"fa": "Vazirmatn,Vazir,'Segoe UI',Tahoma,'Geeza Pro','Noto Sans Arabic',Arial,sans-serif",
	"ar": "'Segoe UI',Tahoma,'Geeza Pro','Noto Sans Arabic','Noto Naskh Arabic',Arial,sans-serif",
	"ur": "'Noto Naskh Arabic','Noto Sans Arabic','Segoe UI',Tahoma,'Geeza Pro',Arial,sans-serif",
	"he": "'Segoe UI','Arial Hebrew','Noto Sans Hebrew',Arial,sans-serif",
	"ja": "'Hiragino Sans','Yu Gothic',Meiryo,'Noto Sans CJK JP',sans-serif",
	"zh": "'PingFang SC','Microsoft YaHei','Noto Sans CJK SC',sans-serif",
	"ko": "'Apple SD Gothic Neo','Malgun Gothic','Noto Sans CJK KR',sans-serif",
	"hi": "'Kohinoor Devanagari','Nirmala UI','Noto Sans Devanagari',Arial,sans-serif",
	"th": "Thonburi,'Leelawadee UI',Tahoma,'Noto Sans Thai',sans-serif",
}

// like says which other language has the same letters.
var like = map[string]string{"ps": "fa", "ckb": "fa", "sd": "ur", "ug": "ar", "yi": "he", "mr": "hi", "ne": "hi"}

func sans(tag, direction string) string {
	b := base(tag)
	if other, ok := like[b]; ok {
		b = other
	}
	switch stack, ok := stacks[b]; {
	case ok:
		return stack
	case direction == "rtl":
		return stacks["fa"]
	}
	return "-apple-system,BlinkMacSystemFont,'Segoe UI',Roboto,Helvetica,Arial,sans-serif"
}

// latin says that the usual fonts have the language's letters.
func latin(tag, direction string) bool {
	b := base(tag)
	return direction != "rtl" && stacks[b] == "" && like[b] == ""
}

// digits is a value of list-style-type. Programs that do not know it write 1, 2, 3.
func digits(tag string) string {
	switch base(tag) {
	case "fa", "ps", "ckb", "ur":
		return "persian"
	case "ar":
		return "arabic-indic"
	}
	return "decimal"
}

// leaves is what the link says that ends a subscription.
var leaves = map[string]string{
	"en": "Unsubscribe", "de": "Abmelden", "fr": "Se désabonner", "es": "Darse de baja", "it": "Annulla l’iscrizione",
	"pt": "Cancelar a inscrição", "nl": "Uitschrijven", "pl": "Wypisz się", "cs": "Odhlásit odběr", "tr": "Abonelikten çık",
	"sv": "Avsluta prenumerationen", "da": "Afmeld", "no": "Meld deg av", "nb": "Meld deg av", "fi": "Peruuta tilaus",
	"ru": "Отписаться", "uk": "Відписатися", "el": "Κατάργηση εγγραφής", "fa": "لغو اشتراک", "ar": "إلغاء الاشتراك",
	"ur": "رکنیت ختم کریں", "he": "הסרה מרשימת התפוצה", "hi": "सदस्यता समाप्त करें", "ja": "配信停止", "zh": "退订", "ko": "수신거부",
}

// Leave is what the link says that ends a subscription, in a language (BCP 47).
func Leave(tag string) string {
	if word := leaves[base(tag)]; word != "" {
		return word
	}
	return leaves["en"]
}
