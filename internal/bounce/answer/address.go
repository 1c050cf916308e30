package answer

import "strings"

// successor returns the address that the own text names in place of the one that answers. It is not an address of the
// header, and none that the text calls the person's own. "" if there is none.
func (l *looked) successor() string {
	mine := map[string]bool{}
	for _, name := range []string{"From", "Sender", "Reply-To", "To", "Cc", "Delivered-To", "Return-Path"} {
		for _, a := range addresses(l.Header(name)) {
			mine[strings.ToLower(a.text)] = true
		}
	}
	text := l.own.text
	offset := len(l.all) - len(text)
	best, any := "", ""
	for _, a := range addresses(text) {
		if mine[strings.ToLower(a.text)] || noReply(a.text) {
			continue
		}
		k := l.tokenAt(offset + a.start)
		m := match{from: k}
		if l.sentenceHas(&m, "own-address") {
			continue
		}
		if any == "" {
			any = a.text
		}
		if best == "" && (l.sentenceHas(&m, "successor")) {
			best = a.text
		}
	}
	if best != "" {
		return best
	}
	return any
}

// tokenAt is the token at a place of the text, or the next one.
func (l *looked) tokenAt(at int) int {
	lo, hi := 0, len(l.words)
	for lo < hi {
		mid := (lo + hi) / 2
		if l.words[mid].End <= at {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return min(lo, max(0, len(l.words)-1))
}

// noReply says whether nobody reads what is sent to an address.
func noReply(a string) bool {
	local, _, _ := strings.Cut(strings.ToLower(a), "@")
	local = strings.NewReplacer("-", "", "_", "", ".", "").Replace(local)
	for _, s := range []string{"noreply", "donotreply", "mailerdaemon", "postmaster", "nepasrepondre", "nichtantworten"} {
		if strings.Contains(local, s) {
			return true
		}
	}
	return false
}

// addressAt is an address in a text, and where it begins.
type addressAt struct {
	text  string
	start int
}

// addresses returns the mail addresses in a text.
func addresses(text string) []addressAt {
	var list []addressAt
	for at := 0; at < len(text); {
		n := strings.IndexByte(text[at:], '@')
		if n < 0 {
			break
		}
		n += at
		begin, end := n, n+1
		for begin > at && n-begin < 64 && localPart(text[begin-1]) {
			begin--
		}
		for end < len(text) && end-n < 254 && domainPart(text[end]) {
			end++
		}
		at = end
		local := strings.TrimLeft(text[begin:n], ".'-")
		domain := strings.TrimRight(text[n+1:end], ".-")
		if local == "" || !strings.Contains(domain, ".") || strings.Contains(domain, "..") {
			continue
		}
		list = append(list, addressAt{local + "@" + domain, n - len(local)})
	}
	return list
}

// localPart says whether a byte can stand before the @ of an address that people write in a text.
func localPart(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("._%+-'", c) >= 0
}

// domainPart says whether a byte can stand in a domain. Letters beyond ASCII are left: in texts without spaces they
// follow an address.
func domainPart(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '-'
}
