package check

import (
	"cmp"
	"fmt"
	"html"
	"strings"
	"unicode/utf8"

	"mailshot/internal/ellipsis"
)

// Made is what Message needs from a finished message; *render.Message implements it. P is its type for a part.
type Made[P part] interface {
	Subject() string
	Size() int64 // bytes on the wire
	Parts() []P
	Header() [][2]string // names and decoded values
}

// part has the fields of render.Part. It is written out so that this package imports none of the other packages.
type part interface {
	~struct {
		ContentType, Name, CID string
		Size                   int64
		Inline                 bool
		Text                   string
	}
}

// These are the limits of a message.
const (
	clippedHTML = 90 << 10   // bytes of HTML; Gmail cuts off at about 102 KB
	cutHTML     = 102 << 10  // bytes of HTML
	longSubject = 200        // runes; rspamd's LONG_SUBJ
	largeSize   = 10_240_000 // bytes; Postfix' message_size_limit unless set otherwise
)

// Size reports a message of size bytes that is larger than most, the limit of who. If most is 0, no limit is known.
func Size(size, most int64, who string) []Finding {
	var found findings
	if most > 0 && size > most {
		found.add(Attachments, "too-large", Error,
			fmt.Sprintf("the message has %.1f MB; %s takes %.1f MB", float64(size)/1e6, who, float64(most)/1e6),
			"link to the file instead")
	}
	return found
}

// Message looks in a finished message for things that no protocol forbids and nobody wants to send. The findings have
// no place, because only the caller knows the row. It is pure and may be called concurrently.
func Message[P part](m Made[P]) []Finding {
	var found findings
	found.subject(m.Subject())
	found.header(m.Subject(), m.Header())
	found.large(m.Size())
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

func (fs *findings) large(size int64) {
	if size > largeSize {
		fs.add(Attachments, "large-message", Warning, fmt.Sprintf("the message has %.1f MB", float64(size)/1e6),
			"many servers take 10 MB at most; link to the file instead")
	}
}

func (fs *findings) add(of Part, code string, severity Severity, text, hint string) {
	*fs = append(*fs, Finding{Code: code, Severity: severity, Text: text, Hint: hint, Part: of})
}

func (fs *findings) subject(s string) {
	if strings.TrimSpace(s) == "" {
		fs.add(Subject, "empty-subject", Error, "the subject is empty",
			"fill the column that it is made of, or use default in the template")
	}
	if n := utf8.RuneCountInString(s); n > longSubject {
		fs.add(Subject, "long-subject", Warning, fmt.Sprintf("the subject has %d characters", n),
			"mail programs show about 60")
	} else if n > wideSubject {
		fs.add(Subject, "wide-subject", Note, fmt.Sprintf("the subject has %d characters", n), "mail programs show about 60")
	}
	fs.subjectSays(s)
}

// fields are the header fields of one message, as far as they have been looked at.
type fields struct {
	unsubscribe, post       string
	hasUnsubscribe, hasPost bool
	thread                  bool // it answers another message
}

func (fs *findings) header(subject string, all [][2]string) {
	var h fields
	for _, f := range all {
		fs.field(&h, f[0], f[1], "")
	}
	fs.unsubscribe(&h)
	fs.reply(subject, h.thread)
}

// field looks at one field, whose value may come in two pieces.
func (fs *findings) field(h *fields, name, value, more string) {
	if strings.Contains(value, "{{") || strings.Contains(more, "{{") {
		fs.add(Part(name), "template-left", Error, fmt.Sprintf("%s still has {{ in it", name),
			"does a cell hold a template of another program?")
	}
	if strings.Contains(value, "<no value>") {
		fs.add(Part(name), "no-value", Error, fmt.Sprintf("%s says <no value>", name), "use default in the template")
	}
	switch {
	case strings.EqualFold(name, "list-unsubscribe"):
		h.unsubscribe, h.hasUnsubscribe = value, true
	case strings.EqualFold(name, "list-unsubscribe-post"):
		h.post, h.hasPost = strings.TrimSpace(value), true
	case strings.EqualFold(name, "in-reply-to"), strings.EqualFold(name, "references"):
		h.thread = true
	}
}

// unsubscribe compares the fields about unsubscribing.
func (fs *findings) unsubscribe(h *fields) {
	if !h.hasUnsubscribe && !h.hasPost {
		return
	}
	targets := strings.ToLower(h.unsubscribe)
	https := strings.Contains(targets, "<https://")
	link := https || strings.Contains(targets, "<mailto:") || strings.Contains(targets, "<http://")
	if h.hasUnsubscribe && !link {
		fs.add("List-Unsubscribe", "bad-unsubscribe", Error, "List-Unsubscribe has no address in angle brackets",
			"write <https://…> or <mailto:…>")
	}
	if h.hasPost && (!https || h.post != "List-Unsubscribe=One-Click") {
		fs.add("List-Unsubscribe-Post", "bad-one-click", Error,
			"List-Unsubscribe-Post needs an https List-Unsubscribe and the value List-Unsubscribe=One-Click",
			"see RFC 8058; leave the header out if one click is not enough to unsubscribe")
	}
}

// What a template writes where there is nothing, in text and in HTML, and what html/template writes in place of a value
// that is not safe.
const (
	noValue     = "<no value>"
	noValueHTML = "&lt;no value&gt;"
	blocked     = "ZgotmplZ"
)

func (fs *findings) text(s string) {
	fs.textSays(strings.TrimSpace(s) == "", strings.Contains(s, noValue))
}

func (fs *findings) textSays(empty, noValue bool) {
	if empty {
		fs.add(Text, "empty-text", Warning, "the text part is empty", "some people read nothing else")
	}
	fs.left(noValue, Text, "text part")
}

func (fs *findings) html(s string) {
	h := htmlSays{size: len(s), noValue: strings.Contains(s, noValueHTML), blocked: strings.Contains(s, blocked)}
	for target := range targets(s) {
		h.target(target)
	}
	fs.htmlSays(h)
}

// htmlSays is what is looked at of HTML.
type htmlSays struct {
	size             int // with lines ended by LF
	noValue, blocked bool
	linksTo
}

// linksTo is what is odd about the targets of links and images.
type linksTo struct {
	relative string // the first that has no scheme
	escaped  string // the first with the = of a cell
	data     string // the first that is the data itself
}

// target looks at one more target.
func (l *linksTo) target(target string) {
	switch {
	case strings.HasPrefix(target, "data:"):
		l.data = cmp.Or(l.data, target)
	case l.relative == "" && isRelative(target):
		l.relative = target
	}
	if l.escaped == "" && hasEscapedQuery(target) {
		l.escaped = target
	}
}

func (fs *findings) htmlSays(h htmlSays) {
	if h.size > cutHTML {
		fs.add(HTML, "cut-html", Warning, fmt.Sprintf("the HTML has %d KB, and Gmail cuts it off after 102", h.size>>10),
			"write less: what is cut off is mostly the link to unsubscribe")
	} else if h.size > clippedHTML {
		fs.add(HTML, "clipped-html", Warning, fmt.Sprintf("the HTML has %d KB", h.size>>10),
			"Gmail shows only the first 102 KB and hides an unsubscribe link after them")
	}
	fs.left(h.noValue, HTML, "HTML")
	if h.blocked {
		fs.add(address+"#"+blocked, "blocked-value", Error, "an unsafe value was left out of the HTML",
			"a link must begin with https:, http: or mailto:")
	}
	if h.escaped != "" {
		fs.add(linkTo(h.escaped), "escaped-query", Warning,
			"a cell's name=value pairs are one value in the link "+ellipsis.Quote(h.escaped, 61),
			"write the names in the template, ?name={{.value}}, or have the whole link in the cell")
	}
	if h.relative != "" {
		fs.add(linkTo(h.relative), "relative-link", Warning, ellipsis.Quote(h.relative, 41)+" leads nowhere in a mail",
			"write the whole link; attach images and show them by cid:")
	}
	if h.data != "" {
		fs.add(linkTo(h.data), "data-image", Warning, "an image is written into the HTML as data:",
			"attach it with a cid; Gmail does not show data: images")
	}
}

// linkTo is the part of a message that leads to an address, which is written as in HTML.
func linkTo(to string) Part { return Part(address + html.UnescapeString(to)) }

func (fs *findings) left(noValue bool, of Part, where string) {
	if noValue {
		fs.add(of, "no-value", Error, fmt.Sprintf("the %s says <no value>", where), "use default in the template")
	}
}

// attributes are those that targets looks for, in this order.
var attributes = [2]string{" href=", " src="}

// targets yields the values of the href and src attributes of HTML. It looks only for the attributes and does not
// parse. A million messages may pass here, and a warning may miss an attribute that is oddly written.
func targets(s string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for _, name := range attributes {
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

// hasEscapedQuery says whether a link's query has a parameter without = whose name holds an escaped one:
// ?a%3d1%26b%3d2.
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
