package collecting

import (
	"fmt"
	"strings"

	"mailshot/campaign/report"
	"mailshot/campaign/returns"
	"mailshot/cmd/mailshot/human"
	"mailshot/internal/inbox/returning"
)

// told is how many things for a person to look at are printed; --json has more.
const told = 20

// words returns the lines of a summary for a person.
func words(s *returning.Summary) (lines []string) {
	say := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	switch {
	case s.Messages == 0 && len(s.Failed)+len(s.Unread) > 0: // messages that could not be read may be new
	case s.Messages == 0:
		say("nothing new came back")
	default:
		say("%s: %s", human.Plural(s.Messages, "message came back", "messages came back"), human.Counts(manyOf(s.Kinds)))
	}
	if s.Known > 0 {
		say("%s known already, from another place", human.Plural(s.Known, "of them was", "of them were"))
	}
	if len(s.States) > 0 {
		say("now %s", human.Counts(s.States))
	}
	if n := s.Actions[string(returns.Suppress)]; n > 0 {
		say("%s on the suppression list", human.Plural(n, "person is", "people are"))
	}
	if n := s.Actions[string(returns.Nothing)]; n > 0 {
		say("%s about no message of a known campaign", human.Plural(n, "report is", "reports are"))
	}
	if s.Waiting > 0 {
		say("%s about campaigns whose ledgers are not here, and stay to be read", human.Plural(s.Waiting, "message is", "messages are"))
	}
	for _, source := range s.Absent {
		say("%s is not there: nothing has come to it yet, or returns: names another file", report.Clean(source))
	}
	for i, d := range s.Decide {
		if i == told {
			say("and %d more to decide; --json has them", len(s.Decide)-told)
			break
		}
		say("%s: %s (campaign %s): %s", report.Clean(d.Recipient), d.Kind, report.Clean(d.Match.Campaign), report.Clean(d.Why))
	}
	for i, u := range s.Unread {
		if i == told {
			say("and %d more that could not be read; --json has them", len(s.Unread)-told)
			break
		}
		if strings.HasPrefix(u.Message, "mistake:") { // a line that is not an event has no name, and its error says where it is
			say("%s: %s", report.Clean(u.Source), report.Clean(u.Error))
			continue
		}
		say("%s, message %s: %s", report.Clean(u.Source), report.Clean(u.Message), report.Clean(u.Error))
	}
	return lines
}

// manyOf returns counts of kinds, by their names in singular or plural.
func manyOf(n map[string]int64) map[string]int64 {
	many := map[string]string{"bounce": "bounces", "complaint": "complaints", "auto-reply": "auto-replies",
		"human reply": "human replies", "unsubscribe": "unsubscribes"}
	named := map[string]int64{}
	for kind, count := range n {
		name := kind
		if many[kind] != "" && count != 1 {
			name = many[kind]
		}
		named[name] = count
	}
	return named
}
