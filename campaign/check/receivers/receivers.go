// Package receivers says what counts against a campaign at the large receivers of mail, such as Gmail, Yahoo and
// Microsoft. [Look] takes what is known about its sender, its servers and its recipients, and [Body.Look] takes the
// texts of a newsletter.
//
// The rules are the ones that the receivers have published since 2024, and the ones that their filters share with
// SpamAssassin and rspamd. The package is pure: it asks no DNS and reads no file. A fact that is not known, because it
// comes from the list or only a server knows it, is left empty, and no finding is made about it.
package receivers

import (
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"

	"mailshot/campaign/check"
	"mailshot/campaign/check/codes"
	"mailshot/sender/courtesy"
)

// newsletter is the kind of mail that most of the rules are about, as the campaign file writes it.
const newsletter = "newsletter"

// Facts is what is known about a campaign. The zero value is a campaign about which nothing is known.
type Facts struct {
	Kind     string    // newsletter, notice, transactional; "" = not said
	From     Mailbox   // of the From field
	ReplyTo  []Mailbox // of the Reply-To field; nil = there is none
	Envelope string    // domain of the envelope sender; "" = that of From
	Returns  Returns   // the rest of the envelope sender
	Servers  []Server  // to which the messages are handed; nil = not known
	Signs    []string  // domains for which the campaign signs (DKIM)

	Unsubscribe Unsubscribe
	Recipients  map[string]int64 // how many messages go to each large receiver, as courtesy.Group names them; nil = not known
	PerDay      int64            // how many messages the caps let go in 24 hours; 0 = any number
	Records     Records
}

// Mailbox is an address with its name. What a row decides is "".
type Mailbox struct {
	Name   string
	Named  bool   // it has a name, perhaps from the list
	Local  string // the part before the @
	Domain string // lower case, A-labels
}

// Returns is the part of the envelope sender before the @.
type Returns struct {
	Local string // without the part after a +, and without the token
	Token bool   // it differs in each message
}

// Server is a server that messages are handed to.
type Server struct {
	Host     string // "" = a program of this machine, or the recipients' own servers
	Login    string // the name for the login; "" = none
	Service  bool   // it sends for domains that its customers have proven to be theirs, and signs for them
	Direct   bool   // the recipients' own servers
	Provider bool   // it is known: a preset has it
	Envelope string // what it does with an envelope sender: reply.EnvelopeLogin, reply.EnvelopeReplaced; "" = not known
}

// Unsubscribe is what the header fields say about unsubscribing.
type Unsubscribe struct {
	Given    bool // there is List-Unsubscribe
	HTTPS    bool // it has a page
	OneClick bool // and List-Unsubscribe-Post is there
}

// Records is what the DNS says about the domain of From.
type Records struct {
	Asked                   bool // the DNS was asked, and answered
	SPF, DMARC              bool // there is such a record, and it counts
	AdkimStrict, AspfStrict bool // alignment is strict (RFC 7489, section 6.3)
}

// Finding is a finding with the key of the campaign file at which it is mended.
type Finding struct {
	check.Finding
	Key    string // as in "reply_to"; of a server without "server."
	Server int    // which of Servers the key is of; -1 = it is not a server's
}

// Look returns what counts against a campaign at receivers.
func Look(f Facts) []Finding {
	l := &looker{Facts: f}
	l.freemail()
	l.login()
	l.names()
	l.replies()
	l.envelope()
	l.returns()
	l.leaving()
	l.bulk()
	return l.found
}

type looker struct {
	Facts
	found []Finding
}

// say adds a finding with the severity that its code has.
func (l *looker) say(key, code, text, hint string) *Finding {
	c, _ := codes.Of(code)
	l.found = append(l.found, Finding{Key: key, Server: -1,
		Finding: check.Finding{Code: code, Severity: c.Severity, Text: text, Hint: hint}})
	return &l.found[len(l.found)-1]
}

// Organization returns the part of a domain that its owner has registered, by the list of public suffixes.
func Organization(domain string) string {
	domain = strings.ToLower(strings.TrimSuffix(domain, "."))
	if registered, err := publicsuffix.EffectiveTLDPlusOne(domain); err == nil {
		return registered
	}
	return domain
}

// services are the domains of services that send for verified domains of their customers, sign for them, and use their
// own envelope sender.
var services = []string{
	"amazonaws.com", "sendgrid.net", "mailgun.org", "postmarkapp.com", "brevo.com", "sendinblue.com", "sparkpostmail.com",
	"smtp2go.com", "resend.com", "socketlabs.com", "mailjet.com", "mandrillapp.com", "mailersend.net", "elasticemail.com",
	"turbo-smtp.com", "emailit.com", "azurecomm.net",
}

// IsService says whether a host belongs to a service that sends for its customers' domains.
func IsService(host string) bool { return slices.Contains(services, registered(host)) }

// registered is like Organization for hosts of services, some of which are public suffixes themselves.
func registered(host string) string {
	labels := strings.Split(strings.ToLower(strings.TrimSuffix(host, ".")), ".")
	return strings.Join(labels[max(len(labels)-2, 0):], ".")
}

// IsMailbox says whether everybody can have a mailbox at a domain.
func IsMailbox(domain string) bool { return courtesy.Group(domain) != "" }

// providerOf is the provider of mailboxes that a server belongs to, as courtesy.Group names it; "" for other servers.
func providerOf(host string) string {
	of := Organization(host)
	if of == "office365.com" {
		return "outlook"
	}
	return courtesy.Group(of)
}
