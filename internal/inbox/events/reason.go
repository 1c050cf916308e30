package events

import (
	"regexp"
	"strconv"
	"strings"

	"mailshot/internal/bounce"
	"mailshot/sender/reply"
)

// answer is what a recipient's server said, as far as a provider hands it on.
type answer struct {
	code     int    // 0 if it said none
	enhanced string // ""
	text     string // without "smtp;" before it
	implied  bool   // code is only the class of the enhanced one (RFC 2034 section 4)
}

var (
	coded    = regexp.MustCompile(`^\D{0,12}?\b([245][0-5]\d)(?:[ \-:,;#]|$)`)
	enhanced = regexp.MustCompile(`(?:^|[^\d.])([245]\.\d{1,3}\.\d{1,3})(?:[^\d.]|\.?$|\.\D)`)
	kinds    = regexp.MustCompile(`(?i)^\s*(?:smtp|x-[a-z0-9-]+|dns|unknown)\s*;\s*`)
)

// said parses an answer. code and status are what the provider says of it beside its text: "550", "5.1.1" or "".
func said(text, code, status string) answer {
	a := answer{text: reply.Clean(kinds.ReplaceAllString(text, ""))}
	for _, s := range []string{code, status} {
		if n, err := strconv.Atoi(strings.TrimSpace(s)); err == nil && proper(n) {
			a.code = n
		}
	}
	if m := coded.FindStringSubmatch(a.text); m != nil && a.code == 0 {
		a.code, _ = strconv.Atoi(m[1])
	}
	for _, s := range []string{status, a.text, code} {
		if m := enhanced.FindStringSubmatch(strings.TrimSpace(s)); m != nil {
			a.enhanced = m[1]
			break
		}
	}
	if a.code == 0 && a.enhanced != "" {
		a.code, a.implied = map[byte]int{'2': 250, '4': 450, '5': 550}[a.enhanced[0]], true
	}
	return a
}

// proper reports whether a number is a basic code of RFC 5321 section 4.2. Providers have others of their own: 498,
// 605.
func proper(n int) bool { return (n >= 200 && n < 300 || n >= 400 && n < 600) && n/10%10 <= 5 }

// basic is the code to report: none where the server gave only an enhanced one.
func (a answer) basic() int {
	if a.implied {
		return 0
	}
	return a.code
}

// rank is how much a provider's category says.
type rank int

const (
	vague rank = iota // it says only that it failed, for good or not
	exact             // it says why
)

// meaning is what a provider's category means, and how much it says.
type meaning struct {
	kind bounce.Kind
	why  bounce.Reason
	how  rank
}

// What the table of sender/reply does not say, as it asks only whose fault an answer is.
var (
	passingWords = regexp.MustCompile(`(?i)gr[ae]y-?list|\b(?:timed? ?out|expired|giving up|unreachable|` +
		`(?:could|can) ?not (?:deliver|connect)|not accept our requests|unable to (?:connect|deliver)|` +
		`network error|system error|transaction failed|connection (?:refused|lost|reset|dropped)|` +
		`(?:after|failed) (?:\d+|multiple) (?:attempts|retries|tries)|too long in|in the queue too long|` +
		`(?:start)?tls|certificate)\b`)
	fullWords = regexp.MustCompile(`(?i)\b(?:over ?quota|quota|mailbox (?:is )?full|full mailbox|` +
		`(?:out of|insufficient) storage|exceed\w* (?:the )?(?:allowed|maximum|allotted) (?:size|storage|space)|storage (?:limit|quota|full|exceeded))\b`)
	listWords = regexp.MustCompile(`(?i)\b(?:block ?list\w*|black ?list\w*|deny ?list\w*|spamhaus|spamcop|barracuda\w*|` +
		`dnsbl|rbl|blocked using|reputation|dmarc|spf|dkim|unauthenticated|banned|relay\w*|reverse dns|ptr|` +
		`unsolicited|user complaints)\b`)
	contentWords = regexp.MustCompile(`(?i)\b(?:spam|spam-?my|spam(?:like|score)|virus\w*|malware|phish\w*|content|` +
		`attachment|too (?:large|big)|message size)\b`)
	blamed      = regexp.MustCompile(`(?:^|[^\d.])[45]\.7\.\d{1,3}(?:[^\d.]|$)`)
	policyWords = regexp.MustCompile(`(?i)\b(?:polic\w+|prohibit\w*|access denied|not allowed|not authori[sz]ed)\b`)
)

// hears says what the answer of a server means, and whether that is beyond doubt.
func (a answer) hears() (why bounce.Reason, sure bool) {
	if a.text == "" && a.code == 0 && a.enhanced == "" {
		return bounce.Unknown, false
	}
	code, subject := a.code, ""
	if code < 400 {
		code = 550 // words alone: whether they pass was the provider's to say
	}
	if len(a.enhanced) > 2 {
		subject = a.enhanced[2:]
	}
	v := reply.Classify(reply.Rcpt, code, a.enhanced, a.text, "")
	seven := strings.HasPrefix(subject, "7.")
	switch {
	case v.Suppress && !seven && blamed.MatchString(a.text):
		return bounce.Policy, true // one server quotes another, whose code is about the sender
	case v.Suppress:
		return bounce.Hard, true
	case passingWords.MatchString(a.text):
		return bounce.Soft, true
	case subject == "2.2" || fullWords.MatchString(a.text):
		return bounce.Full, true
	case listWords.MatchString(a.text), subject == "1.7", subject == "1.8":
		return bounce.Policy, true
	case v.About == reply.AboutMessage, strings.HasPrefix(subject, "6."), subject == "3.4", subject == "2.3",
		contentWords.MatchString(a.text):
		return bounce.Content, true
	case seven, v.About == reply.AboutSender, v.About == reply.AboutGroup, v.Class == reply.Stop,
		policyWords.MatchString(a.text):
		return bounce.Policy, true
	case v.Class == reply.Retry, v.Class == reply.Hold:
		return bounce.Soft, true
	}
	return bounce.Unknown, false
}

// judge says why a message was not delivered, of the provider's category and the server's answer. Hard needs both, or
// one of them and nothing against it from the other.
func judge(category bounce.Reason, how rank, a answer) (why bounce.Reason, confidence float64) {
	heard, sure := a.hears()
	switch {
	case !sure && how == exact:
		return category, 0.9
	case !sure:
		return category, 0.8
	case heard == category:
		return category, 1
	case category == bounce.Hard: // the provider calls hard what was refused for another reason
		return heard, 0.9
	case how == exact:
		return category, 0.9
	case heard == bounce.Hard && a.code != 0 && a.code < 500:
		return category, 0.8 // a 4xx is not the last word
	}
	return heard, 0.9
}

// line is a text as Report.Line has it: one line of at most 300 bytes, without controls.
func line(parts ...string) string {
	for _, p := range parts {
		p = reply.Clean(p)
		if p == "" {
			continue
		}
		if len(p) > 300 {
			p = strings.ToValidUTF8(p[:297], "") + "…"
		}
		return p
	}
	return ""
}

// failed is the report of a message that was not delivered.
func failed(recipient string, category bounce.Reason, how rank, a answer, words ...string) bounce.Report {
	why, confidence := judge(category, how, a)
	return bounce.Report{Kind: bounce.Bounce, Reason: why, Recipient: recipient, Code: a.basic(), Enhanced: a.enhanced,
		Confidence: confidence, Line: line(append([]string{a.text}, words...)...)}
}

// delayed is the report of a message that was not delivered yet.
func delayed(recipient string, category bounce.Reason, how rank, a answer, words ...string) bounce.Report {
	r := failed(recipient, category, how, a, words...)
	r.Kind = bounce.Delayed
	if r.Reason == bounce.Hard {
		r.Reason = bounce.Soft // the provider tries again
	}
	return r
}

// delivered is the report of a message that a server took.
func delivered(recipient string, a answer) bounce.Report {
	return bounce.Report{Kind: bounce.Delivered, Recipient: recipient, Code: a.basic(), Enhanced: a.enhanced,
		Detail: "delivered", Confidence: 1, Line: line(a.text)}
}

// other is a report of a kind that needs no reason.
func other(kind bounce.Kind, recipient, detail string, confidence float64, words ...string) bounce.Report {
	return bounce.Report{Kind: kind, Recipient: recipient, Detail: detail, Confidence: confidence, Line: line(words...)}
}

// atProvider is the Detail of what a person did at the provider, and not in words of a mail.
const atProvider = "provider"
