package locale

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Calendar is a language's names of months and of weekdays, which begin with Sunday.
type Calendar struct{ Months, Days []string }

// Calendars are the calendars by language.
var Calendars = map[string]*Calendar{
	"ar": {strings.Fields("يناير فبراير مارس أبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر"),
		strings.Fields("الأحد الاثنين الثلاثاء الأربعاء الخميس الجمعة السبت")},
	"de": {strings.Fields("Januar Februar März April Mai Juni Juli August September Oktober November Dezember"),
		strings.Fields("Sonntag Montag Dienstag Mittwoch Donnerstag Freitag Samstag")},
	"es": {strings.Fields("enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre"),
		strings.Fields("domingo lunes martes miércoles jueves viernes sábado")},
	"fa": {strings.Fields("ژانویه فوریه مارس آوریل مه ژوئن ژوئیه اوت سپتامبر اکتبر نوامبر دسامبر"), persianDays},
	"fr": {strings.Fields("janvier février mars avril mai juin juillet août septembre octobre novembre décembre"),
		strings.Fields("dimanche lundi mardi mercredi jeudi vendredi samedi")},
	"it": {strings.Fields("gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre"),
		strings.Fields("domenica lunedì martedì mercoledì giovedì venerdì sabato")},
	"nl": {strings.Fields("januari februari maart april mei juni juli augustus september oktober november december"),
		strings.Fields("zondag maandag dinsdag woensdag donderdag vrijdag zaterdag")},
	"pt": {strings.Fields("janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro"),
		[]string{"domingo", "segunda-feira", "terça-feira", "quarta-feira", "quinta-feira", "sexta-feira", "sábado"}},
	"he": {strings.Fields("ינואר פברואר מרץ אפריל מאי יוני יולי אוגוסט ספטמבר אוקטובר נובמבר דצמבר"),
		[]string{"יום ראשון", "יום שני", "יום שלישי", "יום רביעי", "יום חמישי", "יום שישי", "יום שבת"}},
	"tr": {strings.Fields("Ocak Şubat Mart Nisan Mayıs Haziran Temmuz Ağustos Eylül Ekim Kasım Aralık"),
		strings.Fields("Pazar Pazartesi Salı Çarşamba Perşembe Cuma Cumartesi")},
	"ur": {strings.Fields("جنوری فروری مارچ اپریل مئی جون جولائی اگست ستمبر اکتوبر نومبر دسمبر"),
		strings.Fields("اتوار پیر منگل بدھ جمعرات جمعہ ہفتہ")},
}

var (
	persianDays   = []string{"یکشنبه", "دوشنبه", "سه\u200cشنبه", "چهارشنبه", "پنجشنبه", "جمعه", "شنبه"}
	persianMonths = strings.Fields("فروردین اردیبهشت خرداد تیر مرداد شهریور مهر آبان آذر دی بهمن اسفند")
)

// FormatDate formats with a language's names. Short names (Jan, Mon) are written in full, as not every language has
// them.
func FormatDate(layout string, t time.Time, c *Calendar) string {
	if c == nil {
		return t.Format(layout)
	}
	return FormatNames(layout, t, c.Months[t.Month()-1], c.Days[t.Weekday()], nil)
}

// FormatNames formats a layout with the given names of month and day. parts are pairs of a further part of the layout
// and its replacement.
func FormatNames(layout string, t time.Time, month, day string, parts []string) string {
	pairs := append([]string{"January", "\x01", "Monday", "\x02"}, parts...)
	pairs = append(pairs, "Jan", "\x01", "Mon", "\x02")
	// What replaces a part must not be read as part of the layout again, so only the rest is formatted.
	var b strings.Builder
	rest := layout
	for rest != "" {
		at, old, with := len(rest), "", ""
		for i := 0; i < len(pairs); i += 2 {
			if k := strings.Index(rest, pairs[i]); k >= 0 && (k < at || k == at && len(pairs[i]) > len(old)) {
				at, old, with = k, pairs[i], pairs[i+1]
			}
		}
		b.WriteString(t.Format(rest[:at]))
		switch with {
		case "\x01":
			b.WriteString(month)
		case "\x02":
			b.WriteString(day)
		default:
			b.WriteString(with)
		}
		rest = rest[at+len(old):]
	}
	return b.String()
}

// FormatJalali formats a date of the Persian calendar by a Go layout: 2006, 06, January, 01, 1, 02, _2, 2, Monday and
// the parts of the clock.
func FormatJalali(layout string, t time.Time) string {
	y, m, d := Jalali(t)
	return FormatNames(layout, t, persianMonths[m-1], persianDays[t.Weekday()], DateParts(t, y, m, d))
}

// DateParts are the parts of a layout that are numbers, and what they are in a calendar.
func DateParts(t time.Time, y, m, d int) []string {
	return []string{
		"2006", strconv.Itoa(y), "15", t.Format("15"), "01", fmt.Sprintf("%02d", m), "02", fmt.Sprintf("%02d", d),
		"03", t.Format("03"), "04", t.Format("04"), "05", t.Format("05"), "06", fmt.Sprintf("%02d", y%100),
		"_2", fmt.Sprintf("%2d", d), "1", strconv.Itoa(m), "2", strconv.Itoa(d),
	}
}
