package check

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"mailshot/internal/ellipsis"
)

// Made is what Message looks at of a finished message; *render.Message is one. P is its type for a part.
type Made[P part] interface {
	Subject() string
	Size() int64 // bytes on the wire
	Parts() []P
	Header() [][2]string // names and decoded values
}

// part has the fields of render.Part. It is spelt out so that this package imports none of the other rooms.
type part interface {
	~struct {
		ContentType, Name, CID string
		Size                   int64
		Inline                 bool
		Text                   string
	}
}

// Code describes a finding that [Message] or [Size] may report.
type Code struct {
	Code     string
	Severity Severity
	Doc      string
}

// These are the limits that the codes below speak of.
const (
	clippedHTML = 90 << 10   // bytes of HTML; Gmail cuts off at about 102 KB
	longSubject = 200        // runes; rspamd's LONG_SUBJ
	largeSize   = 10_240_000 // bytes; Postfix' message_size_limit unless set otherwise
)

// Codes lists what [Message] and [Size] look for.
func Codes() []Code {
	return []Code{
		{"empty-subject", Error, "the subject comes out empty for this row"},
		{"long-subject", Warning, "the subject has more than 200 characters"},
		{"no-value", Error, "the message says <no value>, which is what a template writes where there is nothing"},
		{"template-left", Error, "the subject or a header still has {{ in it"},
		{"blocked-value", Error,
			"html/template put #ZgotmplZ or ZgotmplZ where a value was not safe, as in a link that begins with javascript:"},
		{"empty-text", Warning, "the text part is empty"},
		{"clipped-html", Warning, "the HTML is larger than 90 KB; Gmail shows only the first 102 KB"},
		{"relative-link", Warning,
			"a link or an image leads nowhere in a mail unless it begins with https:, mailto:, cid: or the like"},
		{"escaped-query", Warning,
			"a link's query has the = of a cell as %3D: a cell that holds name=value pairs is taken for one value"},
		{"data-image", Warning, "an image is written into the HTML as data:, which Gmail does not show"},
		{"large-message", Warning, "the message is larger than 10 MB, which many servers refuse"},
		{"too-large", Error,
			"the message is larger than the provider takes, as its preset says (limits.raise: true leaves it to the server)"},
		{"bad-unsubscribe", Error, "List-Unsubscribe has no <https:…> and no <mailto:…> (RFC 2369)"},
		{"bad-one-click", Error,
			"List-Unsubscribe-Post needs an https List-Unsubscribe and the value List-Unsubscribe=One-Click (RFC 8058)"},
	}
}

// Size reports a message of size bytes that is larger than who takes. If most is 0, no limit is known.
func Size(size, most int64, who string) []Finding {
	var found findings
	if most > 0 && size > most {
		found.add("too-large", Error,
			fmt.Sprintf("the message has %.1f MB; %s takes %.1f MB", float64(size)/1e6, who, float64(most)/1e6),
			"link to the file instead")
	}
	return found
}

// Message looks at a finished message for what no protocol forbids and nobody wants to send. The findings have no
// place, because only the caller knows the row. It is pure and may be called concurrently.
func Message[P part](m Made[P]) []Finding {
	var found findings
	found.subject(m.Subject())
	found.header(m.Header())
	if m.Size() > largeSize {
		found.add("large-message", Warning, fmt.Sprintf("the message has %.1f MB", float64(m.Size())/1e6),
			"many servers take 10 MB at most; link to the file instead")
	}
	for _, p := range m.Parts() {
		part := struct {
			ContentType, Name, CID string
			Size                   int64
			Inline                 bool
			Text                   string
		}(p)
		if part.Name != "" { // an attachment, whatever is in it
			continue
		}
		switch kind, _, _ := strings.Cut(strings.ToLower(part.ContentType), ";"); strings.TrimSpace(kind) {
		case "text/plain":
			found.text(part.Text)
		case "text/html":
			found.html(part.Text)
		}
	}
	return found
}

type findings []Finding

func (fs *findings) add(code string, severity Severity, text, hint string) {
	*fs = append(*fs, Finding{Code: code, Severity: severity, Text: text, Hint: hint})
}

func (fs *findings) subject(s string) {
	if strings.TrimSpace(s) == "" {
		fs.add("empty-subject", Error, "the subject is empty",
			"fill the column that it is made of, or use default in the template")
	}
	if n := utf8.RuneCountInString(s); n > longSubject {
		fs.add("long-subject", Warning, fmt.Sprintf("the subject has %d characters", n), "mail programs show about 60")
	}
}

func (fs *findings) header(fields [][2]string) {
	unsubscribe, post, hasUnsubscribe, hasPost := "", "", false, false
	for _, f := range fields {
		name, value := f[0], f[1]
		if strings.Contains(value, "{{") {
			fs.add("template-left", Error, fmt.Sprintf("%s still has {{ in it", name),
				"does a cell hold a template of another program?")
		}
		if strings.Contains(value, "<no value>") {
			fs.add("no-value", Error, fmt.Sprintf("%s says <no value>", name), "use default in the template")
		}
		switch strings.ToLower(name) {
		case "list-unsubscribe":
			unsubscribe, hasUnsubscribe = strings.ToLower(value), true
		case "list-unsubscribe-post":
			post, hasPost = strings.TrimSpace(value), true
		}
	}
	https := strings.Contains(unsubscribe, "<https://")
	link := https || strings.Contains(unsubscribe, "<mailto:") || strings.Contains(unsubscribe, "<http://")
	if hasUnsubscribe && !link {
		fs.add("bad-unsubscribe", Error, "List-Unsubscribe has no address in angle brackets",
			"write <https://…> or <mailto:…>")
	}
	if hasPost && (!https || post != "List-Unsubscribe=One-Click") {
		fs.add("bad-one-click", Error,
			"List-Unsubscribe-Post needs an https List-Unsubscribe and the value List-Unsubscribe=One-Click",
			"see RFC 8058; leave the header out if one click is not enough to unsubscribe")
	}
}

func (fs *findings) text(s string) {
	if strings.TrimSpace(s) == "" {
		fs.add("empty-text", Warning, "the text part is empty", "some people read nothing else")
	}
	fs.left(s, "text part", "<no value>")
}

func (fs *findings) html(s string) {
	if len(s) > clippedHTML {
		fs.add("clipped-html", Warning, fmt.Sprintf("the HTML has %d KB", len(s)>>10),
			"Gmail shows only the first 102 KB and hides an unsubscribe link after them")
	}
	fs.left(s, "HTML", "&lt;no value&gt;")
	if strings.Contains(s, "ZgotmplZ") {
		fs.add("blocked-value", Error, "an unsafe value was left out of the HTML",
			"a link must begin with https:, http: or mailto:")
	}
	relative, data, escaped := "", false, ""
	for target := range targets(s) {
		switch {
		case strings.HasPrefix(target, "data:"):
			data = true
		case relative == "" && isRelative(target):
			relative = target
		}
		if escaped == "" && hasEscapedQuery(target) {
			escaped = target
		}
	}
	if escaped != "" {
		fs.add("escaped-query", Warning, "a cell's name=value pairs are one value in the link "+ellipsis.Quote(escaped, 61),
			"write the names in the template, ?name={{.value}}, or have the whole link in the cell")
	}
	if relative != "" {
		fs.add("relative-link", Warning, ellipsis.Quote(relative, 41)+" leads nowhere in a mail",
			"write the whole link; attach images and show them by cid:")
	}
	if data {
		fs.add("data-image", Warning, "an image is written into the HTML as data:",
			"attach it with a cid; Gmail does not show data: images")
	}
}

func (fs *findings) left(s, where, noValue string) {
	if strings.Contains(s, noValue) {
		fs.add("no-value", Error, fmt.Sprintf("the %s says <no value>", where), "use default in the template")
	}
}

// targets yields what the href and src attributes of HTML hold. It looks only for the attributes and does not parse.
// Each of a million messages passes here, and a warning may miss what is oddly written.
func targets(s string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for _, name := range []string{" href=", " src="} {
			for rest := s; ; {
				i := strings.Index(rest, name)
				if i < 0 {
					break
				}
				rest = rest[i+len(name):]
				if rest == "" || rest[0] != '"' && rest[0] != '\'' {
					continue
				}
				end := strings.IndexByte(rest[1:], rest[0])
				if end < 0 {
					break
				}
				if !yield(rest[1 : 1+end]) {
					return
				}
				rest = rest[1+end:]
			}
		}
	}
}

// hasEscapedQuery says whether a link's query has a parameter without = whose name holds an escaped one: ?a%3d1%26b%3d2.
func hasEscapedQuery(target string) bool {
	_, query, ok := strings.Cut(target, "?")
	if !ok || !strings.Contains(query, "%3d") && !strings.Contains(query, "%3D") {
		return false
	}
	query, _, _ = strings.Cut(query, "#")
	for parameter := range strings.SplitSeq(strings.ReplaceAll(query, "&amp;", "&"), "&") {
		if name, _, ok := strings.Cut(strings.ToLower(parameter), "%3d"); ok && name != "" &&
			!strings.ContainsAny(parameter, "=/") && !strings.Contains(name, "%") {
			return true
		}
	}
	return false
}

// isRelative says whether a link has no scheme and is not a place within the message.
func isRelative(target string) bool {
	if target == "" || target[0] == '#' {
		return false
	}
	scheme, _, ok := strings.Cut(target, ":")
	if !ok {
		return true
	}
	return strings.ContainsAny(scheme, "/?#. ")
}
