package folding

import "testing"

// TestColumnsOfAddresses: what lists of many countries and programs call the column of addresses.
func TestColumnsOfAddresses(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"Email", "E-Mail", "e_mail", "EMAIL ADDRESS", "E-mail 1 - Value", "Email 1 - Value",
		"Email:", "E-Mail-Adresse", "Adresse e-mail", "Correo electrónico", "Endereço de e-mail", "Indirizzo e-mail",
		"E-mailadres", "E-postadress", "E-postadresse", "Sähköpostiosoite", "Adres e-mail", "E-mailová adresa",
		"E-mail cím", "E-posta", "Электронная почта", "Адрес электронной почты", "Електронна пошта", "דוא\"ל",
		"البريد", "البريد الإلكتروني", "ایمیل", "ايميل", "ईमेल", "メールアドレス", "メール", "邮箱", "电子邮箱", "電子郵件",
		"이메일", "อีเมล", "Địa chỉ email"} {
		if !IsAddress(name) {
			t.Errorf("%q is a column of addresses", name)
		}
		if IsPerson(name) {
			t.Errorf("%q is not a column of names", name)
		}
	}
	for _, name := range []string{"", "Address", "Adresse", "Email 2 - Value", "Email verified", "Name", "Postadresse",
		"Mailing list", "地址", "名前"} {
		if IsAddress(name) {
			t.Errorf("%q is not a column of addresses", name)
		}
	}
}
