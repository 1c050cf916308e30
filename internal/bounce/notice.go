package bounce

import (
	"regexp"
	"strings"
)

// noticed reads notices that keep to no standard, by the rules. It remembers what it found.
func (l *layout) noticed() []Report {
	if !l.asked {
		l.asked = true
		l.notices = l.byRules()
	}
	return l.notices
}

func (l *layout) byRules() []Report {
	h := l.root.Header
	from, subject := h.Text("From"), h.Text("Subject")
	// Quoted lines are words of somebody else.
	text := flat(quotedLine.ReplaceAllString(l.notice, ""))
	program := l.byProgram()
	var nobody []Report
	for i := range book().notices {
		r := &book().notices[i]
		if !r.fits(h, from, subject, text, program) {
			continue
		}
		all := l.by(r)
		if len(all) > 0 && all[0].Recipient != "" {
			return l.settled(all)
		}
		if nobody == nil {
			nobody = all
		}
	}
	if nobody == nil && len(l.failedRecipients()) > 0 {
		return l.by(&rule{kind: Bounce, program: true}) // the field says it, whatever the words are
	}
	return nobody
}

var quotedLine = regexp.MustCompile(`(?m)^[ \t]*>[^>].*$`)

// by reads a notice by a rule.
func (l *layout) by(r *rule) []Report {
	known := l.failedRecipients()
	senders := l.senders()
	blocks := l.blocks(r, func(a string) bool { return contains(known, a) || !contains(senders, a) })
	if len(blocks) == 0 {
		for _, a := range known {
			blocks = append(blocks, block{address: a, text: l.notice[:min(len(l.notice), 4<<10)]})
		}
	}
	if len(blocks) == 0 {
		blocks = []block{{text: l.notice}}
	}
	for i := range blocks {
		blocks[i].alone = len(blocks) == 1
	}
	common := ""
	if r.why != nil {
		if m := r.why.FindAllStringSubmatch(l.notice, 10); m != nil {
			common = strings.TrimSpace(m[len(m)-1][1])
		}
	}
	var all []Report
	for _, b := range blocks {
		one := Report{Kind: r.kind, Recipient: b.address, Detail: r.detail, Confidence: 0.9}
		if m := expandedFrom.FindStringSubmatch(b.text); m != nil && !strings.EqualFold(m[1], b.address) {
			one.Original = trimAddress(m[1])
		}
		if r.program {
			one.Confidence = 0.7
		}
		if one.Recipient == "" {
			one.Confidence = 0.5
		}
		if r.kind != Bounce && r.kind != Delayed {
			one.Line = firstLine(b.text)
			all = append(all, one)
			continue
		}
		b.why(&one, r, common, l.notice)
		if one.Recipient == "" && one.Reason == Hard {
			one.Reason = Unknown // whose mailbox it is, nobody says
		}
		all = append(all, one)
	}
	return all
}

// expandedFrom is how notices name the address that a list or an alias stands behind.
var expandedFrom = regexp.MustCompile(`(?i)(?:expanded|generated) (?:from|by):? *<?(` + address + `)`)

// senders are the addresses that are not who a notice is about: whom it was sent to, and who sent the message.
func (l *layout) senders() []string {
	all := []string{firstAddress(l.root.Header.Get("To"))}
	if m := sentBy.FindStringSubmatch(l.notice); m != nil {
		all = append(all, trimAddress(m[1]))
	}
	for _, h := range l.originals {
		all = append(all, firstAddress(h.Get("Return-Path")))
	}
	return all
}

var sentBy = regexp.MustCompile(`(?i)(?:message|mail) (?:that was )?(?:sent )?(?:by|from)\s+<?(` + address + `)>?\s`)

// block is what a notice says about one recipient.
type block struct {
	address string
	text    string // what stands beside the address, and what follows it up to the next one
	said    string // the same with the address
	alone   bool   // no other recipient is named
}

// blocks cuts the notice where it names recipients.
func (l *layout) blocks(r *rule, wanted func(string) bool) []block {
	const most = 500
	for i, p := range r.to {
		var all []block
		found := p.FindAllStringSubmatchIndex(l.notice, most)
		for i, m := range found {
			end := len(l.notice)
			if i+1 < len(found) {
				end = found[i+1][0]
			}
			if r.line {
				end = lineEnd(l.notice, m[3], end)
			}
			before := strings.Trim(l.notice[m[0]:m[2]], "<\"' \t\n")
			if strings.HasPrefix(before, "<<<") {
				end = m[3] // what the other server said, and not what the program made of its code
			}
			a := trimAddress(l.notice[m[2]:m[3]])
			if a == "" || !wanted(a) || nobodyAfter(l.notice[max(0, m[2]-240):m[2]]) {
				continue
			}
			// What stands before the address in its line belongs to it, too.
			if last := len(all) - 1; last >= 0 && strings.EqualFold(all[last].address, a) {
				all[last].text += " " + l.notice[m[0]:max(end, m[3])] // named again
				continue
			}
			text := before + " " + strings.TrimLeft(l.notice[m[3]:min(end, m[3]+4096)], ">\"'")
			all = append(all, block{address: a, text: text,
				said: l.notice[m[0]:max(end, m[3])]})
		}
		if len(all) == 1 || len(all) > 0 && i < r.alone {
			return all
		}
	}
	return nil
}

// nobodyAfter reports whether the words before an address say that it is no recipient: a Message-ID looks like an
// address, and whoever can be asked for help has one.
func nobodyAfter(s string) bool {
	if i := sentenceEnd.FindAllStringIndex(s, -1); i != nil {
		s = s[i[len(i)-1][1]:]
	}
	return idOrHelp.MatchString(s)
}

var (
	sentenceEnd = regexp.MustCompile(`[.!?]\s|\n[ \t]*\n`)
	idOrHelp    = regexp.MustCompile(`(?i)message-?id:?[^\n]*$|(?:please|kindly|may|can) contact\b|\bany questions?\b|` +
		`\bfor (?:further |more )?(?:assistance|help|information)\b|\bvia e-?mail at\s+["'<]*$`)
)

// lineEnd returns where the line of a text ends that at is in, at most end.
func lineEnd(s string, at, end int) int {
	if stop := strings.IndexByte(s[at:], '\n'); stop >= 0 {
		return min(end, at+stop)
	}
	return end
}

// why fills in why, from the words that stand closest to the recipient: its paragraph, then all that follows it, then
// what the rule says is about all, then the whole notice.
func (b block) why(r *Report, by *rule, common, notice string) {
	near := paragraph(b.text)
	if b.address == "" {
		near = b.text // it may begin with who writes
	}
	tries := []string{near}
	if common != "" {
		tries = []string{common, near}
	}
	if !by.near && b.text != near {
		tries = append(tries, b.text)
	}
	if by.whole && b.alone {
		tries = append(tries, notice)
	}
	for _, text := range tries {
		words{text: text, final: r.Kind == Bounce, to: b.address}.decide(r)
		if r.Reason != Unknown {
			r.Line = b.line(text, r)
			break
		}
	}
	if by.reason != "" {
		r.Reason = by.reason
	}
	if r.Line == "" {
		r.Line = firstLine(b.said)
	}
}

// line returns the line of a text that decided: the first one that says the same alone, or the one with a reply's code.
func (b block) line(text string, r *Report) string {
	if codeLine.MatchString(text) {
		return decidingLine(text)
	}
	n := 0
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		var alone Report
		words{text: line, final: r.Kind == Bounce, to: b.address}.decide(&alone)
		if n == 0 && alone.Reason == r.Reason && b.said != "" {
			return firstLine(b.said) // with the address
		}
		if alone.Reason == r.Reason {
			return line
		}
		if n++; n > 12 {
			break
		}
	}
	return decidingLine(text)
}

// paragraph returns the first paragraph of a text that has words, and what stands before it.
func paragraph(s string) string {
	if len(s) > 8<<10 {
		s = strings.ToValidUTF8(s[:8<<10], "")
	}
	words := 0
	for at := 0; at < len(s); {
		i := emptyLine.FindStringIndex(s[at:])
		if i == nil {
			return s
		}
		if words += len(wordIn.FindAllString(s[at:at+i[0]], 2)); words > 1 {
			return s[:at+i[0]]
		}
		at += i[1]
	}
	return s
}

var (
	emptyLine = regexp.MustCompile(`\n[ \t*=_-]*\n`)
	wordIn    = regexp.MustCompile(`\pL{3,}|[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}]`)
)

// decidingLine returns the words from the first basic code on, or from the beginning.
func decidingLine(s string) string {
	s = strings.TrimSpace(s)
	if m := codeLine.FindStringIndex(s); m != nil {
		s = s[m[0]:]
	}
	if p, _, found := strings.Cut(s, "\n\n"); found {
		s = p
	}
	return strings.TrimSpace(s)
}

var codeLine = regexp.MustCompile(`(?m)\b[45]\d\d[ -]`)

func firstLine(s string) string {
	for line := range strings.Lines(s) {
		if line = strings.TrimSpace(line); line != "" {
			return line
		}
	}
	return ""
}

// byProgram reports whether a program sent the message, by its address and header, as far as they say so.
func (l *layout) byProgram() bool {
	h := l.root.Header
	if h.Get("X-Failed-Recipients") != "" || strings.Contains(l.root.Params["report-type"], "delivery-status") {
		return true
	}
	return programAddress.MatchString(h.Text("From")) ||
		emptySender.MatchString(h.Get("Return-Path")) && failedSubject.MatchString(h.Text("Subject"))
}

var (
	programAddress = regexp.MustCompile(`(?i)mailer-?daemon|mail[ _.-]?deliver|post[_-]?master|mail administrator|` +
		`system administrator|\bdaemon@|mdaemon|delivery[ _.-]?(?:system|subsystem|service|report|agent|failure)|^\s*(?:<>)?\s*$|` +
		`<>|mailadm|returned mail|undeliver|mail ?system|ndr@|bounce@|nondelivery|imss@|inetgw`)
	emptySender   = regexp.MustCompile(`(?i)^\s*<\s*>\s*$|mailer-daemon`)
	failedSubject = regexp.MustCompile(`(?i)undeliver|deliver|fail|return|bounce|reject|unzustellbar|nicht zugestellt|` +
		`non remis|unknown|非通|退信|недостав|не доставлен|error|配信|エラー|mail status|not sent`)
)
