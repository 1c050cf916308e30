package markup

import (
	"regexp"
	"strings"

	"mailshot/campaign/check"
	"mailshot/campaign/check/target"
	"mailshot/templates/source"
)

// Written has the links and images as the author wrote them. It is immutable and safe for concurrent use.
type Written struct {
	literal map[string]bool // addresses and texts without an action, as target.Same makes them
	all     []written
}

// written is an address as it is in a source.
type written struct {
	said   check.Finding // its place
	pieces []piece
}

// piece is a part of an address: a text, or an action.
type piece struct {
	text   string // as target.Same makes it
	action bool
	field  string // the field that the action prints; "" = it does more
}

// Literal returns the addresses and texts of links that contain no action, as [target.Same] makes them.
func (w *Written) Literal() map[string]bool { return w.literal }

// Place gives a finding about an address the place where its link or image is written. cell returns what a field of the
// row prints. A link whose fields make exactly this address comes first, then a link that may make it. ok is false if
// there is neither.
func (w *Written) Place(f *check.Finding, address string, cell func(field string) (text string, ok bool)) (ok bool) {
	address = target.Same(address)
	var of *written
	for i := range w.all {
		at := &w.all[i]
		if at.makes(address, cell) {
			of = at
			break
		}
		if of == nil && at.matches(address) {
			of = at
		}
	}
	if of == nil {
		return false
	}
	f.Place, f.Excerpt, f.Column = of.said.Place, of.said.Excerpt, of.said.Column
	return true
}

// makes says whether the fields of a row make the address.
func (w *written) makes(address string, cell func(string) (string, bool)) bool {
	var b strings.Builder
	for _, p := range w.pieces {
		switch text, ok := cell(p.field); {
		case !p.action:
			b.WriteString(p.text)
		case p.field == "" || !ok:
			return false
		default:
			b.WriteString(text)
		}
	}
	return target.Same(b.String()) == address
}

// matches says whether some row may make the address.
func (w *written) matches(address string) bool {
	rest, free := address, false // free: the piece before is an action
	for i, p := range w.pieces {
		if p.action {
			free = true
			continue
		}
		switch at := strings.Index(rest, p.text); {
		case at < 0 || at > 0 && !free:
			return false
		case i == len(w.pieces)-1:
			return strings.HasSuffix(rest, p.text) && (free || len(rest) == len(p.text))
		default:
			rest, free = rest[at+len(p.text):], false
		}
	}
	return free || rest == ""
}

// plainField matches an action that prints a field as it is.
var plainField = regexp.MustCompile(`^\{\{-?\s*\.([\pL\pN_]+)\s*-?\}\}$`)

// address notes an address that is in the source at an offset or after it.
func (l *looker) address(at int, masked string) {
	w := written{said: check.From(l.ErrorAt(at, "", "", ""))[0]}
	if i := strings.Index(l.text[at:], "]("); i >= 0 && l.Markdown { // the text of a link has actions of its own
		at += i
	}
	at += max(strings.Index(l.text[at:], masked), 0)
	next := 0
	for next < len(l.actions) && l.actions[next].Start < at {
		next++
	}
	for rest := masked; rest != ""; {
		size := 0
		for size < len(rest) && stands(rest[size]) == stands(rest[0]) {
			size++
		}
		if !stands(rest[0]) {
			w.pieces = append(w.pieces, piece{text: target.Same(rest[:size])})
			rest = rest[size:]
			continue
		}
		rest = rest[size:]
		for ; size > 0 && next < len(l.actions); next++ {
			a := l.actions[next]
			size -= a.End - a.Start
			w.pieces = append(w.pieces, l.action(a))
		}
	}
	l.links.all = append(l.links.all, w)
}

// stands says whether a byte takes the place of an action.
func stands(c byte) bool { return c == printed || c == silent }

// action is the piece of an action.
func (l *looker) action(a source.Action) piece {
	p := piece{action: true}
	if m := plainField.FindStringSubmatch(l.Text[a.Start:a.End]); m != nil {
		p.field = m[1]
	}
	return p
}
