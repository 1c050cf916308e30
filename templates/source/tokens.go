package source

import (
	"fmt"
	"slices"
	"strings"
)

// Tokens is a text whose actions have been replaced by words of small letters. Neither Markdown nor HTML gives those a
// meaning.
type Tokens struct {
	Source  *Source
	Actions []Action
	prefix  string
	made    []made // numbered after the actions
}

// made is an action that the source does not have: a call of a function, around an action's pipeline or alone.
type made struct {
	call   string // the function with its arguments; "" is a mark
	action int    // whose pipeline is the last argument; -1 none
	at     int    // of a mark: its place in the source
}

// Call returns a token for a call that the source does not have: {{f}}, or {{f (pipeline)}} with the pipeline of an
// action of the source. action is -1 for none.
func (t *Tokens) Call(f string, action int) string {
	t.made = append(t.made, made{f, action, 0})
	return t.Token(len(t.Actions) + len(t.made) - 1)
}

// Mark returns a token of which nothing is left but its place: what comes after it has the place at in the source.
func (t *Tokens) Mark(at int) string {
	t.made = append(t.made, made{"", -1, at})
	return t.Token(len(t.Actions) + len(t.made) - 1)
}

// tokenLen is the number of letters after the prefix.
const tokenLen = 6

// maxNested is how deep if, range and with may be nested in one text. What finds its way through a text with tokens
// takes time for each level of each action, and nobody reads a hundred levels.
const maxNested = 100

// Tokens finds the source's actions and makes a token for each. It is an error if an action has no end, or if one
// stands in more than a hundred others.
func (s *Source) Tokens() (*Tokens, error) {
	actions, unclosed := Scan(s.Text)
	if unclosed >= 0 {
		return nil, s.ErrorAt(unclosed, "template-syntax", "this action has no end", "add }}")
	}
	nested := 0
	for _, a := range actions {
		switch a.Kind {
		case Opener, Define:
			nested++
		case Closer:
			nested = max(nested-1, 0)
		}
		if nested > maxNested {
			return nil, s.ErrorAt(a.Start, "template-nesting",
				fmt.Sprintf("this stands in more than %d others, each without its {{end}} so far", maxNested),
				`add the {{end}} that is missing, or put the inner part into a file of its own: {{template "part.md" .}}`)
		}
	}
	return NewTokens(s, actions), nil
}

// NewTokens makes tokens for actions that Scan found. It chooses a prefix that the source does not contain in any case.
// The last letter of the prefix is not among those of the number, and its first letter is nowhere else in it, so a
// token is found for certain whatever stands before or after it.
func NewTokens(s *Source, actions []Action) *Tokens {
	low := strings.ToLower(s.Text)
	prefix := "xqzj"
	for strings.Contains(low, prefix) {
		prefix = prefix[:len(prefix)-1] + "vj"
	}
	return &Tokens{Source: s, Actions: actions, prefix: prefix}
}

// Prefix returns what each token begins with.
func (t *Tokens) Prefix() string { return t.prefix }

// Token returns the word for action i.
func (t *Tokens) Token(i int) string {
	b := []byte(t.prefix + "aaaaaa")
	for k := len(b) - 1; i > 0; k, i = k-1, i/16 {
		b[k] = 'a' + byte(i%16)
	}
	return string(b)
}

// Next finds the first token in s and returns its offset and its action, or -1 for both if there is none.
func (t *Tokens) Next(s string) (at, i int) {
	for from := 0; ; {
		k := strings.Index(s[from:], t.prefix)
		if k < 0 || from+k+len(t.prefix)+tokenLen > len(s) {
			return -1, -1
		}
		at = from + k
		i = 0
		ok := true
		for _, c := range []byte(s[at+len(t.prefix) : at+len(t.prefix)+tokenLen]) {
			if c < 'a' || c > 'p' {
				ok = false
				break
			}
			i = i*16 + int(c-'a')
		}
		if ok && i < len(t.Actions)+len(t.made) {
			return at, i
		}
		from = at + len(t.prefix)
	}
}

// At returns the action of the token with which s begins, or -1.
func (t *Tokens) At(s string) (i int) {
	if !strings.HasPrefix(s, t.prefix) {
		return -1
	}
	_, i = t.Next(s[:min(len(s), len(t.prefix)+tokenLen)])
	return i
}

// Action returns the action of the source that a token stands for: itself, or the one that a call made by Call takes,
// or -1 if the call takes none.
func (t *Tokens) Action(i int) int {
	if i >= len(t.Actions) {
		return t.made[i-len(t.Actions)].action
	}
	return i
}

// Closes says whether a token stands for {{end}} or {{else}}.
func (t *Tokens) Closes(i int) bool {
	if i >= len(t.Actions) {
		call := t.made[i-len(t.Actions)].call
		return call == "end" || call == "else"
	}
	return t.Actions[i].Kind == Closer || t.Actions[i].Kind == Divider
}

// Function returns the first word of an action of the source, which is the function that it calls if it calls one.
func (t *Tokens) Function(i int) string {
	if i = t.Action(i); i < 0 {
		return ""
	}
	word, _, _ := strings.Cut(Inner(t.Source.Text[t.Actions[i].Start:t.Actions[i].End]), " ")
	return word
}

// Value returns the value that an action of the source prints, without a function around it that changes only how the
// value is written for a link or a line. It returns the whole action where it does more.
func (t *Tokens) Value(i int) string {
	if i = t.Action(i); i < 0 {
		return ""
	}
	s := Inner(t.Source.Text[t.Actions[i].Start:t.Actions[i].End])
	word, rest, ok := strings.Cut(s, " ")
	if ok && slices.Contains([]string{"tel", "ltr", "rtl", "trim", "urlescape", "pathescape"}, word) {
		return strings.TrimSpace(rest)
	}
	return s
}

// Width returns the length of a token.
func (t *Tokens) Width() int { return len(t.prefix) + tokenLen }

// Hide returns the source with its actions replaced by tokens.
func (t *Tokens) Hide() string {
	var b strings.Builder
	at := 0
	for i, a := range t.Actions {
		b.WriteString(t.Source.Text[at:a.Start])
		b.WriteString(t.Token(i))
		at = a.End
	}
	b.WriteString(t.Source.Text[at:])
	return b.String()
}

// Show puts the actions back into a text made from that of Hide, and notes where they went.
func (t *Tokens) Show(s string) *Form {
	f := &Form{Source: t.Source}
	var b strings.Builder
	for {
		at, i := t.Next(s)
		if at < 0 {
			break
		}
		before, after := s[:at], s[at+t.Width():]
		if strings.HasSuffix(before, "<!--") && strings.HasPrefix(after, "-->") {
			before, after = before[:len(before)-4], after[3:]
		}
		static(&b, before, true)
		s = after
		if i < len(t.Actions) {
			a := t.Actions[i]
			f.pieces = append(f.pieces, piece{b.Len(), a.End - a.Start, a.Start})
			b.WriteString(t.Source.Text[a.Start:a.End])
			continue
		}
		m := t.made[i-len(t.Actions)]
		if m.call == "" {
			f.pieces = append(f.pieces, piece{b.Len(), 0, m.at})
			continue
		}
		if m.action < 0 {
			b.WriteString("{{" + m.call + "}}")
			continue
		}
		a := t.Actions[m.action]
		pipe := Inner(t.Source.Text[a.Start:a.End])
		from := a.Start + strings.Index(t.Source.Text[a.Start:a.End], pipe)
		f.pieces = append(f.pieces, piece{b.Len(), 0, from}) // an error of the call has the pipeline's place
		b.WriteString("{{" + m.call + " (")
		f.pieces = append(f.pieces, piece{b.Len(), len(pipe), from})
		b.WriteString(pipe + ")}}")
	}
	static(&b, s, false)
	f.Text = b.String()
	return f
}

// static writes text that must not be read as an action: by now, \{\{ of Markdown has become {{.
func static(b *strings.Builder, s string, beforeAction bool) {
	last := beforeAction && strings.HasSuffix(s, "{")
	if last {
		s = s[:len(s)-1]
	}
	b.WriteString(strings.ReplaceAll(s, "{{", `{{"{{"}}`))
	if last {
		b.WriteString(`{{"{"}}`)
	}
}
