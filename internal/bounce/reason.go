package bounce

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"mailshot/sender/reply"
)

// words are what somebody said about one recipient.
type words struct {
	text   string // a server's answer, or the text of a notice about the recipient
	status string // the Status of a report, RFC 3463 code and all; ""
	host   string // the server whose words they are, if it is known
	to     string // the recipient, if it is known
	final  bool   // the delivery was given up
}

var (
	// enhancedCode is a code of RFC 3463.
	enhancedCode = regexp.MustCompile(`\b[245]\.\d{1,3}\.\d{1,3}\b`)
	// replyCode is a basic code, perhaps with an enhanced one.
	replyCode = regexp.MustCompile(`(?:^|[\s:;,<>\[("'=#|])([45]\d\d)[ '-]*(?:(?:ERROR_CODE|#|-|:|\(| )*([245]\.\d{1,3}\.\d{1,3})\b)?` +
		`(?:$|[\s:;,<>\]()"'#.-])`)
	// inAddress is what must not be taken for a code.
	inAddress = regexp.MustCompile(`\[?\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\b\]?(?::\d+)?|` + address + `|\bhttps?://\S+`)
	// category is what some gateways put before a server's answer: "5.1.0 - Unknown address error 550-'…'".
	category = regexp.MustCompile(`(?i)[45]\.\d\.\d{1,3} - [a-z ]{4,60} ?['"]?(?:[45]\d\d)?-?['"]`)
	// scanned is what a scanner writes below each message. It is about no message in particular.
	scanned = regexp.MustCompile(`(?i)(?:message|mail) (?:has been|was|is) scanned (?:for|by)[^.\n]*(?:\n[^.\n]+)?`)
	// wordsOf is the server that Postfix, Exim and others name before its words.
	wordsOf = regexp.MustCompile(`(?i)\bhost ([a-z0-9][a-z0-9.-]+\.[a-z]{2,})(?: ?\[[^\]]*\])?(?: said|:|\s+refused)`)
)

// codes returns the basic and the enhanced code that the words have; 0 and "".
func (w words) codes() (code int, enhanced string) {
	text := inAddress.ReplaceAllString(w.text, " ")
	for _, m := range replyCode.FindAllStringSubmatch(text, 30) {
		n, _ := strconv.Atoi(m[1])
		if n > 559 || n >= 460 && n < 500 {
			continue
		}
		if code == 0 {
			code, enhanced = n, m[2]
		}
		if enhanced == "" && m[2] != "" && n == code {
			enhanced = m[2]
		}
	}
	if enhanced == "" {
		for _, e := range enhancedCode.FindAllString(text, 30) {
			if enhanced == "" || generic(enhanced) && !generic(e) {
				enhanced = e
			}
		}
	}
	return code, enhanced
}

// generic reports whether an enhanced code says nothing: "", 5.0.0, 5.5.0.
func generic(enhanced string) bool {
	return enhanced == "" || strings.HasSuffix(enhanced, ".0.0") || strings.HasSuffix(enhanced, ".5.0")
}

// stage returns when in its session the server said it, where that stands beside the words.
func (w words) stage() reply.Stage {
	said := flat(w.text)
	for _, s := range book().stages {
		if s.pattern.MatchString(said) {
			return s.stage
		}
	}
	return reply.End
}

// decide fills in the codes and the reason of a report from the words.
func (w words) decide(r *Report) {
	if len(w.text) > 4<<10 {
		w.text = strings.ToValidUTF8(w.text[:4<<10], "")
	}
	w.text = scanned.ReplaceAllString(category.ReplaceAllString(w.text, " 550 "), "")
	code, enhanced := w.codes()
	status := enhancedCode.FindString(w.status)
	if strings.HasPrefix(status, "2") {
		status = "" // that of another hop
	}
	r.Code, r.Enhanced = code, enhanced
	switch {
	case generic(enhanced) && !generic(status) && (code == 0 || enhanced != ""):
		enhanced = status
		r.Enhanced = status
	case enhanced == "":
		// A status that a program derived from the basic code says no more than that code.
		r.Enhanced = status
	}
	temporary := code/100 == 4 || code == 0 && strings.HasPrefix(r.Enhanced, "4") || !w.final ||
		strings.HasPrefix(status, "4") && code/100 != 5
	r.Reason = w.reason(code, enhanced, r.Enhanced, temporary)
	if r.Reason == Hard && (temporary || strings.HasPrefix(status, "4") || strings.HasPrefix(enhanced, "4")) {
		r.Reason = Soft
	}
}

// reason says why. said is the enhanced code of the words, and known that of the words or the report.
func (w words) reason(code int, said, known string, temporary bool) Reason {
	if code == 0 {
		code = 550
		if temporary {
			code = 450
		}
	}
	means := reply.Meanings(w.text)
	is := func(ids ...string) bool {
		return slices.ContainsFunc(ids, func(id string) bool { return slices.Contains(means, id) })
	}
	subject := ""
	if len(known) > 2 {
		subject = known[2:]
	}
	text := w.plain()
	full := is("full") && !orFull.MatchString(text)
	if subject == "2.2" && !is("relay", "rate") ||
		full && !is("quota", "storage", "size") && !slices.Contains([]string{"3.1", "3.4", "4.5", "4.6"}, subject) {
		return Full
	}
	if reason, ok := book().early(text, is("later"), temporary); ok {
		return reason
	}
	if subject == "7.13" && is("gone") && !is("later") {
		return Hard // RFC 5248: the account is disabled
	}
	v := reply.Classify(w.stage(), code, said, w.text, reply.System(w.server()))
	switch {
	case v.Suppress && doubtful.MatchString(text) && is("gone"):
		return Unknown
	case v.Suppress && doubtful.MatchString(text):
		return Policy
	case v.Suppress:
		return Hard
	}
	if is("suspended") && v.About == reply.AboutRecipient && !is("relay", "reputation", "sender", "refuses") {
		return Soft
	}
	if reason, ok := book().late(text, is(blaming...), temporary); ok {
		return reason
	}
	return w.refused(v, is, subject, temporary)
}

// orFull are words of servers that do not say which of two it is: that nobody is there, or that there is no room.
var orFull = regexp.MustCompile(`(?:unknown|not exist|desconocid\w*|inexistente|no existe|não existe|unbekannt) (?:or|o|ou|oder) `)

// doubtful are words beside which an unknown user may be a pretext.
var doubtful = regexp.MustCompile(`\bpolic(?:y|ies)\b|black ?list|block ?list|\bblock(?:ed|ing)?\b|\bspam`)

// blaming are what sender/reply calls the meanings of words that somebody else is to blame, or that the trouble passes.
var blaming = []string{"later", "relay", "authentication", "reputation", "account", "sender", "name", "login", "links",
	"size", "malformed", "full", "quota", "rate", "busy", "greylist", "suspended", "refuses"}

// refused says what a verdict means that is not about a mailbox that is gone.
func (w words) refused(v reply.Verdict, is func(...string) bool, subject string, temporary bool) Reason {
	switch {
	case is("greylist", "busy", "worn", "storage"), is("quota", "rate") && !is("reputation", "authentication", "relay"):
		return Soft
	case is("refuses"):
		return Policy
	case is("relay", "authentication", "reputation", "account", "sender", "name", "login"):
		return Policy
	case is("size", "malformed", "links"), v.Class == reply.Message && !strings.HasPrefix(subject, "7.") && is("content"):
		return Content
	case is("nowhere") && !temporary && !is("later"):
		return Hard
	case is("later", "suspended"):
		return Soft
	case v.Class == reply.Stop:
		return Policy
	case temporary && !strings.HasPrefix(subject, "7."):
		return Soft
	case is("content"):
		return Content
	}
	return bySubject(subject, temporary)
}

// bySubject says what is left when words say nothing (RFC 3463 section 3).
func bySubject(subject string, temporary bool) Reason {
	class, _, _ := strings.Cut(subject, ".")
	switch {
	case subject == "1.7", subject == "1.8", class == "7":
		return Policy
	case subject == "2.3", subject == "3.4", class == "6":
		return Content
	case subject == "3.0", subject == "3.1", subject == "3.2", subject == "4.1", subject == "4.2", subject == "4.3",
		subject == "4.5", subject == "4.6", subject == "4.7", temporary:
		return Soft
	}
	return Unknown
}

// plain returns the words as reasons.txt is asked about them: without addresses and links, whose names may mean anything,
// but with the recipient's domain and the server before them.
func (w words) plain() string {
	text := flat(inAddress.ReplaceAllString(w.text, "<>"))
	if _, domain, found := strings.Cut(strings.ToLower(w.to), "@"); found {
		text = "to @" + domain + " host " + w.server() + " said: " + text
	}
	return text
}

// server returns the server whose words they are.
func (w words) server() string {
	if m := wordsOf.FindStringSubmatch(w.text); m != nil {
		return m[1]
	}
	return w.host
}

// flat makes a text one line in lower case, with single blanks.
func flat(s string) string { return strings.Join(strings.Fields(strings.ToLower(s)), " ") }
