// Package reply says what a server's answer means for a campaign. [Classify] returns a [Verdict]:
// whether the delivery may be tried again, what the answer is about (the recipient, the message,
// the sender or the server), and how long to leave the server alone. [Preset] and [Match] return
// what is known of a provider's servers and their caps.
//
// Classify is one pure function over a table. The first digit of the basic code decides whether a
// failure is temporary or permanent. The enhanced code (RFC 3463, RFC 5248) decides what it is
// about, because it is often right where the basic code is vague. What the words mean is a table too,
// in many languages: words for a dead mailbox are the recipient's after the message as well as at RCPT,
// and words for a list, a rate or a failed authentication are never the recipient's. Doubt is kept
// narrow: after the final dot anything but a whole 2xx, 4xx or 5xx is [Unknown], and before it nothing
// is.
package reply

// Stage is the step of a session that an answer, or the lack of one, belongs to.
type Stage string

// The stages in the order of a session.
const (
	Connect  Stage = "connect"
	TLS      Stage = "tls" // the handshake, implicit or after STARTTLS
	Greeting Stage = "greeting"
	Ehlo     Stage = "ehlo"
	StartTLS Stage = "starttls"
	Auth     Stage = "auth"
	Mail     Stage = "mail"
	Rcpt     Stage = "rcpt"
	Data     Stage = "data"
	Body     Stage = "body" // the message, up to the final dot
	End      Stage = "end"  // the answer to the final dot
	Reset    Stage = "rset"
	Quit     Stage = "quit"
)

// connecting reports whether the stage belongs to having a session at all, so that no message can
// be to blame.
func (s Stage) connecting() bool {
	switch s {
	case Connect, TLS, Greeting, Ehlo, StartTLS, Auth:
		return true
	}
	return false
}

// Class is what may be done next.
type Class string

// The classes.
const (
	OK      Class = "ok"      // accepted
	Retry   Class = "retry"   // refused for now: the same delivery may be tried again
	Refuse  Class = "refuse"  // this recipient is refused for good
	Message Class = "message" // this message is refused for good, whoever it is for
	Stop    Class = "stop"    // credentials, sender or configuration: no message of the run will pass
	Hold    Class = "hold"    // the server wants to be left alone for a while; the delivery is not to blame
	Unknown Class = "unknown" // the server may or may not have taken the message
)

// About is what a verdict is about.
type About string

// What a verdict can be about.
const (
	AboutRecipient About = "recipient"
	AboutGroup     About = "group" // the recipients whose mail one system takes, such as all of Gmail's
	AboutMessage   About = "message"
	AboutSender    About = "sender"
	AboutServer    About = "server"
)
