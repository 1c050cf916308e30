package folding

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// IsAddress and IsPerson report whether a column is called as columns of addresses, or of people's names, usually are:
// in many languages, and in what widely used programs export.
func IsAddress(column string) bool { return oneOf(addresses, column) }

// IsPerson reports whether a column is called as columns of people's names usually are, see [IsAddress].
func IsPerson(column string) bool { return oneOf(people, column) }

// Results returns the index of the address column of what "mailshot report" wrote, -1 for any other list. That column
// is called address, which in other lists is where a person lives. guarded says that it was written for spreadsheets,
// with an apostrophe before what they would take for a formula.
func Results(columns []string) (address int, guarded bool) {
	for _, name := range []string{"place", "key", "state", "attempts"} {
		if !slices.Contains(columns, name) {
			return -1, false
		}
	}
	return slices.Index(columns, "address"), slices.Contains(columns, "row")
}

// Unguarded is a cell of a report without that apostrophe.
func Unguarded(cell string) string {
	rest, ok := strings.CutPrefix(cell, "'")
	if !ok {
		return cell
	}
	text := strings.TrimLeftFunc(rest, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune("\"'`", r) })
	if r, _ := utf8.DecodeRuneInString(text); text == "" || !strings.ContainsRune("=+-@＝＋－＠", r) {
		return cell
	}
	return rest
}

func oneOf(names []string, column string) bool {
	like := strings.Trim(Loose(column), ".:*")
	return slices.ContainsFunc(names, func(n string) bool { return Loose(n) == like })
}

var (
	addresses = []string{
		"email", "mail", "email address", "mail address", "email 1", "email1address", "email 1 value", "e-mail 1 - value",
		"to", "recipient", "recipients",
		"E-Mail-Adresse", "Mailadresse", "Mail-Adresse", "Emailadresse", // German
		"adresse e-mail", "adresse email", "adresse mail", "adresse de messagerie", "adresse électronique",
		"courriel", "mél", // French
		"correo", "correo electrónico", "dirección de correo", "dirección de correo electrónico", "correoelectronico", // Spanish
		"endereço de email", "endereço de e-mail", "correio eletrônico", "correio electrónico", // Portuguese
		"indirizzo email", "indirizzo e-mail", "posta elettronica", // Italian
		"e-mailadres", "mailadres", // Dutch
		"e-postadress", "e-post", "epost", "mejladress", // Swedish
		"e-postadresse", "mailadresse", "epostadresse", "e-mailadresse", // Norwegian, Danish
		"sähköposti", "sähköpostiosoite", // Finnish
		"adres e-mail", "adres email", "adres mailowy", "poczta elektroniczna", // Polish
		"e-mailová adresa", "emailová adresa", "e-mail adresa", // Czech, Slovak, Croatian
		"e-mail cím", "email cím", "e-mailcím", // Hungarian
		"adresă de email", "adresa de email", // Romanian
		"e-posta", "eposta", "e-posta adresi", // Turkish
		"почта", "эл. почта", "эл.почта", "электронная почта", "электронный адрес", "адрес электронной почты", "имейл",
		"емейл", "e-mail адрес", // Russian, Bulgarian
		"електронна пошта", "електронна адреса", "пошта", "ел. пошта", // Ukrainian
		"ηλεκτρονικό ταχυδρομείο", "διεύθυνση email", // Greek
		"אימייל", "דוא\"ל", "דואל", "מייל", "כתובת אימייל", "כתובת מייל", // Hebrew
		"البريد", "البريد الإلكتروني", "البريد الالكتروني", "بريد إلكتروني", "الإيميل", "إيميل", "ايميل",
		"عنوان البريد الإلكتروني", // Arabic
		"ایمیل", "رایانامه", "پست الکترونیک", "پست الکترونیکی", "آدرس ایمیل", "نشانی ایمیل", // Persian
		"ای میل", "ईमेल", "ई-मेल", "ईमेल पता", // Urdu, Hindi
		"メール", "メールアドレス", "電子メール", "eメール", "eメールアドレス", // Japanese
		"邮箱", "电子邮箱", "邮箱地址", "电子邮件", "电子邮件地址", "邮件地址", "邮件", // Chinese
		"電子郵件", "電子信箱", "電郵", "電郵地址", "信箱", "電子郵件地址",
		"이메일", "이메일 주소", "전자우편", "메일", "메일 주소", // Korean
		"อีเมล", "ที่อยู่อีเมล", "địa chỉ email", "thư điện tử", "alamat email", "surel", // Thai, Vietnamese, Indonesian
	}
	people = []string{
		"name", "full name", "display name", "contact name", "recipient name", "nom", "nom complet", "nombre",
		"nombre completo", "vollständiger name", "نام", "نام و کامل", "نام و نام خانوادگی", "الاسم", "имя",
	}
)
