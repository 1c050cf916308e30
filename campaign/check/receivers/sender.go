package receivers

import (
	"cmp"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"mailshot/campaign/check"
	"mailshot/campaign/check/target"
	"mailshot/sender/courtesy"
	"mailshot/sender/reply"
)

// freemail finds a From of a mailbox provider that is sent through another server. That server cannot sign for the
// domain of From, and the record of the domain asks receivers to refuse such mail.
func (l *looker) freemail() {
	provider := courtesy.Group(l.From.Domain)
	if provider == "" {
		return
	}
	for i, s := range l.Servers {
		switch {
		case isNear(s.Host) && !s.Direct: // it may hand on to any server
		case providerOf(s.Host) != provider || s.Direct:
			f := l.say("from", "from-freemail", fmt.Sprintf("mail from %s goes through %s, which cannot sign for it",
				l.From.Domain, l.server(i)), "send from a domain of your own; receivers refuse mail that only says it is from "+
				l.From.Domain)
			f.Severity = check.Warning
			return
		}
	}
	if l.Kind == newsletter {
		f := l.say("from", "from-freemail", "a newsletter from "+l.From.Domain+", where everybody can have a mailbox",
			"send it from a domain of your own, to which a reputation can belong")
		f.Severity = check.Note
	}
}

// server is a server in words.
func (l *looker) server(i int) string {
	if l.Servers[i].Direct {
		return "this machine"
	}
	return l.Servers[i].Host
}

// isNear says whether a server is on this machine or in its network. Then nobody knows from where the mail leaves.
func isNear(host string) bool {
	host = strings.ToLower(strings.Trim(host, "[]"))
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.IsLoopback() || ip.IsPrivate() || ip.IsLinkLocalUnicast()
	}
	return host == "" || !strings.Contains(host, ".") || strings.HasSuffix(host, ".local") ||
		strings.HasSuffix(host, ".internal") || strings.HasSuffix(host, ".localhost") || strings.HasSuffix(host, ".lan")
}

// login finds a server whose login is of another domain than From.
func (l *looker) login() {
	if l.From.Domain == "" || l.signed() || courtesy.Group(l.From.Domain) != "" {
		return
	}
	from := Organization(l.From.Domain)
	for i, s := range l.Servers {
		at := strings.LastIndexByte(s.Login, '@')
		if s.Service || isNear(s.Host) || at < 0 || Organization(s.Host) == from {
			continue
		}
		of := strings.ToLower(s.Login[at+1:])
		if Organization(of) == from {
			continue
		}
		f := l.say("username", "from-other-login",
			fmt.Sprintf("the login is of %s, and from is of %s: the server may not sign for it", of, l.From.Domain),
			"log in as somebody of "+l.From.Domain+", or sign with a key of your own (dkim)")
		f.Server = i
		if providerOf(s.Host) == "" && !s.Provider { // it may be a service that signs for its customers
			f.Severity = check.Note
		}
	}
}

// signed says whether a signature of the campaign counts for the domain of From.
func (l *looker) signed() bool {
	return slices.ContainsFunc(l.Signs, func(d string) bool {
		if l.Records.AdkimStrict {
			return strings.EqualFold(d, l.From.Domain)
		}
		return Organization(d) == Organization(l.From.Domain)
	})
}

var (
	noReply = regexp.MustCompile(`(?i)^(?:no|do-?not|dont|nicht|ne-?pas|non)[-_.]?(?:reply|antworten|repondre|responder|rispondere|response)`)
	mailbox = regexp.MustCompile(`[\w.+-]+@((?:[\w-]+\.)+[a-z]{2,})`)
	// standIn matches names that stand where a sender's own is to be, and standInAt the local parts that do, which mean
	// that only at a domain of examples (RFC 2606).
	standIn = regexp.MustCompile(`(?i)^(?:(?:your|my) (?:(?:own|full|first|last|company|business|brand|organi[sz]ation|shop|team)` +
		`(?:[’']?s)? )*name(?: here)?|(?:your|my) (?:company|business|brand|organi[sz]ation)(?: here)?|` +
		`(?:sender|from|company|business|brand)[ _-]?name|first ?name,? last ?name|(?:ihr|dein) (?:vor)?name|` +
		`ihre? (?:firma|unternehmen)|max mustermann|votre (?:nom|entreprise|société)|(?:su|tu) (?:nombre|empresa)|il tuo nome|uw naam)$`)
	standInAt = regexp.MustCompile(`(?i)^(?:you|me|your[._-]?(?:name|e-?mail|address|id|login)|(?:first|last)[._-]?name|` +
		`name|user(?:name)?|vorname\.nachname)$`)
	examples = []string{"example.com", "example.org", "example.net"}
)

// own is a domain, if it may be somebody's.
func own(domain string) string {
	if slices.Contains(examples, domain) {
		return ""
	}
	return domain
}

// names looks at the name and the local part of From.
func (l *looker) names() {
	if noReply.MatchString(l.From.Local) && l.ReplyTo == nil {
		l.say("from", "from-no-reply", "nobody reads the answers to "+l.From.Local+"@",
			"set reply_to to a mailbox that somebody reads")
	}
	if standIn.MatchString(l.From.Name) || standInAt.MatchString(l.From.Local) && slices.Contains(examples, l.From.Domain) {
		l.say("from", "from-placeholder", "from is a name or an address that was to be replaced",
			"write who sends the mail: Acme <news@"+cmp.Or(own(l.From.Domain), "acme.example")+">")
	}
	if l.Kind == newsletter && !l.From.Named {
		l.say("from", "from-no-name", "from has no name, so readers see only an address",
			"write from: Your name <"+l.From.Local+"@"+l.From.Domain+">")
	}
	for _, word := range strings.FieldsFunc(l.From.Name, func(r rune) bool { return !unicode.IsLetter(r) }) {
		if target.Disguised(word) {
			l.say("from", "from-homograph", fmt.Sprintf("the name %q has letters of two scripts that look alike", l.From.Name),
				"type it anew, letter by letter")
			break
		}
	}
	if m := mailbox.FindStringSubmatch(strings.ToLower(l.From.Name)); m != nil && l.From.Domain != "" &&
		Organization(m[1]) != Organization(l.From.Domain) {
		l.say("from", "from-name-address",
			fmt.Sprintf("the name has an address of %s, and the mail is from %s", m[1], l.From.Domain),
			"write a name; filters take this for fraud")
	}
}

// replies finds answers that go elsewhere.
func (l *looker) replies() {
	if l.From.Domain == "" {
		return
	}
	from := Organization(l.From.Domain)
	for _, r := range l.ReplyTo {
		if r.Domain == "" || Organization(r.Domain) == from {
			continue
		}
		if courtesy.Group(r.Domain) != "" {
			l.say("reply_to", "reply-freemail", fmt.Sprintf(
				"answers go to %s, where everybody can have a mailbox, and the mail is from %s", r.Domain, l.From.Domain),
				"take a mailbox of "+from+": filters count this, as fraud is done so")
			return
		}
		l.say("reply_to", "reply-elsewhere",
			fmt.Sprintf("answers go to %s, and the mail is from %s", r.Domain, l.From.Domain),
			"take a mailbox of "+from+" where you can")
		return
	}
}

// envelope finds an envelope sender of another organization in a campaign without a signature. Then neither SPF nor
// DKIM covers the domain of From, unless the server signs.
func (l *looker) envelope() {
	if l.Envelope == "" || l.From.Domain == "" || l.signed() ||
		slices.ContainsFunc(l.Servers, func(s Server) bool { return s.Service }) {
		return
	}
	same := Organization(l.Envelope) == Organization(l.From.Domain)
	if l.Records.AspfStrict {
		same = strings.EqualFold(l.Envelope, l.From.Domain)
	}
	if !same {
		l.say("bounces", "envelope-elsewhere", fmt.Sprintf(
			"the envelope sender is of %s, and from is of %s: SPF does not count for from", l.Envelope, l.From.Domain),
			"take an address of "+Organization(l.From.Domain)+" for bounces, or sign with dkim")
	}
}

// returns finds servers that do not keep the envelope sender.
func (l *looker) returns() {
	if l.Envelope == "" {
		return
	}
	for i, s := range l.Servers {
		at := strings.LastIndexByte(s.Login, '@')
		switch {
		case s.Envelope == reply.EnvelopeLogin && at > 0 &&
			(!strings.EqualFold(s.Login[at+1:], l.Envelope) || !strings.EqualFold(s.Login[:at], l.Returns.Local)):
			l.say("bounces", "envelope-refused", fmt.Sprintf("%s refuses an envelope sender that is not the login, %s",
				l.server(i), s.Login), "take the login for bounces, or leave bounces out")
		case s.Envelope == reply.EnvelopeReplaced && l.Returns.Token:
			l.say("bounces", "envelope-replaced", fmt.Sprintf(
				"%s puts an envelope sender of its own in place of bounces, so the token does not come back", l.server(i)),
				"read what the provider says of bounces: returns, with its events or the mailbox of the login")
		}
	}
}
