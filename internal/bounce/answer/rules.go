package answer

import (
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"mailshot/internal/bounce/answer/words"
)

// ruleFiles hold the rules. A line is a rule: its set, its language, its pattern, and a made-up text that it matches,
// with tabs between. "#" begins a comment.
//
// A pattern is words. (a|b|) is one of several, "stem*" is a word that begins so, "_" is any word and "_3" up to three
// of them, "^" is where a sentence begins and "$" where it ends, polite words left out.
//
//go:embed rules/*.txt
var ruleFiles embed.FS

// rule is one line of the files.
type rule struct {
	set, lang, pattern, example string
	place                       string // file and line
}

// node is a place in the tree of all patterns.
type node struct {
	words map[string]*node
	stems map[string]*node
	gaps  map[int]*node // up to so many words follow
	any   *node         // one word follows
	end   *node         // nothing follows
	then  []*node       // the pattern goes on there: alternatives meet
	rules []*rule       // those that are whole here
}

// match is where a rule matched: the tokens from from up to, not including, to.
type match struct {
	*rule
	from, to int
}

// rulebook is all rules, and the trees in which they are found.
type rulebook struct {
	rules    []*rule
	anywhere *node
	opening  *node // patterns that begin with "^"
	polite   map[string]bool
	lists    map[string][]*rule // sets that are lists of words and not patterns, as months are
}

// book returns the rules, which are read once.
var book = sync.OnceValue(func() *rulebook {
	b, err := readRules(ruleFiles)
	if err != nil {
		panic(err) // a test reads the same files
	}
	return b
})

// readRules reads the files of rules.
func readRules(files fs.FS) (*rulebook, error) {
	b := &rulebook{anywhere: &node{}, opening: &node{}, polite: map[string]bool{}, lists: map[string][]*rule{}}
	names, err := fs.Glob(files, "rules/*.txt")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		n := 0
		for line := range strings.Lines(string(text)) {
			n++
			line = strings.TrimRight(line, "\r\n")
			if line == "" || line[0] == '#' {
				continue
			}
			place := fmt.Sprintf("%s:%d", name, n)
			cells := strings.Split(line, "\t")
			cells = slices.DeleteFunc(cells, func(s string) bool { return s == "" })
			if len(cells) < 3 {
				return nil, fmt.Errorf("%s: %q has %d cells, not set, language, pattern, example", place, line, len(cells))
			}
			r := &rule{set: cells[0], lang: cells[1], pattern: cells[2], place: place}
			if len(cells) > 3 {
				r.example = cells[3]
			}
			if err := b.add(r); err != nil {
				return nil, fmt.Errorf("%s: %w", place, err)
			}
		}
	}
	return b, nil
}

// add puts a rule where it belongs.
func (b *rulebook) add(r *rule) error {
	if strings.HasPrefix(r.set, "=") {
		b.lists[r.set[1:]] = append(b.lists[r.set[1:]], r)
		return nil
	}
	if r.set == "polite" {
		for _, t := range words.Of(r.pattern) {
			b.polite[t.Text] = true
		}
		return nil
	}
	b.rules = append(b.rules, r)
	return b.plant(r)
}

// expand writes out the alternatives of a pattern.
func expand(pattern string) ([]string, error) {
	open := strings.IndexByte(pattern, '(')
	if open < 0 {
		if strings.ContainsAny(pattern, ")|") {
			return nil, fmt.Errorf("%q: an alternative that is not in brackets", pattern)
		}
		return []string{pattern}, nil
	}
	depth, last := 1, open+1
	var choices []string
	i := open + 1
	for ; i < len(pattern) && depth > 0; i++ {
		switch pattern[i] {
		case '(':
			depth++
		case ')':
			depth--
		}
		if depth == 0 || depth == 1 && pattern[i] == '|' {
			choices, last = append(choices, pattern[last:i]), i+1
		}
	}
	if depth > 0 {
		return nil, fmt.Errorf("%q: a bracket that does not end", pattern)
	}
	var forms []string
	for _, c := range choices {
		more, err := expand(pattern[:open] + c + pattern[i:])
		if err != nil {
			return nil, err
		}
		forms = append(forms, more...)
	}
	if len(forms) > 4000 {
		return nil, fmt.Errorf("%q: %d forms are too many", pattern, len(forms))
	}
	return forms, nil
}

// plant puts a rule into the tree.
func (b *rulebook) plant(r *rule) error {
	at, pattern := b.anywhere, r.pattern
	if rest, ok := strings.CutPrefix(pattern, "^ "); ok {
		at, pattern = b.opening, rest
	}
	root := at
	for _, atom := range atoms(pattern) {
		forms, err := expand(atom)
		if err != nil {
			return err
		}
		if len(forms) == 1 {
			if at, err = at.grow(forms[0]); err != nil {
				return err
			}
			continue
		}
		join := &node{}
		for _, form := range forms {
			end, err := at.grow(form)
			if err != nil {
				return err
			}
			end.then = append(end.then, join)
		}
		at = join
	}
	if at == root {
		return fmt.Errorf("%q matches everything", r.pattern)
	}
	at.rules = append(at.rules, r)
	return nil
}

// atoms cuts a pattern at the spaces that are not in brackets.
func atoms(pattern string) []string {
	depth := 0
	return strings.FieldsFunc(pattern, func(r rune) bool {
		switch r {
		case '(':
			depth++
		case ')':
			depth--
		}
		return r == ' ' && depth == 0
	})
}

// grow returns the node behind the words of a form.
func (n *node) grow(form string) (*node, error) {
	at := n
	for _, w := range strings.Fields(form) {
		switch {
		case w == "$":
			at.end = grown(at.end)
			at = at.end
		case w == "_":
			at.any = grown(at.any)
			at = at.any
		case len(w) == 2 && w[0] == '_' && w[1] >= '1' && w[1] <= '9':
			k := int(w[1] - '0')
			if at.gaps == nil {
				at.gaps = map[int]*node{}
			}
			at.gaps[k] = grown(at.gaps[k])
			at = at.gaps[k]
		default:
			stem := strings.HasSuffix(w, "*")
			list := words.Of(strings.TrimSuffix(w, "*"))
			if len(list) == 0 {
				return nil, fmt.Errorf("%q: %q has no letters", form, w)
			}
			for k, t := range list {
				at = at.child(t.Text, stem && k == len(list)-1)
			}
		}
	}
	return at, nil
}

// grown is the node, or a new one.
func grown(n *node) *node {
	if n == nil {
		return &node{}
	}
	return n
}

// child returns the node behind a word or a stem.
func (n *node) child(word string, stem bool) *node {
	set := &n.words
	if stem {
		set = &n.stems
	}
	if *set == nil {
		*set = map[string]*node{}
	}
	(*set)[word] = grown((*set)[word])
	return (*set)[word]
}

// find returns where rules match, in the order of the text. Each rule is there once for each place where it begins.
func (b *rulebook) find(list []words.Token) []match {
	var found []match
	for from := 0; from < len(list); {
		to := from + 1
		for to < len(list) && !list[to].First {
			to++
		}
		sentence := list[from:to]
		begin, end := 0, len(sentence)
		for begin < end && b.polite[sentence[begin].Text] {
			begin++
		}
		for end > begin && b.polite[sentence[end-1].Text] {
			end--
		}
		w := walk{sentence: sentence, end: end, base: from}
		for i := range sentence {
			w.from = from + i
			w.step(b.anywhere, i)
			if i <= begin {
				w.step(b.opening, i)
			}
		}
		found = append(found, w.found...)
		from = to
	}
	return found
}

// walk is one walk through the tree.
type walk struct {
	sentence []words.Token
	end      int // where the polite words at the end begin
	base     int // the place of the sentence in the text
	from     int // where the pattern began
	found    []match
}

// step looks at token i of the sentence. No pattern has more than three gaps, so each place costs a bounded time.
func (w *walk) step(n *node, i int) {
	if i > len(w.sentence) {
		return
	}
	w.note(n, i)
	if n.end != nil && i >= w.end {
		w.step(n.end, i)
	}
	for _, next := range n.then {
		w.step(next, i)
	}
	for most, next := range n.gaps {
		for k := 0; k <= most && i+k <= len(w.sentence); k++ {
			w.step(next, i+k)
		}
	}
	if i == len(w.sentence) {
		return
	}
	if n.any != nil {
		w.step(n.any, i+1)
	}
	t := w.sentence[i].Text
	if next := n.words[t]; next != nil {
		w.step(next, i+1)
	}
	if n.stems == nil {
		return
	}
	for k := range t {
		if k > 40 {
			break
		}
		if k > 0 {
			w.stem(n, t[:k], i)
		}
	}
	if utf8.RuneCountInString(t) <= 40 {
		w.stem(n, t, i)
	}
}

// stem goes on behind a token that begins with a stem.
func (w *walk) stem(n *node, stem string, i int) {
	if next := n.stems[stem]; next != nil {
		w.step(next, i+1)
	}
}

// note takes the rules that are whole at a node.
func (w *walk) note(n *node, i int) {
	for _, r := range n.rules {
		known := false
		for k := len(w.found) - 1; k >= 0 && w.found[k].from == w.from && !known; k-- {
			known = w.found[k].rule == r && w.found[k].to == w.base+i
		}
		if !known {
			w.found = append(w.found, match{r, w.from, w.base + i})
		}
	}
}
