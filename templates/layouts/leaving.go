package layouts

import (
	"html"
	"regexp"
	"strings"

	"mailshot/templates/source"
)

// LeavingStyle is the style of the link that ends a subscription.
const LeavingStyle = "color:#57606a;text-decoration:underline;"

// Leaving makes HTML of the value of a List-Unsubscribe header (RFC 2369): a link to its first address of the web, or
// else to its first address for mail. Which one is the first may be different in each row, because actions may print
// the addresses and conditions may be around them; where a row has none, there is no link. before and link are HTML
// that stands before the link and is the link's text. style is the link's style=, or "".
//
// An address of which said reports true has its link elsewhere and gets none. The form is nil if all of them have.
// ok is false if the value does not tell where its addresses are, as one whose angle brackets come from a cell.
func Leaving(
	value *source.Source, said func(address string) bool, before, link, style string,
) (f *source.Form, ok bool) {
	t, err := value.Tokens()
	if err != nil {
		return nil, false
	}
	v := &leaving{t: t, said: said, before: before + `<a href="`, after: `">` + link + "</a>"}
	if style != "" {
		v.after = `" style="` + style + v.after
	}
	if !v.read(t.Hide()) {
		return nil, false
	}
	decides := v.decides
	for _, p := range v.pieces {
		decides = decides || p.from >= 0 && len(v.pieces) > 1
	}
	if !decides {
		return v.one(), true
	}
	return v.first(), true
}

// leaving is the value of a List-Unsubscribe header.
type leaving struct {
	t             *source.Tokens
	said          func(address string) bool
	before, after string // around the address of a link
	pieces        []piece
	decides       bool // actions decide which addresses there are
}

// piece is an address of the value, or an action between them that decides on the addresses after it.
type piece struct {
	text string // with tokens
	from int    // the action that prints all of its beginning, or -1: it is no address where that prints nothing
	mail bool
	said bool
	acts bool // it is an action
}

// bracketed is what a header names as an address, and schemed one whose kind is known.
var (
	bracketed = regexp.MustCompile(`<[^<>]*>`)
	schemed   = regexp.MustCompile(`(?i)^(?:(https?)|mailto):`)
)

// read finds the pieces. A value that is no more than an address is one.
func (v *leaving) read(hidden string) bool {
	spans := bracketed.FindAllStringIndex(hidden, -1)
	if spans == nil && schemed.MatchString(hidden) {
		hidden = "<" + hidden + ">"
		spans = [][]int{{0, len(hidden)}}
	}
	at, found := 0, false
	for _, m := range append(spans, []int{len(hidden), len(hidden)}) {
		if !v.between(hidden[at:m[0]]) {
			return false
		}
		at = m[1]
		if m[0] == m[1] {
			break
		}
		address := strings.TrimSpace(hidden[m[0]+1 : m[1]-1])
		kind := schemed.FindStringSubmatch(address)
		token, _ := v.t.Next(address)
		if kind == nil && token != 0 || strings.ContainsAny(address, " \t\n") {
			continue // it is not an address that a link may have
		}
		if !v.whole(address) {
			return false
		}
		first := -1
		if kind == nil {
			_, first = v.t.Next(address)
			if v.t.Actions[first].Kind != source.Output {
				if !v.divided(first) {
					return false
				}
				first = -1
			}
		}
		found = true
		mail := kind != nil && kind[1] == ""
		v.pieces = append(v.pieces, piece{text: address, from: first, mail: mail, said: v.said(v.written(address))})
	}
	return found
}

// between reads what is between addresses.
func (v *leaving) between(text string) bool {
	for {
		at, i := v.t.Next(text)
		if at < 0 {
			return true
		}
		switch a := v.t.Actions[i]; {
		case a.Kind == source.Include || a.Kind == source.Define:
			return false
		case a.Kind != source.Output:
			v.decides = true
			v.pieces = append(v.pieces, piece{text: v.t.Token(i), acts: true})
		}
		text = text[at+v.t.Width():]
	}
}

// whole says whether each condition in an address ends there.
func (v *leaving) whole(address string) bool {
	open := map[int]bool{}
	depth := 0
	for {
		at, i := v.t.Next(address)
		if at < 0 {
			return depth == 0
		}
		switch a := v.t.Actions[i]; {
		case a.Kind == source.Opener:
			open[i] = true
			depth++
		case a.Opener >= 0 && !open[a.Opener]:
			return false
		case a.Kind == source.Closer:
			depth--
		}
		address = address[at+v.t.Width():]
	}
}

// divided says whether a condition has an {{else}}, so that something is printed in each row.
func (v *leaving) divided(opener int) bool {
	for _, a := range v.t.Actions {
		if a.Kind == source.Divider && a.Opener == opener && source.Inner(v.t.Source.Text[a.Start:a.End]) == "else" {
			return true
		}
	}
	return false
}

// written is a text with tokens as its author wrote it.
func (v *leaving) written(text string) string {
	var b strings.Builder
	for {
		at, i := v.t.Next(text)
		if at < 0 {
			return b.String() + text
		}
		a := v.t.Actions[i]
		b.WriteString(text[:at] + v.t.Source.Text[a.Start:a.End])
		text = text[at+v.t.Width():]
	}
}

func (v *leaving) link(address string) string { return v.before + html.EscapeString(address) + v.after }

// where puts what is made of a piece into the condition that the piece is an address.
func (v *leaving) where(p piece, text string) string {
	if p.from < 0 || text == "" {
		return text
	}
	return v.t.Call("if", p.from) + text + v.t.Call("end", -1)
}

// one is the link where each row has the same addresses.
func (v *leaving) one() *source.Form {
	best := v.pieces[0]
	for _, p := range v.pieces {
		if best.mail && !p.mail {
			best = p
		}
	}
	if best.said {
		return nil
	}
	return v.t.Show(v.where(best, v.link(best.text)))
}

// first is the link where actions decide: each address in its place, and a variable that says whether there was none
// before it. Those of the web come first, so the actions stand there once more for those of mail.
func (v *leaving) first() *source.Form {
	const variable = "$_first"
	var b strings.Builder
	b.WriteString(v.t.Call(variable+" := true", -1))
	shown := false
	for _, mail := range []bool{false, true} {
		var part strings.Builder
		any := false
		for _, p := range v.pieces {
			switch {
			case p.acts:
				part.WriteString(p.text)
			case p.mail == mail:
				any = true
				link := ""
				if !p.said {
					shown = true
					link = v.link(p.text)
				}
				part.WriteString(v.t.Call("if "+variable, -1) +
					v.where(p, v.t.Call(variable+" = false", -1)+link) + v.t.Call("end", -1))
			}
		}
		if any {
			b.WriteString(part.String())
		}
	}
	if !shown {
		return nil
	}
	return v.t.Show(b.String())
}
