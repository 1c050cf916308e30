package reply

import (
	"regexp"
	"strings"
	"time"
)

// Verdict is the meaning of an answer.
type Verdict struct {
	Class Class
	About About // recipient, group, message, sender or server; "" when OK
	// HoldOff is how long to leave alone what the verdict is about; 0: no need. It is the first
	// wait. Backing off on repeated answers is the caller's job.
	HoldOff time.Duration
	// Reconnect reports that the connection, not the server, has had enough. Close it; another may
	// be opened at once.
	Reconnect bool
	// Suppress reports that the mailbox does not exist, so that the address may go on the
	// suppression list. It is true only with Refuse.
	Suppress bool
}

// The first waits after an answer that asks for one.
const (
	short = 10 * time.Second // too fast, too many at once, or a connection that broke
	brief = time.Minute      // a server's passing trouble; Postfix counts by the minute
	login = 5 * time.Minute  // trouble with authentication or TLS: repeating it locks accounts
	quota = time.Hour        // an hour's or a day's allowance used up: looked at again each hour
	full  = 4 * time.Hour    // a mailbox is full
)

// Classify returns what an answer means that a server gave at a stage. The answer is its basic code
// (0: no whole answer came), its enhanced code as "5.1.1" or "", and the text of all its lines.
// provider says whose words they are, as [System] or [Provider].Replies names it; "" or a name
// without rules is any server. Classify is pure and safe for concurrent use.
//
// The first rule that fits decides, and the provider's own rules come before those for all servers.
// When no rule fits, the stage and the class digit decide. Whatever rule it was, an address is not
// suppressed when the text says in one of the languages of the table that the mailbox is full, that
// too much came too fast, that the trouble passes, or that the sender is to blame.
func Classify(stage Stage, code int, enhanced, text, provider string) Verdict {
	if accepted(stage, code) {
		return Verdict{Class: OK}
	}
	temporary := code >= 400 && code <= 499
	permanent := code >= 500 && code <= 599
	if !temporary && !permanent {
		return noAnswer(stage)
	}
	subject := ""
	if len(enhanced) > 2 {
		subject = enhanced[2:]
	}
	lower, said := strings.ToLower(text), meanings{text: text}
	for _, table := range [][]rule{data().rules[provider], rules} {
		for i := range table {
			if table[i].fits(stage, code, subject, lower, &said) {
				v := table[i].verdict
				v.Suppress = v.Suppress && !said.vetoed()
				return v
			}
		}
	}
	return byStage(stage, temporary)
}

// accepted reports whether code is the answer that a stage hopes for.
func accepted(stage Stage, code int) bool {
	switch stage {
	case Data:
		return code == 354
	case Auth:
		return code == 235
	case Greeting, StartTLS:
		return code == 220
	default:
		return code >= 200 && code <= 299
	}
}

// noAnswer is the verdict on silence, a broken connection, half an answer, or an answer that makes
// no sense at its stage.
func noAnswer(stage Stage) Verdict {
	switch {
	case stage == End:
		return Verdict{Class: Unknown, About: AboutMessage}
	case stage == Body:
		// The server may well have hung up because of what it read.
		return Verdict{Class: Retry, About: AboutMessage}
	case stage == StartTLS:
		// 354 or the like instead of 220: the server does not speak TLS.
		return Verdict{Class: Stop, About: AboutServer}
	default:
		return Verdict{Class: Retry, About: AboutServer, HoldOff: short}
	}
}

// byStage is the verdict when no rule fits.
func byStage(stage Stage, temporary bool) Verdict {
	switch {
	case stage == Auth && temporary, stage == StartTLS && temporary:
		return Verdict{Class: Retry, About: AboutServer, HoldOff: login}
	case stage.connecting() && temporary:
		return Verdict{Class: Retry, About: AboutServer, HoldOff: short}
	case stage.connecting():
		return Verdict{Class: Stop, About: AboutServer}
	case stage == Mail && temporary:
		return Verdict{Class: Retry, About: AboutSender}
	case stage == Mail:
		return Verdict{Class: Stop, About: AboutSender}
	case stage == Rcpt && temporary:
		return Verdict{Class: Retry, About: AboutRecipient}
	case stage == Rcpt:
		return Verdict{Class: Refuse, About: AboutRecipient}
	case temporary:
		return Verdict{Class: Retry, About: AboutMessage}
	default:
		return Verdict{Class: Message, About: AboutMessage}
	}
}

// rule is a row of the table. An empty field fits anything.
type rule struct {
	stages   []Stage
	codes    []int    // basic codes; a single digit is a class
	subjects []string // enhanced codes without their class digit: "1.1", or a whole subject "6."
	means    []string // of words.json; the text says one of them
	unless   []string // and none of these
	pattern  *regexp.Regexp
	verdict  Verdict
}

func (r *rule) fits(stage Stage, code int, subject, text string, said *meanings) bool {
	return fits(r.stages, func(s Stage) bool { return s == stage }) &&
		fits(r.codes, func(c int) bool { return c == code || c == code/100 }) &&
		fits(r.subjects, func(s string) bool {
			return s == subject || strings.HasSuffix(s, ".") && strings.HasPrefix(subject, s)
		}) &&
		(r.pattern == nil || r.pattern.MatchString(text)) &&
		(len(r.means) == 0 || said.are(r.means...)) && !said.are(r.unless...)
}

func fits[T any](of []T, one func(T) bool) bool {
	for _, x := range of {
		if one(x) {
			return true
		}
	}
	return len(of) == 0
}
