package receivers

import (
	"html"
	"regexp"
	"strings"

	"mailshot/campaign/check"
	"mailshot/campaign/check/codes"
	"mailshot/templates/source"
)

// Body has the texts of a newsletter's messages in one language.
type Body struct {
	HTML   *source.Source   // the HTML, or the Markdown that it is made of; nil = there is none
	Text   *source.Source   // the text part of the author's own; nil = it is made of the HTML
	Around []*source.Source // what is around it: a layout of the author's own, and files that are included
	Leaves bool             // a built-in layout shows the link to unsubscribe
	Postal bool             // a built-in layout shows the postal address
}

var (
	// leave matches a link to unsubscribe, or the words for it.
	leave = regexp.MustCompile(`(?i)unsubscribe_url|mailshot\.token|unsubscri|opt[- ]?out|(?:manage|update|change) (?:your |my )?` +
		`(?:e-?mail )?(?:subscription|preferences)|abmeld|abbestell|austragen|d[ée]sabonn|d[ée]sinscri|darse de baja|date de baja|` +
		`cancelar (?:la |tu |su )?suscripci|disiscri|annulla (?:l')?iscrizione|cancella(?:ti|zione)|uitschrij|afmeld|avregistrer|` +
		`avsluta prenumeration|avmeld|peruuta tilau|wypisz|rezygn|odhlásit|leiratkoz|dezabon|abonelikten|отпис|відпис|` +
		`لغو (?:اشتراک|عضویت)|(?:الغاء|إلغاء) ال[اإ]شتراك|הסר|ביטול|配信停止|退订|取消订阅|수신거부`)
	// address matches a part of a postal address, whatever its letters: a number and a word for a street, or a post-office
	// box. A field of the list or of the campaign with such a name is one, too.
	address = regexp.MustCompile(`(?i)` +
		`\d[\pL\d./-]{0,6},?\s+(?:[\pL.'-]+\s+){0,4}(?:street|road|avenue|lane|boulevard|blvd|parkway|pkwy|highway|hwy|broadway)\b` +
		`|\b(?:suite|apt)\.? #?\d|\bp\.? ?o\.? box\b|postfach|postbus|bo[iî]te postale|\bcedex\b|apartado` +
		`|(?:stra(?:ß|ss)e|str\.|weg|platz|gasse|allee|damm|ufer|chaussee|straat|laan|plein|gracht|gata|gatan|vägen|vej|veien)\s+\d` +
		`|\d+[a-z]?(?: ?bis| ?ter)?,?\s+(?:rue|avenue|av\.|bd|boulevard|place|chemin|route|impasse|quai|all[ée]e|cours)\b` +
		`|\b(?:calle|c/|avda?\.|avenida|plaza|paseo|piazza|corso|rua|praça|ulica|ul\.|aleja|al\.|cadde(?:si)?|sokak|mahallesi)` +
		`\s[^\n<]{0,60}\d|(?:улица|ул\.|проспект|пр\.)\s[^\n<]{0,60}\d` +
		`|خیابان|کوچه|بلوار|پلاک|کد ?پستی|صندوق پستی|شارع|طريق|ص\. ?ب|صندوق بريد|الرمز البريدي` +
		`|〒|[省市区路街]\S{0,12}\d+ ?号` +
		`|\{\{[^{}]*\.(?:\w*_)?(?:postal|address|street|anschrift|adresse|impressum|strasse)\w*[^{}]*\}\}`)
	// place matches a post code beside the name of a place, and words for a street that are other words, too, in small
	// letters.
	place = regexp.MustCompile(`(?:^|[^\d.,])(\d{5})(?:-\d{4})?,?[ \t\r\n]+\p{Lu}\p{L}+|\p{Lu}\p{L}+,?\s+[A-Z]{2}\s+(\d{5})(?:[^\d]|$)` +
		`|(?:^|[^\d.,])([3-9]\d{3}|1[0-8]\d{2}|2[1-9]\d{2})[ \t]+\p{Lu}\p{Ll}{2,}` +
		`|\b[A-Z]{1,2}-\d{4,5}\s+\p{Lu}|\b[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}\b|\b\d{4} ?[A-Z]{2}\s+\p{Lu}|\bVia(?:le)?\s\p{Lu}[^\n<]{0,40}\d` +
		`|\d[A-Za-z]?,?\s+(?:\p{Lu}[\pL.'-]+\s+){1,3}(?:Way|Place|Square|Court|Drive|Close|Park|Hill|Row|Walk|Gardens?|Terrace|Quay|` +
		`Crescent|Circle|Plaza|St|Rd|Ave|Dr|Ln|Ct|Sq|Pl)\b`)
	// hidden are parts of a source that readers do not see.
	hidden = regexp.MustCompile(`(?is)<style\b.*?</style>|<!--.*?-->|<script\b.*?</script>|<head\b.*?</head>`)
	tags   = regexp.MustCompile(`<[^>]*>`)
)

// Look returns what a newsletter has to say and does not say: how people unsubscribe, and who writes, with a postal
// address. Each finding is at the last line of the text that lacks it.
func (b Body) Look() (found []check.Finding) {
	around := ""
	for _, s := range b.Around {
		around += "\n" + s.Text
	}
	for _, s := range []*source.Source{b.HTML, b.Text} {
		if s == nil {
			continue
		}
		own := s == b.Text // no layout is around the text part
		says := s.Text
		if !own || b.HTML == nil || strings.Contains(s.Text, "{{template") {
			says += around
		}
		if !leave.MatchString(says) && (own || !b.Leaves) {
			found = append(found, last(s, "no-unsubscribe-link", "nothing in "+s.File+" says how to leave",
				"write a link: {{.mailshot.unsubscribe_url}}"))
		}
		// The text part of a message with HTML may do without.
		if (b.HTML == nil || !own) && (own || !b.Postal) && !hasAddress(says) {
			found = append(found, last(s, "no-postal", "there is no postal address in "+s.File,
				"set body.postal, which built-in layouts show, or write it there; many countries ask for it in mail to many"))
		}
	}
	return found
}

// hasAddress says whether a source shows something like a postal address. In doubt it says yes.
func hasAddress(text string) bool {
	text = html.UnescapeString(tags.ReplaceAllString(hidden.ReplaceAllString(text, " "), " "))
	if address.MatchString(text) {
		return true
	}
	for _, m := range place.FindAllStringSubmatch(text, -1) {
		if code := m[1] + m[2] + m[3]; !strings.HasSuffix(code, "00") { // 12000 Readers
			return true
		}
	}
	return false
}

// last is a finding at the last line of a source.
func last(s *source.Source, code, text, hint string) check.Finding {
	c, _ := codes.Of(code)
	trimmed := strings.TrimRight(s.Text, " \t\r\n")
	f := check.From(s.ErrorAt(strings.LastIndexByte(trimmed, '\n')+1, code, text, hint))[0]
	f.Severity = c.Severity
	return f
}
