package bounce

import (
	"embed"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"mailshot/internal/bounce/parts"
	"mailshot/sender/reply"
)

// What programs write is data: rules/*.txt. notices-*.txt have the rules for notices, each with examples; reasons.txt
// has words that say why; words.txt has the lines below which the returned message begins, and the words that say at which
// step of a session a server spoke. All are read once, strictly, and a test reads them too.

//go:embed rules/*.txt
var ruleFiles embed.FS

// rule says how one program writes its notices.
type rule struct {
	name    string
	program bool // it holds only for what a program sent, by its address and header
	// The conditions, all of which hold. Words are looked for in the text in lower case with single blanks.
	from, subject *regexp.Regexp
	field         []condition
	says          [][]string // in each line, one of the words
	lacks         []string   // and none of these

	to     []*regexp.Regexp // how a recipient is named; group 1 is the address. The first that finds somebody is used
	alone  int              // from this one of them on, one is used only if it finds nobody else
	why    *regexp.Regexp   // group 1 is the words for all recipients, where they do not stand beside one
	kind   Kind
	reason Reason // of all, whatever the words
	detail string
	whole  bool // the whole notice are the words, where none stand beside a recipient

	line bool // what stands beside a recipient ends with its line
	near bool // and nothing else is about the recipient: what follows may be a guess of the program

	examples []example
}

type condition struct {
	name    string
	pattern *regexp.Regexp
}

// example is a notice that was made up, and what it means.
type example struct {
	text string
	want []string // "bounce hard ann@example.com"
}

// because says why by words.
type because struct {
	reason  Reason
	late    bool // asked only after sender/reply has not found a mailbox that is gone
	any     []*regexp.Regexp
	example string
	// of the example: the recipient and the server
	to, host string
}

type stageWords struct {
	stage   reply.Stage
	pattern *regexp.Regexp
}

// rulebook is all of it. It is read-only.
type rulebook struct {
	notices []rule
	reasons []because
	stages  []stageWords
	ends    *regexp.Regexp
}

var book = sync.OnceValue(func() *rulebook {
	b := &rulebook{}
	files, err := ruleFiles.ReadDir("rules")
	for i := 0; err == nil && i < len(files); i++ {
		var text []byte
		if text, err = ruleFiles.ReadFile("rules/" + files[i].Name()); err == nil {
			err = b.read(files[i].Name(), string(text))
		}
	}
	if err != nil {
		panic("bounce: embedded rules: " + err.Error())
	}
	return b
})

// early and late look for words that say why. later says that words also say that the trouble passes; for late, or that
// somebody else is to blame, beside which a mailbox is not called gone.
func (b *rulebook) early(text string, later, temporary bool) (Reason, bool) {
	return b.because(text, false, later, temporary)
}

func (b *rulebook) late(text string, later, temporary bool) (Reason, bool) {
	return b.because(text, true, later, temporary)
}

func (b *rulebook) because(text string, late, later, temporary bool) (Reason, bool) {
	for i := range b.reasons {
		one := &b.reasons[i]
		switch {
		case one.late != late || !one.says(text):
		case one.reason != Hard:
			return one.reason, true
		case temporary, later && !late:
			return Soft, true
		case !later:
			return Hard, true
		}
	}
	return "", false
}

func (one *because) says(text string) bool {
	return slices.ContainsFunc(one.any, func(p *regexp.Regexp) bool { return p.MatchString(text) })
}

// read reads one file of rules.
func (b *rulebook) read(name, text string) error {
	reader := lines{name: name, all: strings.Split(text, "\n")}
	switch {
	case strings.HasPrefix(name, "notices"):
		return b.readNotices(&reader)
	case name == "reasons.txt":
		return b.readReasons(&reader)
	case name == "words.txt":
		return b.readWords(&reader)
	}
	return fmt.Errorf("%s: nobody reads it", name)
}

// lines are those of a file, without comments and empty ones.
type lines struct {
	name string
	all  []string
	n    int
}

// next returns a line's first word and the rest. A line of an example has the word "|".
func (l *lines) next() (word, rest string, ok bool) {
	for l.n < len(l.all) {
		line := l.all[l.n]
		l.n++
		if strings.HasPrefix(line, "|") {
			return "|", strings.TrimPrefix(strings.TrimPrefix(line, "|"), " "), true
		}
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		word, rest, _ = strings.Cut(line, " ")
		return word, strings.TrimSpace(rest), true
	}
	return "", "", false
}

func (l *lines) errorf(format string, values ...any) error {
	return fmt.Errorf("%s:%d: "+format, append([]any{l.name, l.n}, values...)...)
}

// pattern compiles an expression, in which ADDRESS stands for an address.
func (l *lines) pattern(s string) (*regexp.Regexp, error) {
	p, err := regexp.Compile("(?im)" + strings.ReplaceAll(s, "ADDRESS", "("+address+")"))
	if err != nil {
		return nil, l.errorf("%w", err)
	}
	return p, nil
}

func (b *rulebook) readNotices(l *lines) error {
	var r *rule
	for {
		word, rest, ok := l.next()
		if !ok || word == "rule" {
			if r != nil && (len(r.examples) == 0 || len(r.says) == 0 && r.from == nil && r.subject == nil && r.field == nil) {
				return l.errorf("%s has no example, or fits everything", r.name)
			}
		}
		if !ok {
			return nil
		}
		if word == "rule" {
			b.notices = append(b.notices, rule{name: rest, kind: Bounce, alone: 100})
			r = &b.notices[len(b.notices)-1]
			continue
		}
		if r == nil {
			return l.errorf("%s before the first rule", word)
		}
		if err := r.add(l, word, rest); err != nil {
			return err
		}
	}
}

// add reads one line of a rule.
func (r *rule) add(l *lines, word, rest string) (err error) {
	switch word {
	case "program":
		r.program = true
	case "whole":
		r.whole = true
	case "line":
		r.line = true
	case "near":
		r.near = true
	case "from":
		r.from, err = l.pattern(rest)
	case "subject":
		r.subject, err = l.pattern(rest)
	case "field":
		name, value, _ := strings.Cut(rest, ":")
		c := condition{name: name}
		c.pattern, err = l.pattern(strings.TrimSpace(value))
		r.field = append(r.field, c)
	case "says":
		r.says = append(r.says, alternatives(rest))
	case "or":
		if len(r.says) == 0 {
			return l.errorf("or before says")
		}
		r.says[len(r.says)-1] = append(r.says[len(r.says)-1], alternatives(rest)...)
	case "lacks":
		r.lacks = append(r.lacks, alternatives(rest)...)
	case "to", "only":
		var p *regexp.Regexp
		if p, err = l.pattern(rest); err == nil && p.NumSubexp() != 1 {
			err = l.errorf("%q needs one group, the address", rest)
		}
		if word == "only" {
			r.alone = len(r.to)
		}
		r.to = append(r.to, p)
	case "why":
		r.why, err = l.pattern(rest)
	default:
		err = r.mean(l, word, rest)
	}
	return err
}

// mean reads one line that says what a rule means, or shows it.
func (r *rule) mean(l *lines, word, rest string) error {
	switch word {
	case "kind":
		r.kind = Kind(rest)
	case "reason":
		r.reason = Reason(rest)
	case "detail":
		r.detail = rest
	case "example":
		r.examples = append(r.examples, example{})
	case "|", "means":
		if len(r.examples) == 0 {
			return l.errorf("%s before example", word)
		}
		e := &r.examples[len(r.examples)-1]
		if word == "|" {
			e.text += rest + "\n"
		} else {
			e.want = append(e.want, rest)
		}
	default:
		return l.errorf("%q is not known", word)
	}
	return nil
}

func alternatives(s string) []string {
	var all []string
	for _, one := range strings.Split(s, "|") {
		if one = flat(one); one != "" {
			all = append(all, one)
		}
	}
	return all
}

func (b *rulebook) readReasons(l *lines) error {
	for {
		word, rest, ok := l.next()
		if !ok {
			return nil
		}
		if word == "|" {
			if len(b.reasons) == 0 {
				return l.errorf("an example before the first reason")
			}
			b.reasons[len(b.reasons)-1].example = rest
			continue
		}
		if word == "to" && len(b.reasons) > 0 {
			last := &b.reasons[len(b.reasons)-1]
			last.to, last.host, _ = strings.Cut(rest, " ")
			continue
		}
		one := because{}
		word, one.late = strings.CutPrefix(word, "late-")
		one.reason = Reason(strings.ReplaceAll(strings.TrimSuffix(word, ":"), "-", " "))
		if !slices.Contains([]Reason{Hard, Soft, Full, Policy, Content, Unknown}, one.reason) {
			return l.errorf("%q is not a reason", word)
		}
		// Each alternative is an expression of its own: most begin with a literal, which is looked for first.
		for _, s := range branches(rest) {
			p, err := regexp.Compile(s)
			if err != nil {
				return l.errorf("%w", err)
			}
			one.any = append(one.any, p)
		}
		b.reasons = append(b.reasons, one)
	}
}

// branches cuts an expression at the bars that are in no group or class.
func branches(s string) []string {
	var all []string
	depth, from := 0, 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '(', '[':
			depth++
		case ')', ']':
			depth--
		case '|':
			if depth == 0 {
				all = append(all, s[from:i])
				from = i + 1
			}
		}
	}
	return append(all, s[from:])
}

func (b *rulebook) readWords(l *lines) error {
	var ends []string
	for {
		word, rest, ok := l.next()
		if !ok {
			break
		}
		switch word {
		case "end":
			ends = append(ends, rest)
		case "stage":
			name, expression, _ := strings.Cut(rest, " ")
			p, err := l.pattern(strings.TrimSpace(expression))
			if err != nil {
				return err
			}
			b.stages = append(b.stages, stageWords{stage: reply.Stage(name), pattern: p})
		default:
			return l.errorf("%q is not known", word)
		}
	}
	var err error
	b.ends, err = l.pattern("^[ \t>]*(?:" + strings.Join(ends, "|") + ")")
	return err
}

// anyIn reports whether text has one of the words.
func anyIn(text string, of []string) bool {
	return slices.ContainsFunc(of, func(s string) bool { return strings.Contains(text, s) })
}

// fits reports whether the conditions of a rule hold. text is the notice, flat.
func (r *rule) fits(h parts.Header, from, subject, text string, program bool) bool {
	if r.program && !program || r.from != nil && !r.from.MatchString(from) ||
		r.subject != nil && !r.subject.MatchString(subject) {
		return false
	}
	for _, c := range r.field {
		if !slices.ContainsFunc(h.All(c.name), c.pattern.MatchString) {
			return false
		}
	}
	if r.program {
		text = flat(subject) + " " + text
	}
	for _, one := range r.says {
		if !anyIn(text, one) {
			return false
		}
	}
	return !anyIn(text, r.lacks)
}
