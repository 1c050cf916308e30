package markup

import (
	"fmt"
	"html"
	"slices"
	"strings"

	"mailshot/templates/source"
)

// element is an open element.
type element struct {
	name string
	at   int
}

// nesting finds elements that are never closed, and end tags of elements that were never opened. If the branches of a
// condition leave different elements open, or a template includes others, nothing is known, and no finding is made.
func (l *looker) nesting() {
	if slices.ContainsFunc(l.actions, func(a source.Action) bool {
		return a.Kind == source.Include || a.Kind == source.Define
	}) {
		return
	}
	var open []element
	var branches []branch
	var wrong []seen
	next := 0
	for i := range l.tags {
		t := &l.tags[i]
		for ; next < len(l.actions) && l.actions[next].Start < t.end; next++ {
			switch a := l.actions[next]; a.Kind {
			case source.Opener:
				branches = append(branches, branch{before: slices.Clone(open)})
			case source.Divider:
				if n := len(branches) - 1; n >= 0 {
					if branches[n].ends != nil && !equal(branches[n].ends, open) {
						return
					}
					branches[n].ends = append([]element{}, open...)
					open = slices.Clone(branches[n].before)
				}
			case source.Closer:
				if n := len(branches) - 1; n >= 0 {
					ends := branches[n].ends
					if ends == nil {
						ends = branches[n].before
					}
					if !equal(ends, open) {
						return
					}
					branches = branches[:n]
				}
			}
		}
		switch {
		case t.kind == opens && inRows(open) && slices.Contains(inCells, t.name):
			wrong = append(wrong, at(t.at, "html-misplaced", fmt.Sprintf("<%s> stands in <%s> and in no cell", t.name,
				open[len(open)-1].name), "write it into a <td>"))
			open = append(open, element{t.name, t.at})
		case t.kind == opens && !t.void && !slices.Contains(alone, t.name) && !strings.Contains(t.name, ":"):
			if t.name == "a" && inLink(open) {
				wrong = append(wrong, at(t.at, "html-unclosed", "a link begins within another one",
					"write </a> where the first ends"))
			}
			open = append(open, element{t.name, t.at})
		case t.kind == words && inRows(open) && isRead(t.text):
			wrong = append(wrong, at(t.at+len(t.text)-len(strings.TrimLeft(t.text, " \t\r\n")), "html-misplaced",
				fmt.Sprintf("this stands in <%s> and in no cell", open[len(open)-1].name), "write it into a <td>"))
		case t.kind == closes && !slices.Contains(alone, t.name) && !strings.Contains(t.name, ":"):
			open, wrong = closing(open, wrong, t)
		}
	}
	for _, e := range open {
		wrong = append(wrong, left(e)...)
	}
	l.found = append(l.found, wrong...)
}

// branch is a condition or a loop that is open: the elements that were open before it, and at the end of its first part.
type branch struct{ before, ends []element }

// inRows says whether the innermost of the open elements is one of rowsOnly.
func inRows(open []element) bool {
	return len(open) > 0 && slices.Contains(rowsOnly, open[len(open)-1].name)
}

// rowsOnly are the elements of a table that have rows and cells in them, and no words.
var rowsOnly = []string{"table", "thead", "tbody", "tfoot", "tr"}

// inCells are elements that belong into a cell.
var inCells = strings.Fields("p div span h1 h2 h3 h4 ul ol center")

// inLink says whether a link is open. A link around a table has links in its cells, for programs that ignore the outer
// link.
func inLink(open []element) bool {
	for _, e := range slices.Backward(open) {
		if e.name == "a" || e.name == "table" {
			return e.name == "a"
		}
	}
	return false
}

// closing closes an element.
func closing(open []element, wrong []seen, t *tag) ([]element, []seen) {
	last := -1
	for i := len(open) - 1; i >= 0 && last < 0; i-- {
		if open[i].name == t.name {
			last = i
		}
	}
	if last < 0 {
		if !slices.Contains(optional, t.name) || t.name == "td" || t.name == "tr" {
			wrong = append(wrong, at(t.at, "html-unopened", fmt.Sprintf("</%s> ends what was never begun", t.name),
				"remove it, or write its begin"))
		}
		return open, wrong
	}
	for _, e := range open[last+1:] {
		wrong = append(wrong, left(e)...)
	}
	return open[:last], wrong
}

// left returns what is wrong with an element that is still open.
func left(e element) []seen {
	if slices.Contains(optional, e.name) {
		return nil
	}
	return []seen{at(e.at, "html-unclosed", fmt.Sprintf("<%s> is not closed", e.name),
		fmt.Sprintf("write </%s> where it ends", e.name))}
}

// equal says whether two lists of open elements have the same names.
func equal(a, b []element) bool {
	return slices.EqualFunc(a, b, func(a, b element) bool { return a.name == b.name })
}

// unescaped resolves the entities of a text.
func unescaped(s string) string { return html.UnescapeString(s) }
