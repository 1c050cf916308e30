package locale

import "time"

// The Umm al-Qura calendar is the Hijri calendar of Saudi Arabia. Its months are published, not computed: those of the
// years 1356 to 1500 by the Institute of Astronomical and Geophysical Research in Riyadh. hijriMonths has for each year
// the months of 30 days, the first month in the lowest bit; the others have 29. The facts are those of ICU 78
// (i18n/islamcal.cpp), which has them from R. H. van Gent, "The Umm al-Qura Calendar of Saudi Arabia". No package of
// go.mod has this calendar.
var hijriMonths = [...]uint16{
	0xeaa, 0xe94, 0xd2a, 0xc56, 0x4ae, 0xa6d, 0x56a, 0xd55, 0xd4a, 0xa93, 0x52b, 0xa5b, 0x53a, 0x6b5,
	0xea9, 0xd52, 0xd29, 0xa55, 0x4ad, 0x56d, 0xaea, 0x6e4, 0xed1, 0xda2, 0xaaa, 0x95a, 0x2da, 0x5b9,
	0xbb2, 0x764, 0x6c9, 0x555, 0x2ab, 0x4db, 0xaba, 0x5b4, 0xda9, 0xd52, 0xaa5, 0x92d, 0x26d, 0x8ed,
	0x2da, 0xad5, 0xaa5, 0xa4b, 0x497, 0x937, 0x2b6, 0x975, 0xd69, 0xd52, 0xc95, 0x92b, 0x25b, 0x4db,
	0x9d5, 0x5d2, 0xda5, 0xd4a, 0xa95, 0x54d, 0xaad, 0x3aa, 0xbd2, 0xbc4, 0xb89, 0xa95, 0x52d, 0x5ad,
	0xb6a, 0x6d4, 0xdc9, 0xd92, 0xaa6, 0x956, 0x2ae, 0x56d, 0x36a, 0xb55, 0xaaa, 0x94d, 0x49d, 0x95d,
	0x2ba, 0x5b5, 0x5aa, 0xd55, 0xa9a, 0x92e, 0x26e, 0x55d, 0xada, 0x6d4, 0x6a5, 0xb27, 0xa4d, 0x4ad,
	0x56d, 0xb5a, 0x754, 0xf49, 0xe92, 0xd26, 0xa56, 0x356, 0x6b5, 0xbaa, 0xb92, 0xb25, 0x68b, 0xa9b,
	0x55a, 0xada, 0x5b4, 0xda9, 0xb52, 0xa9a, 0x536, 0x276, 0x575, 0xaf2, 0x6d4, 0x6a9, 0x555, 0x2ad,
	0x4bd, 0x9ba, 0x574, 0xb69, 0xb52, 0xa95, 0x52d, 0xa5d, 0x4da, 0xad9, 0x6b2, 0xe95, 0xe2a, 0xc96,
	0x92e, 0xaad, 0x56a, 0xd65, 0xd4a,
}

// hijriFirst is the first day of the year 1356, 14 March 1937, in days since 1970.
const hijriFirst, hijriYear = -11981, 1356

// Hijri returns the date in the Umm al-Qura calendar. ok is false before 14 March 1937 and after 16 November 2077, for
// which no months are published.
func Hijri(t time.Time) (year, month, day int, ok bool) {
	y, m, d := t.Date()
	left := int(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix()/86400) - hijriFirst
	if time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() < hijriFirst*86400 {
		return 0, 0, 0, false
	}
	for i, long := range hijriMonths {
		for month := range 12 {
			n := 29 + int(long>>month)&1
			if left < n {
				return hijriYear + i, month + 1, left + 1, true
			}
			left -= n
		}
	}
	return 0, 0, 0, false
}

// HijriMonths are the names of the Hijri months in a language, by its base ("ar"); in English where they are not known.
func HijriMonths(base string) []string {
	if names, ok := hijriNames[base]; ok {
		return names
	}
	return hijriNames["en"]
}

var hijriNames = map[string][]string{
	"ar": {"محرم", "صفر", "ربيع الأول", "ربيع الآخر", "جمادى الأولى", "جمادى الآخرة", "رجب", "شعبان", "رمضان", "شوال",
		"ذو القعدة", "ذو الحجة"},
	"en": {"Muharram", "Safar", "Rabiʻ I", "Rabiʻ II", "Jumada I", "Jumada II", "Rajab", "Shaʻban", "Ramadan", "Shawwal",
		"Dhuʻl-Qiʻdah", "Dhuʻl-Hijjah"},
	"fa": {"محرم", "صفر", "ربیع\u200cالاول", "ربیع\u200cالثانی", "جمادی\u200cالاول", "جمادی\u200cالثانی", "رجب", "شعبان",
		"رمضان", "شوال", "ذیقعده", "ذیحجه"},
	"tr": {"Muharrem", "Safer", "Rebiülevvel", "Rebiülahir", "Cemaziyelevvel", "Cemaziyelahir", "Recep", "Şaban",
		"Ramazan", "Şevval", "Zilkade", "Zilhicce"},
	"ur": {"محرم", "صفر", "ربیع الاول", "ربیع الثانی", "جمادی الاول", "جمادی الثانی", "رجب", "شعبان", "رمضان", "شوال",
		"ذوالقعدۃ", "ذوالحجۃ"},
}
