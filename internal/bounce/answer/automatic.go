package answer

import (
	"slices"
	"sort"
	"strings"
)

// automatic is what says that no person wrote a message.
type automatic struct {
	sure float64 // 0: nothing says so
	line string  // the field or the line that says so
	away bool    // it says that the person is away
	bulk bool    // it says only that the message went to many
}

// automatic looks for what programs write into their answers: header fields first, then the subject, then the text.
func (l *looked) automatic() automatic {
	best := automatic{}
	take := func(a automatic) {
		if a.sure > best.sure {
			a.away = a.away || best.away
			best = a
		} else {
			best.away = best.away || a.away
		}
	}
	for _, f := range fieldRules() {
		value := strings.ToLower(strings.TrimSpace(l.Header(f.name)))
		if value == "" || !f.holds(value) {
			continue
		}
		take(automatic{f.sure, f.name + ": " + oneLine(l.Header(f.name), 200), f.away, f.bulk})
	}
	for i := range l.found {
		m := &l.found[i]
		heading := l.inHeading(m)
		switch {
		case heading && m.set == "subject-away":
			take(automatic{sure: 0.9, line: l.line(m), away: true})
		case heading && (m.set == "subject-auto" || m.set == "ticket"):
			take(automatic{sure: 0.9, line: l.line(m)})
		case !heading && m.set == "auto" && !l.quoted:
			take(automatic{sure: 0.8, line: l.line(m)})
		case !heading && (m.set == "ticket" || m.set == "challenge" || m.set == "unread") && !l.quoted:
			take(automatic{sure: 0.7, line: l.line(m)})
		case !heading && m.set == "away-formula" && !l.quoted && (l.Header("In-Reply-To") == "" || l.formulas() > 1):
			take(automatic{sure: 0.6, line: l.line(m), away: true})
		}
	}
	return best
}

// formulas is how many rules of what programs say about an absence match: a person who answers may use one of them.
func (l *looked) formulas() int {
	seen := map[*rule]bool{}
	for i := range l.found {
		if m := &l.found[i]; m.set == "away-formula" || m.set == "auto" {
			seen[m.rule] = true
		}
	}
	return len(seen)
}

// isAnswer says whether a message answers another one.
func (l *looked) isAnswer() bool {
	if l.Header("In-Reply-To") != "" || l.Header("References") != "" {
		return true
	}
	m := l.first("re")
	return m != nil && m.from == 0
}

// notAnAnswer says whether a message is one that came by itself: a newsletter, a message of a list, spam.
func (l *looked) notAnAnswer(auto automatic) bool {
	if l.isAnswer() {
		return false
	}
	for _, name := range []string{"List-Unsubscribe", "List-Id", "List-Post", "Feedback-ID", "X-Campaign", "X-Campaign-Id",
		"X-Mailgun-Sid", "X-SG-EID", "X-MC-User", "X-CSA-Complaints"} {
		if v := l.Header(name); v != "" && !(strings.HasPrefix(name, "List-") && l.awayThroughList()) {
			l.otherLine = name + ": " + v
			return true
		}
	}
	if m := l.first("offer"); m != nil && auto.sure < 0.9 {
		l.otherLine = l.line(m)
		return true
	}
	if auto.bulk && l.first("subject-auto", "subject-away", "away", "left", "auto", "ticket", "unread") == nil {
		l.otherLine = auto.line
		return true
	}
	return false
}

// awayThroughList says whether a program answered for somebody who is away, though the message has the fields of a list:
// the address that answers come to may be a group, which adds them. A newsletter has such a subject, and no such text.
func (l *looked) awayThroughList() bool {
	return l.inHeading(l.first("subject-away")) && l.first("offer") == nil && l.firstInText("away-formula", "away") != nil
}

// firstInText returns the first match of one of the sets behind the subject.
func (l *looked) firstInText(sets ...string) *match {
	for i := range l.found {
		if m := &l.found[i]; !l.inHeading(m) && slices.Contains(sets, m.set) {
			return m
		}
	}
	return nil
}

// readAutomatic says what the answer of a program means.
func (l *looked) readAutomatic(auto automatic) Answer {
	sure := auto.sure
	if m := l.first("challenge"); m != nil {
		return l.answer(AutoReply, sure, l.line(m))
	}
	if m := l.leftMatch(); m != nil {
		a := l.answer(Left, sure*0.9, l.line(m))
		a.Successor = l.successor()
		return a
	}
	unread, ticket := l.first("unread"), l.first("ticket")
	away := l.first("away-formula", "away")
	if auto.away && away == nil {
		away = l.first("subject-away")
	}
	until, at := l.until()
	if (auto.away || away != nil || until != "" && at.back) && (unread == nil || auto.away) && (ticket == nil || auto.away) {
		line := l.line(away)
		if line == "" || at != nil && until != "" {
			line = auto.line
			if at != nil {
				line = l.line(&match{from: at.from})
			}
		}
		a := l.answer(OutOfOffice, sure*0.95, line)
		a.Until = until
		return a
	}
	line := auto.line
	if m := unread; m != nil {
		line = l.line(m)
	}
	a := l.answer(AutoReply, sure, line)
	if unread != nil {
		a.Successor = l.successor()
	}
	return a
}

// leftMatch returns what says that the person is there no more.
func (l *looked) leftMatch() *match {
	for i := range l.found {
		m := &l.found[i]
		if m.set == "left" && !l.sentenceHas(m, "not-left") {
			return m
		}
	}
	return nil
}

// sentenceHas says whether a rule of a set matches in the sentence of a match.
func (l *looked) sentenceHas(m *match, set string) bool {
	from, to := l.sentence(m.from)
	for _, f := range l.matches(from, to) {
		if f.set == set {
			return true
		}
	}
	return false
}

// matches returns the matches that begin at the tokens from up to, not including, to.
func (l *looked) matches(from, to int) []match {
	begin := sort.Search(len(l.found), func(i int) bool { return l.found[i].from >= from })
	end := begin
	for end < len(l.found) && l.found[end].from < to {
		end++
	}
	return l.found[begin:end]
}

// sentence returns where the sentence of a token begins and ends.
func (l *looked) sentence(i int) (from, to int) {
	for from = min(i, len(l.words)-1); from > 0 && !l.words[from].First; from-- {
	}
	for to = i + 1; to < len(l.words) && !l.words[to].First; to++ {
	}
	return from, min(to, len(l.words))
}

// readHuman says what a person means.
func (l *looked) readHuman() Answer {
	if m := l.leaves(); m != nil {
		sure := 0.9
		if l.inHeading(m) {
			sure = 0.8
		}
		return l.answer(Unsubscribe, sure, l.line(m))
	}
	if m := l.leftMatch(); m != nil && !l.quoted && !l.inHeading(m) {
		if a := l.successor(); a != "" {
			r := l.answer(Left, 0.6, l.line(m))
			r.Successor = a
			return r
		}
	}
	sure := 0.7
	if l.isAnswer() {
		sure = 0.9
	}
	return l.answer(Reply, sure, "")
}

// leaves returns what asks to be taken off a list. Nothing does if a rule of "stay" matches anywhere in the own words,
// or one of "not-leave" in the same sentence.
func (l *looked) leaves() *match {
	if l.first("stay") != nil {
		return nil
	}
	closed := len(l.subject) + 2 + len(withoutClosing(l.own.text))
	for i := range l.found {
		m := &l.found[i]
		switch {
		case l.inHeading(m) && l.answersHeading():
		case !l.counts(m):
		case l.words[m.from].Start >= closed:
		case !l.sentenceHas(m, "not-leave"):
			return m
		}
	}
	return nil
}

// counts says whether a match asks to be taken off where it stands: words such as "stop" do so only if there are no
// others.
func (l *looked) counts(m *match) bool {
	switch m.set {
	case "leave":
		return true
	case "leave-subject":
		return l.inHeading(m) || l.alone(m)
	case "leave-alone":
		return l.inHeading(m) && strings.TrimSpace(l.own.text) == "" || l.alone(m)
	}
	return false
}

// alone says whether a match stands in the first sentence of the text, and little follows.
func (l *looked) alone(m *match) bool {
	from, _ := l.sentence(m.from)
	if l.inHeading(m) || len(l.words)-from > 8 {
		return false
	}
	_, first := l.sentence(l.heading)
	return from <= first && from-l.heading <= 4
}

// answersHeading says whether the subject is not the writer's: it begins with "Re:", and there are words below it.
func (l *looked) answersHeading() bool {
	m := l.first("re")
	return m != nil && m.from == 0 && strings.TrimSpace(l.own.text) != ""
}
