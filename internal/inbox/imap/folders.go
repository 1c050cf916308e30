package imap

import (
	"cmp"
	"slices"
	"strings"

	"mailshot/internal/suggest"
)

// near are the folders that a person may have meant, the nearest first; at most ten.
func near(wanted string, all []mailbox) []string {
	type one struct {
		name string
		cost int
	}
	var found []one
	lower := strings.ToLower(wanted)
	for _, m := range all {
		name := strings.ToLower(m.name)
		last := name[strings.LastIndexAny(name, "./")+1:]
		cost := min(suggest.Distance(name, lower, 100), suggest.Distance(last, lower, 100))
		if strings.Contains(name, lower) || strings.Contains(lower, last) {
			cost /= 2
		}
		found = append(found, one{m.name, cost})
	}
	slices.SortStableFunc(found, func(a, b one) int { return cmp.Compare(a.cost, b.cost) })
	var names []string
	for _, f := range found[:min(10, len(found))] {
		names = append(names, clean(f.name))
	}
	return names
}

// common are the names that folders for a purpose have where the server does not say which they are (RFC 6154), in
// lower case and without the folders above them.
var common = map[string][]string{
	`\sent`: {"sent", "sent items", "sent messages", "sent mail", "gesendet", "gesendete objekte", "gesendete elemente",
		"envoyés", "éléments envoyés", "messages envoyés", "enviados", "elementos enviados", "posta inviata", "inviati",
		"verzonden", "verzonden items", "отправленные", "已发送", "送信済み", "送信済みメール", "المرسل", "ارسال\u200cشده"},
	`\drafts`: {"drafts", "draft", "entwürfe", "brouillons", "borradores", "bozze", "concepten", "rascunhos",
		"черновики", "草稿", "草稿箱", "下書き", "المسودات", "پیش\u200cنویس\u200cها"},
}

// purpose is the folder for a purpose, as \sent: the one that the server says it is, else one with a common name, of
// which the shortest counts; "" = there is none.
func purpose(attr string, all []mailbox) string {
	for _, m := range all {
		if slices.Contains(m.attrs, attr) {
			return m.name
		}
	}
	found, best := "", 1<<30
	for _, m := range all {
		name := strings.ToLower(m.name)
		last := name[strings.LastIndexAny(name, "./")+1:]
		if i := slices.Index(common[attr], last); i >= 0 && i*1000+len(name) < best {
			found, best = m.name, i*1000+len(name)
		}
	}
	return found
}
