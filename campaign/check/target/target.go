// Package target says what is wrong with the address of a link or an image, as far as this can be seen without asking
// anybody. Call [Of] for an address, and [Elsewhere] for a link whose text is another address.
//
// An address may come from a template. Then bytes take the place of its actions, see [Printed], and nothing is said
// about what the actions print. The package is pure.
package target

import (
	"bytes"
	"cmp"
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"mailshot/internal/ellipsis"
	"mailshot/internal/suggest"
)

// The bytes that take the place of actions. No UTF-8 text contains them.
const (
	Printed = '\xff' // of an action that prints
	Silent  = '\xfe' // of one that shapes the text
)

// shorteners are hosts that hide where a link leads. Block lists contain them, because spam uses them.
var shorteners = []string{
	"bit.ly", "bitly.com", "tinyurl.com", "goo.gl", "ow.ly", "t.co", "is.gd", "buff.ly", "rebrand.ly", "cutt.ly",
	"shorturl.at", "tiny.cc", "t.ly", "rb.gy", "v.gd", "bl.ink", "short.io", "lnkd.in", "adf.ly", "s.id",
}

// schemes are correct schemes that look like misspelt ones.
var schemes = []string{"http", "https", "ftp", "ftps", "tftp", "mailto", "hdfs", "has", "nntp"}

// Says is what is wrong with an address. Text goes on after "the link" or "the image".
type Says struct{ Code, Text, Hint string }

func wrong(code, text, hint string) Says { return Says{Code: code, Text: text, Hint: hint} }

var (
	encoded   = regexp.MustCompile(`(?i)%7b%7b|\{\{|\[\[[a-z_. ]+\]\]|%7d%7d|\$\{|<%|\*\|[A-Z_:0-9]+\|\*|%%[A-Za-z_]+%%|%recipient\.[a-z_]+%|^\[[A-Z_ ]{2,}\]$`)
	looksLike = regexp.MustCompile(`^(?i)(?:https?://)?((?:[a-z0-9-]+\.)+[a-z]{2,24})(?::[0-9]+)?(?:[/?#]\S*)?$`)
	number    = regexp.MustCompile(`^\+?[0-9().\-\s/]{3,24}(?:[;,][^\s]*)?$`)
	mailboxes = regexp.MustCompile(`^[^\s@<>,:]+@(?:[A-Za-z0-9\pL-]+\.)+[A-Za-z0-9\pL-]{2,}$`)
)

// Of says what is wrong with the address of a link or an image; Code is "" if nothing is wrong. In an address that
// contains an action, it looks only at the part before the action and at the host.
func Of(address string) (says Says) {
	trimmed := strings.TrimSpace(address)
	before, _, _ := strings.Cut(trimmed, string([]byte{Printed}))
	before, _, _ = strings.Cut(before, string([]byte{Silent}))
	known := before == trimmed
	scheme := strings.ToLower(trimmed[:max(strings.IndexByte(trimmed, ':'), 0)])
	switch {
	case trimmed == "" || before == "" || !known && !strings.ContainsAny(before, ":/") || strings.HasPrefix(trimmed, "#"):
		return says
	case mayBeField(trimmed) && encoded.MatchString(trimmed):
		return wrong("link-field", shown(trimmed)+" has a field that nothing fills",
			"write {{.column}} as the template does elsewhere")
	case typoScheme(scheme), halfScheme(before, known):
		return wrong("link-scheme", shown(trimmed)+" has a misspelt scheme, and leads nowhere", "write https:// and the host")
	case scheme == "javascript" || scheme == "vbscript":
		return wrong("link-script", shown(trimmed)+" is a script, which no mail program runs", "link to a page")
	case scheme == "file", len(scheme) == 1 && strings.ContainsAny(trimmed[2:min(len(trimmed), 3)], `\/`):
		return wrong("link-local", shown(trimmed)+" is a file of this machine, which nobody else has",
			"put it on a web server, or attach it")
	case scheme == "mailto":
		return mailto(trimmed)
	case scheme == "tel" || scheme == "sms":
		if known && !number.MatchString(unescape(trimmed[len(scheme)+1:])) {
			return wrong("link-tel", shown(trimmed)+" is not a telephone number", "write it as tel:+4930123456")
		}
		return says
	case scheme == "http" || scheme == "https":
		return web(trimmed, scheme)
	case scheme == "data":
		return wrong("data-image", "is written into the HTML as data:",
			"attach it with a cid; Gmail does not show data: images")
	case strings.HasPrefix(trimmed, "//"):
		return wrong("relative-link", shown(trimmed)+" has no scheme, and leads nowhere in a mail", "write https: before it")
	case scheme == "" || strings.ContainsAny(scheme, "/?#. "):
		return wrong("relative-link", shown(trimmed)+" leads nowhere in a mail",
			"write the whole link; attach images and show them by cid:")
	}
	return says
}

// mayBeField says quickly whether an address may match encoded: each of its alternatives has one of these signs. Each
// address with a cell in it passes here, in each message.
func mayBeField(address string) bool {
	if strings.ContainsAny(address, "{[$<*") {
		return true
	}
	for rest := address; ; {
		i := strings.IndexByte(rest, '%')
		if i < 0 || i+1 == len(rest) {
			return false
		}
		if rest = rest[i+1:]; strings.IndexByte("7%rR", rest[0]) >= 0 {
			return true
		}
	}
}

// typoScheme says whether a scheme is most likely a misspelt one: htp, hhttps, maito.
func typoScheme(scheme string) bool {
	if len(scheme) < 3 || slices.Contains(schemes, scheme) {
		return false
	}
	for _, meant := range []string{"http", "https", "mailto"} {
		limit := 2
		if scheme != "" && scheme[0] != meant[0] {
			limit = 1
		}
		if d := suggest.Distance(scheme, meant, limit); d <= limit && d > 0 {
			return true
		}
	}
	return false
}

// halfScheme says whether an address begins with http or https and goes on wrongly: http//, https:/, https;//.
func halfScheme(address string, whole bool) bool {
	rest, ok := strings.CutPrefix(strings.ToLower(address[:min(len(address), 16)]), "http") // no more of it counts
	if !ok {
		return false
	}
	rest = strings.TrimPrefix(rest, "s")
	after, proper := strings.CutPrefix(rest, "://")
	switch {
	case rest == "" || proper && after == "":
		return whole
	case proper:
		return strings.HasPrefix(after, "/") || strings.HasPrefix(after, "http:") || strings.HasPrefix(after, "https:")
	}
	return strings.IndexByte(`/:;\.`, rest[0]) >= 0 && (rest[0] != '.' || strings.HasPrefix(rest, ".//")) &&
		(whole || !strings.HasPrefix("://", rest))
}

// Plain says quickly that nothing is wrong with an address: it is the https address of a page, with a host that has a
// name. Most addresses are plain. Other addresses have to be looked at.
func Plain(address []byte) bool {
	rest, ok := bytes.CutPrefix(address, []byte("https://"))
	if !ok || bytes.ContainsAny(rest, " \t\n{}<>|$[]*\\") || !plainEscapes(rest) {
		return false
	}
	host := rest
	if i := bytes.IndexAny(rest, "/?#"); i >= 0 {
		host = rest[:i]
	}
	if bytes.ContainsAny(host, "%@:"+signs) || bytes.Contains(host, []byte("xn--")) {
		return false
	}
	if name := string(host); mayBePlaceholder(name) || mayBeStaging(name) || hasBlank(string(rest)) {
		return false
	}
	dot := bytes.LastIndexByte(host, '.')
	if dot <= 0 || dot+2 >= len(host) || host[0] == '.' || bytes.Contains(host, []byte("..")) {
		return false
	}
	for _, c := range host[dot+1:] { // neither a number nor a port
		if c < 'a' || c > 'z' {
			return false
		}
	}
	for _, c := range host[:dot] { // letters of other scripts are looked at
		if c >= 0x80 {
			return false
		}
	}
	switch string(host[dot:]) {
	case ".local", ".internal", ".lan", ".test", ".localhost":
		return false
	}
	return len(host) > 18 || !slices.Contains(shorteners, strings.TrimPrefix(string(host), "www."))
}

// plainEscapes says whether each % of an address escapes an octet, and none escapes a brace or is at the end. A cell
// with a blank or a sign in it gives such escapes in a link.
func plainEscapes(address []byte) bool {
	for {
		i := bytes.IndexByte(address, '%')
		if i < 0 {
			return true
		}
		if address = address[i+1:]; len(address) < 3 || !isHex(address[0]) || address[0] == '7' || !isHex(address[1]) {
			return false
		}
		address = address[2:]
	}
}

func isHex(c byte) bool { return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'f' }

// Same returns an address in a form that is equal for addresses that differ only in blanks around them and in %XX.
func Same(address string) string { return unescape(strings.TrimSpace(address)) }

// unescape resolves %XX; what cannot be resolved stays.
func unescape(s string) string {
	if u, err := url.PathUnescape(s); err == nil {
		return u
	}
	return s
}

// mailto says what is wrong with a link to a mailbox.
func mailto(address string) (says Says) {
	list, query, _ := strings.Cut(address[len("mailto:"):], "?")
	if strings.HasPrefix(list, "//") {
		return wrong("link-mailto", shown(address)+" is not a link to a mailbox", "write mailto:name@example.com, without //")
	}
	if hasBlank(query) || strings.HasPrefix(list, " ") {
		return wrong("link-blank", shown(address)+" has a blank in it", "write %20 in its place, or remove it")
	}
	if Dynamic(list) || list == "" && strings.Contains(strings.ToLower(query), "to=") {
		return says
	}
	for one := range strings.SplitSeq(list, ",") {
		if Placeholder(one[strings.LastIndexByte(one, '@')+1:]) {
			return wrong("placeholder-domain", shown(address)+" has a domain that was to be replaced",
				"write the mailbox that is meant")
		}
		if !mailboxes.MatchString(unescape(strings.TrimSpace(one))) {
			return wrong("link-mailto", shown(address)+" is not a link to a mailbox", "write mailto:name@example.com")
		}
	}
	return says
}

// web says what is wrong with the address of a page.
func web(address, scheme string) (says Says) {
	rest := address[len(scheme)+len("://"):]
	host := rest[:min(len(rest), max(strings.IndexAny(rest+"/", "/?#"), 0))]
	user, host := cutUser(host)
	switch {
	case hasBlank(address):
		return wrong("link-blank", shown(address)+" has a blank in it", "write %20 in its place, or remove it")
	case Dynamic(host):
		return says
	}
	name := strings.ToLower(host)
	if i := strings.LastIndexByte(name, ':'); i >= 0 && !strings.HasSuffix(name, "]") {
		name = name[:i]
	}
	if ip, ok := number4(strings.Trim(name, "[]")); ok {
		if ip.IsLoopback() || ip.IsPrivate() || ip.IsLinkLocalUnicast() || ip.IsUnspecified() {
			return local(address)
		}
		return wrong("link-ip", shown(address)+" names its server by number, as spam does", "write the name of the server")
	}
	switch {
	case name == "localhost" || hasAny(name, ".localhost", ".local", ".internal", ".lan", ".test"):
		return local(address)
	case Mixed(unescape(name)):
		return wrong("link-homograph", shown(address)+" has letters of another script that look like Latin ones",
			"type the address of the page anew, letter by letter")
	case Placeholder(name):
		return wrong("placeholder-domain", shown(address)+" has a domain that was to be replaced",
			"write the domain of the page")
	case strings.ContainsAny(name, signs):
		return wrong("link-scheme", shown(address)+" has a sign in its host that no host has", "write https:// and the host")
	case !strings.Contains(name, "."), strings.Contains(name, ".."), strings.HasPrefix(name, "."):
		return wrong("link-scheme", shown(address)+" names no server", "write https:// and the host")
	case strings.Contains(user, "."):
		return wrong("link-elsewhere", fmt.Sprintf("%s has %s before the @, and leads to %s", shown(address), user, name),
			"filters take that for fraud: write the host first")
	case mayBeStaging(name) && staging.MatchString(name):
		return wrong("link-staging", shown(address)+" leads to a server on which something is tried out",
			"write the address that is for everybody")
	case slices.Contains(shorteners, strings.TrimPrefix(name, "www.")):
		return wrong("link-shortener", shown(address)+" hides where it leads, and block lists have its host",
			"link to the page itself")
	case scheme == "http":
		return wrong("link-http", shown(address)+" is not encrypted", "write https:// if the page has it")
	}
	return says
}

// signs are characters that no name of a host has, and that people type for a dot, a hyphen or a slash.
const signs = `,;\!'"()*+=$&^~`

// cutUser takes apart what stands before and after the @ of a host.
func cutUser(host string) (user, rest string) {
	at := strings.LastIndexByte(host, '@')
	return host[:max(at, 0)], host[at+1:]
}

// staging matches hosts on which a site is tried out. It must be a name below a domain: stage.example is a domain.
var staging = regexp.MustCompile(`^(?:[a-z0-9-]+\.)*(?:[a-z0-9]+-)?(?:staging|stage|preprod|uat)[0-9]?(?:-[a-z0-9]+)?\.[a-z0-9-]+\.[a-z]`)

// hasBlank says whether an address has a blank in it, or a sign that nobody sees.
func hasBlank(address string) bool {
	return strings.ContainsAny(address, " \t\n\r") ||
		!isASCII(address) && strings.ContainsAny(address, "\u00a0\u200b\u200c\ufeff")
}

// mayBeStaging says quickly whether a host may match staging.
func mayBeStaging(host string) bool {
	return strings.Contains(host, "stag") || strings.Contains(host, "preprod") || strings.Contains(host, "uat")
}

// number4 reads an IP address in each way that browsers read one: 127.1, 0x7f000001 and 017700000001 are 127.0.0.1 (URL
// Standard, 3.5, the IPv4 parser).
func number4(host string) (ip netip.Addr, ok bool) {
	last := strings.TrimSuffix(host, ".")
	last = last[strings.LastIndexByte(last, '.')+1:]
	if !strings.Contains(host, ":") && (last == "" || last[0] < '0' || last[0] > '9') { // a name, as nearly all are
		return ip, false
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip, true
	}
	parts := strings.Split(strings.TrimSuffix(host, "."), ".")
	if len(parts) > 4 {
		return ip, false
	}
	var all uint64
	for i, part := range parts {
		base := 10
		switch {
		case strings.HasPrefix(part, "0x"):
			part, base = cmp.Or(part[2:], "0"), 16
		case len(part) > 1 && part[0] == '0':
			base = 8
		}
		n, err := strconv.ParseUint(part, base, 32)
		bits := 8
		if i == len(parts)-1 { // the last number has all octets that are left
			bits = 8 * (5 - len(parts))
		}
		if err != nil || n>>bits > 0 {
			return ip, false
		}
		all = all<<bits | n
	}
	return netip.AddrFrom4([4]byte{byte(all >> 24), byte(all >> 16), byte(all >> 8), byte(all)}), true
}

func local(address string) Says {
	return wrong("link-local", shown(address)+" leads to a machine that readers cannot reach", "write the public address")
}

func hasAny(s string, ends ...string) bool {
	return slices.ContainsFunc(ends, func(end string) bool { return strings.HasSuffix(s, end) })
}

// Elsewhere returns the host that a link leads to, if its text is the address of another host, or the mailbox, if its
// text is another mailbox; else "".
func Elsewhere(address, text string) string {
	if list, ok := strings.CutPrefix(strings.TrimSpace(address), "mailto:"); ok && mailboxes.MatchString(text) {
		box, _, _ := strings.Cut(list, "?")
		if box = unescape(box); mailboxes.MatchString(box) && !Dynamic(box) && !strings.EqualFold(box, text) {
			return box
		}
		return ""
	}
	if to, ok := strings.CutPrefix(strings.TrimSpace(address), "tel:"); ok {
		if to = unescape(to); !Dynamic(to) && number.MatchString(to) && otherNumber(to, text) {
			return to
		}
		return ""
	}
	m := looksLike.FindStringSubmatch(text)
	u, err := url.Parse(strings.TrimSpace(address))
	if m == nil || err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || Dynamic(u.Host) {
		return ""
	}
	said, is := strings.ToLower(m[1]), strings.ToLower(u.Hostname())
	if !strings.ContainsAny(text, "/:") && notHost(said) || strings.Contains(is, "%") {
		return ""
	}
	if under(said, is) || under(is, said) {
		return ""
	}
	return u.Hostname()
}

// otherNumber says whether a text is a telephone number, and another one than that of a link. Either may lack the code of
// the country.
func otherNumber(to, text string) bool {
	if !number.MatchString(strings.TrimSpace(text)) {
		return false
	}
	digits := func(s string) string {
		return strings.TrimLeft(strings.Map(func(r rune) rune {
			if r < '0' || r > '9' {
				return -1
			}
			return r
		}, strings.ReplaceAll(s, "(0)", "")), "0")
	}
	a, b := digits(to), digits(text)
	return min(len(a), len(b)) >= 6 && !strings.HasSuffix(a, b) && !strings.HasSuffix(b, a)
}

// under says whether a host is another one, or below it.
func under(host, of string) bool {
	host, of = strings.TrimPrefix(host, "www."), strings.TrimPrefix(of, "www.")
	return host == of || strings.HasSuffix(host, "."+of)
}

// notHost says whether a word with dots is more likely the name of a file or a program than of a host.
func notHost(word string) bool {
	end := word[strings.LastIndexByte(word, '.')+1:]
	return slices.Contains([]string{"pdf", "doc", "docx", "xls", "xlsx", "zip", "txt", "jpg", "png", "js", "md", "html",
		"csv"}, end)
}

// Dynamic says whether a part of a text comes from an action.
func Dynamic(s string) bool {
	return strings.IndexByte(s, Printed) >= 0 || strings.IndexByte(s, Silent) >= 0
}

// shown is an address in a finding.
func shown(address string) string { return ellipsis.Quote(Show(address), 61) }

// Show returns a masked text in a form for people.
func Show(s string) string {
	var b strings.Builder
	in := false
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case Printed, Silent:
			if !in {
				b.WriteString("{{…}}")
			}
			in = true
		default:
			in = false
			b.WriteByte(s[i])
		}
	}
	return b.String()
}
