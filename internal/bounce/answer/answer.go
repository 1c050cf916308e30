// Package answer says what a message means that is an answer: of a program (RFC 3834) or of a person. [Read] is the
// call. It looks at header fields, leaves out what is quoted, and finds phrases by rules in about 30 languages; the
// rules are the files in rules, one a line, each with an example. Nothing here uses a network, a clock or a file.
//
// A wrong "unsubscribe in words" is worse than a missed one, and a wrong date is worse than none: where words can mean
// two things, they mean neither.
package answer

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"mailshot/internal/bounce/answer/flat"
	"mailshot/internal/bounce/answer/words"
)

// Kind is what an answer is. The texts are those of package bounce.
type Kind string

// The kinds.
const (
	OutOfOffice Kind = "out of office"        // the person is away
	Left        Kind = "left the company"     // the person is there no more
	AutoReply   Kind = "auto-reply"           // any other automatic reply
	Unsubscribe Kind = "unsubscribe in words" // the person asks to be taken off
	Reply       Kind = "human reply"          // the person wrote something else
	Other       Kind = "other"                // no answer: a newsletter, an order, spam
)

// Limits of what is looked at.
const (
	maxText = 256 << 10 // bytes of a body
	maxLine = 300       // bytes of the line that decided

	maxWords = 10000 // words of what the writer wrote: no answer has so many, and rules cost time for each
)

// Message is a message that came in.
type Message struct {
	// Header returns the value of a header field, decoded, by its name in any case; the values of fields that are there
	// several times are joined by newlines. It returns "" for a field that is not there; an empty Return-Path is "<>".
	Header func(name string) string

	Date time.Time // of the message: dates without a year and days of the week are counted from it. Zero: not known
	Text string    // its text body, in UTF-8
	HTML string    // its HTML body, in UTF-8; it is read if Text has no words
}

// Answer is what a message means.
type Answer struct {
	Kind       Kind
	Until      string  // of OutOfOffice: the first day on which the person is back, as 2006-01-02; "" if not known
	Successor  string  // the address to write to in place of this one, of Left and of mailboxes that nobody reads; ""
	Confidence float64 // from 0 to 1: 1 where a field of a standard says so, less where words were read
	Line       string  // the line that decided: at most 300 bytes, valid UTF-8, without controls
}

// Read says what a message means. It does not look for reports of delivery (RFC 3464) and the like, which are to be read
// before. It looks at the first 256 KB of the body and the first 10,000 words that are not quoted, and takes time in
// proportion to them. It never panics, and may be called by several goroutines at once.
func Read(m Message) Answer {
	l := look(m)
	auto := l.automatic()
	switch {
	case l.notAnAnswer(auto):
		return l.answer(Other, 0.7, l.otherLine)
	case auto.sure > 0:
		return l.readAutomatic(auto)
	}
	return l.readHuman()
}

// looked is a message with what was found in it.
type looked struct {
	Message
	own
	subject   string
	words     []words.Token // of subject and own text; the subject is the first sentences
	heading   int           // how many of the words are of the subject
	found     []match
	all       string // what words are of
	otherLine string
}

// look prepares a message.
func look(m Message) *looked {
	if m.Header == nil {
		m.Header = func(string) string { return "" }
	}
	l := &looked{Message: m, subject: oneLine(m.Header("Subject"), 1000)}
	text := m.Text
	if strings.IndexFunc(text, unicode.IsLetter) < 0 && m.HTML != "" {
		text = flat.Text(clipped(m.HTML, maxText))
	}
	text = strings.ReplaceAll(strings.ToValidUTF8(clipped(text, maxText), " "), "\r\n", "\n")
	l.own = ownWords(strings.ReplaceAll(text, "\r", "\n"))
	l.all = l.subject + "\n\n" + l.own.text
	if l.words = words.Of(l.all); len(l.words) > maxWords {
		l.words = l.words[:maxWords]
	}
	for l.heading < len(l.words) && l.words[l.heading].End <= len(l.subject) {
		l.heading++
	}
	l.found = book().find(l.words)
	return l
}

// clipped is the text up to n bytes.
func clipped(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "")
}

// first returns the first match of one of the sets.
func (l *looked) first(sets ...string) *match {
	for i := range l.found {
		for _, set := range sets {
			if l.found[i].set == set {
				return &l.found[i]
			}
		}
	}
	return nil
}

// inHeading says whether a match is of the subject.
func (l *looked) inHeading(m *match) bool { return m != nil && m.from < l.heading }

// line is the line of the text that a match stands in.
func (l *looked) line(m *match) string {
	if m == nil || len(l.words) == 0 {
		return ""
	}
	at := l.words[min(m.from, len(l.words)-1)].Start
	begin := strings.LastIndexByte(l.all[:at], '\n') + 1
	if at-begin > 200 { // a paragraph in one line: the sentence
		k := min(m.from, len(l.words)-1)
		for k > 0 && !l.words[k].First {
			k--
		}
		begin = max(begin, min(l.words[k].Start, at))
		if at-begin > 200 {
			begin = at
		}
	}
	end := strings.IndexByte(l.all[at:], '\n')
	if end < 0 {
		end = len(l.all) - at
	}
	return l.all[begin : at+end]
}

// answer is the result.
func (l *looked) answer(k Kind, confidence float64, line string) Answer {
	if line == "" {
		line = l.firstLine()
	}
	return Answer{Kind: k, Confidence: confidence, Line: oneLine(line, maxLine)}
}

// firstLine is the first line of the own text, or the subject.
func (l *looked) firstLine() string {
	line, _, _ := strings.Cut(l.own.text, "\n")
	if line == "" {
		return l.subject
	}
	return line
}

// oneLine is a text of at most n bytes without controls.
func oneLine(s string, n int) string {
	var b strings.Builder
	space := false
	for _, r := range s {
		if r == utf8.RuneError || unicode.IsControl(r) || unicode.IsSpace(r) || r >= 0x2028 && r <= 0x202E ||
			r >= 0x2066 && r <= 0x2069 {
			space = true
			continue
		}
		if space && b.Len() > 0 {
			r0 := utf8.RuneLen(r) + 1
			if b.Len()+r0 > n {
				break
			}
			b.WriteByte(' ')
		}
		space = false
		if b.Len()+utf8.RuneLen(r) > n {
			break
		}
		b.WriteRune(r)
	}
	return b.String()
}
