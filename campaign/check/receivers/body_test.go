package receivers

import (
	"strings"
	"testing"
)

// Postal addresses as they are written in many countries are taken for addresses, so that no newsletter that has one is
// blamed. The institutions are public.
func TestHasAddress(t *testing.T) {
	t.Parallel()
	for address := range strings.Lines(`1600 Pennsylvania Avenue NW, Washington, DC 20500
1 Infinite Loop, Cupertino, CA 95014
350 Fifth Ave, New York
P.O. Box 42, Springfield
PO Box 42
10 Downing Street, London SW1A 2AA
Great Russell St, London WC1B 3DG
Suite 400, Market Hall
111 Wellington St, Ottawa, ON K1A 0A9
2 Macquarie Street, Sydney NSW 2000
Platz der Republik 1, 11011 Berlin
Musterstraße 12
Hauptstr. 5, 1010 Wien
Lindenweg 3a
D-80331 München
Bundesplatz 3, 3003 Bern
Postfach 1234
55 rue du Faubourg-Saint-Honoré, 75008 Paris
12 bis, avenue Foch
75007 Paris Cedex
Calle de Alcalá, 48, 28014 Madrid
Apartado de Correos 12
Via del Corso 12, Roma
Piazza del Quirinale, 00187 Roma
Binnenhof 19, 2513 AA Den Haag
Postbus 16375
Drottninggatan 16, 103 33 Stockholm
Christiansborg Slotsplads, 1218 København
Slottsplassen 1, 0010 Oslo, Karl Johans gata 31
ul. Wiejska 10, Warszawa
Rua Augusta 24, Lisboa
улица Ильинка, 23, Москва
ул. Садовая, 5
Atatürk Mahallesi 12
Nişantaşı, Vali Konağı Caddesi 77
تهران، خیابان انقلاب، شمارهٔ ۱۶
کد پستی ۱۱۱۵۵
القاهرة، شارع التحرير 10
ص.ب 1234 دبي
〒100-8111 東京都千代田区千代田1-1
北京市东城区长安街1号
{{.company.postal}}
{{default "x" .postal_address}}
Acme &middot; 1 Main Street &middot; Springfield`) {
		if !hasAddress("We are open.\n" + strings.TrimSpace(address) + "\n") {
			t.Errorf("not an address: %s", address)
		}
	}
	for _, text := range []string{
		"We are open on 4 December at 9.", "Call +49 30 1234567 or 030-12-34-56.", "In 2026 People came.", "12000 Readers, 5000 Euro",
		"Save 25 % on 3 books until 31.12.2026.", "Order 12345, thank you.", "10 people walk in the park.", "Hello {{.name}}, {{.city}}!",
		"سلام {{.name}}، فردا ساعت ۹ باز است.", "Guten Tag, am 4. Dezember 2026 um 18 Uhr.", "<style>.road{width:12px}</style><p>Hi</p>",
		"<!-- 1 Main Street --><p>Hi</p>", "https://acme.example/2026/11/street",
	} {
		if hasAddress(text) {
			t.Errorf("an address: %q, %q in %s", address.FindString(text), place.FindString(text), text)
		}
	}
}

// The words for leaving are known in many languages.
func TestLeave(t *testing.T) {
	t.Parallel()
	for words := range strings.Lines(`<a href="{{.mailshot.unsubscribe_url}}">x</a>
<a href="https://acme.example/u/{{.mailshot.token}}">x</a>
Unsubscribe here
To opt out, answer
Manage your preferences
Newsletter abbestellen
Hier abmelden
Se désabonner
Se désinscrire de la liste
Darse de baja
Cancelar la suscripción
Annulla l'iscrizione
Disiscriviti
Uitschrijven
Afmelden
Avregistrera dig
Meld deg av: avmelding
Wypisz się
Odhlásit odběr
Leiratkozás
Abonelikten çık
Отписаться от рассылки
لغو اشتراک
إلغاء الاشتراك
הסר אותי
配信停止はこちら
退订`) {
		if !leave.MatchString(words) {
			t.Errorf("not a way to leave: %s", words)
		}
	}
	for _, text := range []string{"We are open on Saturday.", "Join us!", "Read more", "See you in the shop"} {
		if leave.MatchString(text) {
			t.Errorf("a way to leave: %s", text)
		}
	}
}
