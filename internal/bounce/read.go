package bounce

import (
	"io"
	"net/mail"
	"regexp"
	"strings"
	"time"

	"mailshot/internal/bounce/answer"
	"mailshot/internal/bounce/parts"
)

// Options say how much of a message is looked at. The zero value is useful.
type Options struct {
	Limits parts.Limits // each has a default
}

// Read reads a message that came back, and says what it means. The errors are those of r, and a [parts.LimitError] for a
// message that is too large, too deep or too long to be looked at: it should be left where it is. No other message is an
// error: one that says nothing is [Other]. Read is pure, and safe for concurrent use.
func Read(r io.Reader, o Options) (*Mail, error) {
	root, err := parts.Read(r, o.Limits)
	if err != nil {
		return nil, err
	}
	l := lay(root)
	m := &Mail{Date: date(root.Header), From: firstAddress(root.Header.Get("From")), To: cameTo(root.Header)}
	m.Reports = l.reports()
	m.About = l.about()
	if len(m.Reports) == 0 {
		m.Reports = []Report{l.answered(m)}
	}
	for i := range m.Reports {
		m.Reports[i].Line = oneLine(m.Reports[i].Line)
	}
	return m, nil
}

// reports asks the standards first, and then the rules for notices. None: the message is no report.
func (l *layout) reports() []Report {
	for _, ask := range []func(*layout) []Report{
		(*layout).complaints, (*layout).deliveries, (*layout).dispositions, (*layout).events, (*layout).noticed,
	} {
		if all := ask(l); len(all) > 0 {
			return all
		}
	}
	return nil
}

// answered says what a message is that neither a standard nor a rule for notices decides: an answer of a program or of a
// person, who is the one that it is about.
func (l *layout) answered(m *Mail) Report {
	a := answer.Read(answer.Message{Header: l.field, Date: m.Date, Text: l.plain, HTML: l.html})
	return Report{Kind: Kind(a.Kind), Recipient: m.From, Until: a.Until, Successor: a.Successor,
		Confidence: a.Confidence, Line: a.Line}
}

// field returns the values of a field of the message, a line each, decoded.
func (l *layout) field(name string) string {
	all := l.root.Header.All(name)
	for i := range all {
		if all[i] = parts.Words(all[i]); all[i] == "" && strings.EqualFold(name, "Return-Path") {
			all[i] = "<>"
		}
	}
	return strings.Join(all, "\n")
}

// The most of a message's text that is read, of one part and of all.
const (
	partText  = 64 << 10
	wholeText = 192 << 10
)

// layout is a message with its parts sorted by what they are for.
type layout struct {
	root        *parts.Part
	status      []parts.Header // groups of fields of delivery reports
	feedback    []parts.Header // those of complaints
	disposition []parts.Header
	originals   []parts.Header // the headers of what was returned
	embedded    []*parts.Part  // the messages within
	notice      string         // the text, up to the returned message
	whole       string         // all of the text
	plain, html string         // the text as it is, and with tags
	rest        string         // what the notice was cut off from
	asked       bool
	notices     []Report // what the rules for notices say, when asked
}

// lay sorts a message's parts.
func lay(root *parts.Part) *layout {
	l := &layout{root: root}
	var plain, markup []string
	total := 0
	root.Walk(func(p *parts.Part) bool {
		switch p.Type {
		case "message/delivery-status", "message/global-delivery-status":
			l.status = append(l.status, parts.Fields(p.Text(partText))...)
		case "message/feedback-report":
			l.feedback = append(l.feedback, parts.Fields(p.Text(partText))...)
		case "message/disposition-notification", "message/global-disposition-notification":
			l.disposition = append(l.disposition, parts.Fields(p.Text(partText))...)
		case "text/rfc822-headers", "message/rfc822-headers", "message/global-headers", "message/partial":
			l.returned(p.Text(partText))
		case "message/rfc822", "message/global":
			if len(p.Parts) > 0 {
				l.originals = append(l.originals, p.Parts[0].Header)
				l.embedded = append(l.embedded, p.Parts[0])
			}
			return false
		case "application/octet-stream":
			if text := p.Text(partText); len(p.Raw) < partText && reportFields.MatchString(text) {
				l.status = append(l.status, parts.Fields(text)...)
			}
		default:
			if len(p.Parts) > 0 || total > wholeText ||
				!strings.HasPrefix(p.Type, "text/") && !strings.HasPrefix(p.Type, "multipart/") {
				return true
			}
			if p != root && p.Header.Get("Received") != "" {
				l.originals = append(l.originals, p.Header) // the returned message, as if it were a part itself
				return false
			}
			text := p.Text(partText)
			total += len(text)
			if p.Type == "text/html" {
				markup = append(markup, text)
				l.html += p.Source(partText)
			} else {
				plain = append(plain, text)
			}
		}
		return true
	})
	l.plain = strings.Join(plain, "\n\n")
	if strings.TrimSpace(l.plain) == "" {
		plain = markup
	}
	l.whole = strings.Join(plain, "\n\n")
	l.split()
	return l
}

// reportFields are those without which a text is not a delivery report.
var reportFields = regexp.MustCompile(`(?im)^(?:Final|Original)-Recipient:[^\n]*\n(?:[^\n]+\n)*?(?:Action|Status):|` +
	`^Action: *(?:failed|delayed|relayed|delivered|expanded)\s*\n(?:[^\n]+\n)*?(?:Final|Original)-Recipient:`)

// returned reads the header of the returned message from a text.
func (l *layout) returned(text string) {
	text = quoteMarks.ReplaceAllString(text, "")
	for n, h := range parts.Fields(text) {
		if n > 3 {
			return
		}
		if h.Get("Message-ID") != "" || h.Get("Return-Path") != "" || h.Get("From") != "" && h.Get("Subject") != "" {
			l.originals = append(l.originals, h)
			return
		}
	}
}

var quoteMarks = regexp.MustCompile(`(?m)^(?:[ \t]*> ?)+`)

// split cuts the returned message off the text.
func (l *layout) split() {
	l.notice = l.whole
	for _, at := range book().ends.FindAllStringIndex(l.whole, -1) {
		if strings.TrimSpace(l.whole[:at[0]]) == "" {
			continue // nothing would be left
		}
		l.notice, l.rest = l.whole[:at[0]], l.whole[at[0]:]
		l.returned(l.whole[at[0]:])
		return
	}
}

// about gathers how the message names the one that it is about.
func (l *layout) about() Original {
	var o Original
	add := func(list *[]string, values ...string) {
		for _, v := range values {
			if v != "" && !contains(*list, v) && len(*list) < 20 {
				*list = append(*list, v)
			}
		}
	}
	for _, groups := range [][]parts.Header{l.status, l.feedback} {
		for _, h := range groups {
			if id := h.Get("Original-Envelope-Id"); id != "" && o.EnvelopeID == "" {
				o.EnvelopeID = unXtext(id)
			}
			add(&o.Senders, firstAddress(h.Get("Original-Mail-From")))
		}
	}
	for _, h := range l.disposition {
		add(&o.MessageIDs, ids(h.Get("Original-Message-ID"))...)
	}
	for _, h := range l.originals {
		for _, name := range []string{"Return-Path", "X-Envelope-From", "X-Original-Return-Path", "Envelope-From"} {
			add(&o.Senders, firstAddress(h.Get(name)))
		}
		for _, v := range h.All("Received") {
			if m := envelopeFrom.FindStringSubmatch(v); m != nil {
				add(&o.Senders, firstAddress(m[1]))
			}
		}
		add(&o.MessageIDs, ids(h.Get("Message-ID"))...)
	}
	if len(o.MessageIDs) == 0 {
		for _, m := range messageID.FindAllStringSubmatch(l.whole, 20) {
			add(&o.MessageIDs, m[1])
		}
	}
	add(&o.MessageIDs, ids(l.root.Header.Get("In-Reply-To"))...)
	references := ids(l.root.Header.Get("References"))
	for i := len(references) - 1; i >= 0; i-- {
		add(&o.MessageIDs, references[i])
	}
	return o
}

var (
	envelopeFrom = regexp.MustCompile(`(?i)\(?envelope[- ](?:from|sender):? *<?([^\s<>()]+@[^\s<>()]+)`)
	messageID    = regexp.MustCompile(`(?im)^[ \t>]*Message-ID: *<([^\s<>]+@[^\s<>]+)>`)
	angled       = regexp.MustCompile(`<([^\s<>]+)>`)
)

// ids returns the message ids of a field.
func ids(s string) []string {
	var all []string
	for _, m := range angled.FindAllStringSubmatch(s, 50) {
		all = append(all, m[1])
	}
	if s = strings.TrimSpace(s); len(all) == 0 && s != "" && !strings.ContainsAny(s, " \t") {
		all = append(all, strings.Trim(s, "<>"))
	}
	return all
}

// unXtext decodes xtext (RFC 3461 section 4). What is not xtext stays as it is.
func unXtext(s string) string {
	if !strings.Contains(s, "+") {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '+' {
			b.WriteByte(s[i])
			continue
		}
		if i+2 >= len(s) || upperHex(s[i+1]) < 0 || upperHex(s[i+2]) < 0 {
			return s
		}
		b.WriteByte(byte(upperHex(s[i+1])<<4 | upperHex(s[i+2])))
		i += 2
	}
	return b.String()
}

func upperHex(c byte) int { return strings.IndexByte("0123456789ABCDEF", c) }

// cameTo returns the addresses to which a message came.
func cameTo(h parts.Header) []string {
	var to []string
	for _, name := range []string{"Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "X-Delivered-To",
		"X-RCPT-TO", "To", "Cc", "Apparently-To", "Resent-To"} {
		for _, v := range h.All(name) {
			for _, a := range anyAddress.FindAllString(v, 100) {
				if a = trimAddress(a); a != "" && !contains(to, a) && len(to) < 200 {
					to = append(to, a)
				}
			}
		}
	}
	return to
}

func date(h parts.Header) time.Time {
	t, err := mail.ParseDate(h.Get("Date"))
	if err != nil {
		return time.Time{}
	}
	return t
}
