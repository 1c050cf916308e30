// Package program executes a compiled template without a template engine. Compile turns the trees of a set into a
// Program: one flat list of operations, with html/template's escaping in it. A Machine of the Program executes it for
// one row at a time.
//
// The template engine stays the judge of what a template means. A Program only knows what letters use, and it makes
// either the very bytes that the engine makes, or nothing. Compile refuses a template with anything else in it, and
// Execute says no for a row in which something is out of the ordinary: a cell that is missing, a function that returns
// an error, a text that is too long. The caller then has the engine execute that row, which makes the error with its
// words and its place.
//
// The literals of a template are the larger part of a message. Where a long one stands is noted as a Run, so that
// whoever encodes the message encodes each literal only once.
package program

import (
	"reflect"
	"slices"
	"strings"
	"text/template/parse"

	"mailshot/templates/function"
	"mailshot/templates/plaintext/flowed"
)

// Output is what one execution made. Its buffers may be used again for another execution once nobody reads them.
type Output struct {
	Text []byte // what was made
	Runs []Run  // where long literals of the template stand in Text, in order
}

// Run says that Text[At:At+len(literal)] of an Output is a literal of its template, the one of that number.
type Run struct{ At, Literal int }

// A Run is noted for a literal of at least so many bytes and line breaks. For less, noting takes longer than it saves.
const (
	runBytes  = 100
	runBreaks = 2
)

// Config says what to compile.
type Config struct {
	Entry   string                 // the template that is executed
	Trees   map[string]*parse.Tree // all templates of the set, with the guards of an execution in them
	HTML    bool                   // html/template escapes them
	Columns []string               // the order of a row's cells
	Limit   int                    // bytes that one execution may write
	Tidy    bool                   // the text is cleaned up by the rules of flowed.Tidy
	Map     map[string]any         // what templates call, as function.Execution.Map returns it
}

// Program is a compiled set of templates. It is not changed once made.
type Program struct {
	c        Config
	ops      []op
	slots    int        // of the variables, and of what conditions and ranges put aside
	depth    int        // of the ranges
	columns  []string   // whose cells are used
	at       []int      // by used column: its place in Config.Columns, or -1
	calls    []string   // functions that are called
	chains   [][]string // escapers that html/template has to apply itself
	literals []string   // of the runs
	from     []int      // by run: where in its operation's text it begins
}

// Unknown is the error about a template of which a Program does not know enough.
type Unknown struct{ What string }

// Error names what is not known.
func (u *Unknown) Error() string { return u.What + " is not known to programs" }

// Compile makes the program of a set. The error is an *Unknown.
func Compile(c Config) (p *Program, err error) {
	p = &Program{c: c}
	defer func() {
		switch r := recover().(type) {
		case nil:
		case *Unknown:
			p, err = nil, r
		default:
			panic(r)
		}
	}()
	w := &compiler{p: p, slots: 1, most: 1, vars: []variable{{"$", 0}}, label: -1}
	w.list(w.inlined(c))
	open := 0
	for i, o := range w.ops {
		if o.code == opLiteral {
			w.ops[i] = p.literal(o.text, &open)
		}
	}
	p.ops, p.slots, p.depth = w.ops, w.most, w.depth
	p.c.Trees, p.c.Map = nil, nil // they belong to the caller
	p.at = make([]int, len(p.columns))
	for i, name := range p.columns {
		p.at[i] = Place(c.Columns, name)
	}
	return p, nil
}

// Place returns the place of a column in a row, or -1. The last of one name counts, as in a map.
func Place(columns []string, name string) int {
	for i := len(columns) - 1; i >= 0; i-- {
		if columns[i] == name {
			return i
		}
	}
	return -1
}

// Literals are the literals that the Runs of an Output speak of. They must not be changed.
func (p *Program) Literals() []string { return p.literals }

// Columns are the columns whose cells the program uses.
func (p *Program) Columns() []string { return p.columns }

// column returns the number of a used column.
func (p *Program) column(name string) int {
	i := slices.Index(p.columns, name)
	if i < 0 {
		i = len(p.columns)
		p.columns = append(p.columns, name)
	}
	return i
}

// call returns the number of a function, and its type; the number of one that is not known is -1.
func (p *Program) call(name string) (int, reflect.Type) {
	f, ok := p.c.Map[name]
	if !ok || function.Directly(f) == nil {
		return -1, nil
	}
	i := slices.Index(p.calls, name)
	if i < 0 {
		i = len(p.calls)
		p.calls = append(p.calls, name)
	}
	return i, reflect.TypeOf(f)
}

// mostChains is how many places have a chain of their own.
const mostChains = 64

// chain returns the number of a chain of escapers. Each place has one of its own, which knows what it wrote last: what
// two places write is often the same for each row, and not the same in both.
func (p *Program) chain(names []string) int {
	if len(p.chains) >= mostChains {
		if i := slices.IndexFunc(p.chains, func(c []string) bool { return slices.Equal(c, names) }); i >= 0 {
			return i
		}
	}
	p.chains = append(p.chains, names)
	return len(p.chains) - 1
}

// literal makes the operation that writes a text of the template. In a text that is laid out, only a run is laid out
// beforehand: what is not one is laid out with each message. open is how many of its lines with marks have not ended.
func (p *Program) literal(text string, open *int) op {
	o := op{code: opLiteral, text: text, to: -1}
	tidied, from, to := text, 0, len(text)
	if p.c.Tidy {
		tidied, from, to, *open = flowed.TidyLiteral(text, *open)
		from = max(from-1, 0) // with the line break before it the first line is seen to be whole
	}
	if run := tidied[from:to]; len(run) >= runBytes && strings.Count(run, "\n") >= runBreaks {
		o.text, o.slot = tidied, len(text)-len(tidied)
		o.to = len(p.literals)
		p.literals = append(p.literals, run)
		p.from = append(p.from, from)
		if p.c.Tidy { // for a text that begins with it: from the end of its first line
			first := 1 + strings.IndexByte(run[1:], '\n')
			p.literals = append(p.literals, run[first:])
			p.from = append(p.from, from+first)
		}
	}
	return o
}
