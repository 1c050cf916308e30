package program

import (
	htmltemplate "html/template"

	"mailshot/templates/function"
	"mailshot/templates/gaps"
	"mailshot/templates/plaintext/flowed"
)

// Row is what one execution sees: cells in the order of Config.Columns, or else by the names of their columns.
type Row struct {
	Cells    []function.Cell
	Values   map[string]any
	Text     map[string]string
	Mailshot function.Mailshot
	Group    []function.Member // the rows of .rows; nil = there is no .rows
}

// Machine executes a Program for one row at a time.
type Machine struct {
	p      *Program
	run    *function.Execution
	calls  []function.Direct
	chains []*chain

	row   Row
	cells []function.Cell
	at    []int          // by used column: its place in cells, or -1
	whole map[string]any // the row as a map, once a function asked for it

	// For a row by names.
	named   []function.Cell
	namedAt []int

	dot     any
	members []any // the items of .rows: member(0) and so on
	slots   []any
	ranges  []items // by depth
	args    []any

	out   []byte
	spare []byte // room for a text that is laid out
	runs  []Run
	cut   int           // bytes that the literals were longer before they were tidied
	spans []flowed.Span // of the runs
}

// Machine returns a machine for the program. run must belong to no other.
func (p *Program) Machine(run *function.Execution) *Machine {
	m := &Machine{p: p, run: run, chains: make([]*chain, len(p.chains)), slots: make([]any, p.slots),
		ranges: make([]items, p.depth)}
	functions := run.Map()
	for _, name := range p.calls {
		m.calls = append(m.calls, function.Directly(functions[name]))
	}
	m.named, m.namedAt = make([]function.Cell, len(p.columns)), make([]int, len(p.columns))
	return m
}

// Execute replaces o by the text for a row. It says no, and o holds nothing, where only the template engine knows what
// happens.
func (m *Machine) Execute(o *Output, r Row) (ok bool) { return m.Watch(o, r, nil) }

// Watch is Execute of a program that notes in seen what it prints. Where it says no, seen is to be thrown away.
func (m *Machine) Watch(o *Output, r Row, seen *gaps.Seen) (ok bool) {
	m.begin(r)
	if seen != nil {
		m.run.Watch(seen, func() []byte { return m.out })
	}
	m.out, m.runs = o.Text[:0], o.Runs[:0]
	defer func() {
		if recover() != nil { // a function panics, which the engine makes an error of
			ok = false
		}
		o.Text, o.Runs = m.out, m.runs
		if !ok {
			o.Text, o.Runs = o.Text[:0], o.Runs[:0]
		}
		m.end()
	}()
	if !m.execute() {
		return false
	}
	if m.p.c.Tidy {
		m.tidy()
	}
	return true
}

// end forgets what is the row's.
func (m *Machine) end() {
	clear(m.slots)
	clear(m.ranges)
	clear(m.args[:cap(m.args)])
	m.out, m.runs, m.dot, m.args = nil, nil, nil, m.args[:0]
	if 16*cap(m.spans) > mostKept {
		m.spans = nil
	}
}

// tidy lays the text out. The runs stay. One at the very begin has lost the line break before its first line, so it
// begins at the next one, which is another literal.
func (m *Machine) tidy() {
	m.spans = m.spans[:0]
	for _, r := range m.runs {
		m.spans = append(m.spans, flowed.Span{From: r.At + 1, To: r.At + len(m.p.literals[r.Literal])})
	}
	made := m.out
	m.out = flowed.Tidy(m.spare[:0], made, m.spans)
	if m.spare = made; cap(made) > mostKept {
		m.spare = nil
	}
	runs := m.runs
	m.runs = m.runs[:0]
	for i, r := range runs {
		switch s := m.spans[i]; {
		case s.To == 0: // laid out with what is around it
		case s.From == 0:
			m.runs = append(m.runs, Run{s.To - len(m.p.literals[r.Literal+1]), r.Literal + 1})
		default:
			m.runs = append(m.runs, Run{s.From - 1, r.Literal})
		}
	}
}

// Taken is the path that the last execution took, see function.Execution.Path. It holds until the next one.
func (m *Machine) Taken() []byte { return m.run.Taken() }

// Whole is the row of the last execution as a map.
func (m *Machine) Whole() map[string]any {
	if m.whole == nil {
		m.whole = m.row.Dot(m.p.c.Columns)
	}
	return m.whole
}

// Forget forgets the row of the last execution.
func (m *Machine) Forget() {
	m.row, m.whole, m.cells = Row{}, nil, nil
	clear(m.named)
	m.run.Begin(nil)
}

// Dot is the row as the template engine takes it. columns are those of Cells.
func (r Row) Dot(columns []string) map[string]any {
	if r.Cells != nil {
		return function.CellRow(columns, r.Cells, r.Mailshot, r.Group)
	}
	return function.Row(r.Values, r.Text, r.Mailshot, r.Group)
}

func (m *Machine) begin(r Row) {
	m.run.Brief()
	m.row, m.whole, m.cut = r, nil, 0
	m.dot, m.slots[0] = row{}, row{}
	m.cells, m.at = r.Cells, m.p.at
	if r.Cells != nil {
		return
	}
	m.cells, m.at = m.named, m.namedAt
	for i, name := range m.p.columns {
		m.at[i] = i
		if c, ok := function.CellOf(name, r.Values, r.Text); ok {
			m.cells[i] = c
		} else {
			m.at[i] = -1
		}
	}
}

// cell returns the cell of a used column.
func (m *Machine) cell(column int) (*function.Cell, bool) {
	if i := m.at[column]; i >= 0 && i < len(m.cells) {
		return &m.cells[i], true
	}
	return nil, false
}

// cellOf returns the cell of a used column of a row, or of a row of its group.
func (m *Machine) cellOf(of any, column int) (*function.Cell, bool) {
	switch of := of.(type) {
	case row:
		return m.cell(column)
	case member:
		cells := m.row.Group[of].Cells
		if i := m.at[column]; i >= 0 && i < len(cells) {
			return &cells[i], true
		}
	}
	return nil, false
}

// execute executes the program. It says no where something is out of the ordinary.
func (m *Machine) execute() bool {
	ops := m.p.ops
	for i := 0; i < len(ops); i++ {
		o := &ops[i]
		ok := true
		switch o.code {
		case opLiteral:
			if o.to >= 0 {
				m.runs = append(m.runs, Run{len(m.out) + m.p.from[o.to], o.to})
			}
			m.out, m.cut = append(m.out, o.text...), m.cut+o.slot
		case opCell:
			c, known := m.cellOf(m.dot, o.slot)
			if !known {
				return false
			}
			m.out, ok = o.escape.text(m.out, c.Text)
		case opPrint:
			ok = m.print(o.value, o.escape)
		case opJump:
			i = o.to - 1
		case opUnless, opWith:
			var truth bool
			if truth, ok = m.condition(o); ok && !truth {
				i = o.to - 1
			}
		case opInto:
			ok = m.into(o)
		case opRange, opNext:
			var goes bool
			if goes, ok = m.turn(o); goes == (o.code == opNext) {
				i = o.to - 1
			}
		default:
			ok = m.simple(o)
		}
		// A text that is too long is not made in full before that is found out.
		if !ok || len(m.out)+m.cut > m.p.c.Limit {
			return false
		}
	}
	return true
}

// simple executes an operation that goes on with the next one.
func (m *Machine) simple(o *op) bool {
	switch o.code {
	case opSet:
		v, ok := m.value(o.value)
		m.slots[o.slot] = v
		return ok
	case opBack:
		m.dot = m.slots[o.slot]
	case opTook:
		m.run.Take(o.slot)
	case opTick:
		return m.run.Turn()
	case opEnter:
		return m.run.In()
	case opLeave:
		m.run.Out()
	default:
		return false
	}
	return true
}

// condition works out what an if or a with asks.
func (m *Machine) condition(o *op) (truth, ok bool) {
	if o.code == opUnless {
		return m.truth(o.value)
	}
	v, ok := m.value(o.value)
	if !ok {
		return false, false
	}
	if truth, ok = truthOf(v); ok && truth {
		m.slots[o.slot], m.dot = m.dot, v
	}
	return truth, ok
}

// into begins an included template.
func (m *Machine) into(o *op) bool {
	var dot any // nothing: whatever is done with it is the engine's part
	if o.value != nil {
		v, ok := m.value(o.value)
		if !ok {
			return false
		}
		dot = v
	}
	m.slots[o.slot], m.slots[o.index], m.dot = m.dot, dot, dot
	return true
}

// items is what a range goes over, and how far it has come.
type items struct {
	list    []any
	n, next int
}

// items is what a range goes over.
func (m *Machine) items(v any) (list []any, n int, ok bool) {
	if _, isGroup := v.(group); !isGroup {
		return function.Items(v)
	}
	n = len(m.row.Group)
	for i := len(m.members); i < n; i++ {
		m.members = append(m.members, member(i))
	}
	return m.members[:n], n, n <= function.MostItems
}

// turn begins a turn of a range, and says whether there is one.
func (m *Machine) turn(o *op) (goes, ok bool) {
	slots := m.slots
	over := &m.ranges[o.depth]
	if o.code == opRange {
		v, ok := m.value(o.value)
		if !ok {
			return false, false
		}
		list, n, ok := m.items(v)
		if _, isNumber := v.(int); !ok || isNumber && o.index >= 0 { // a number has no items, also if it is zero
			return false, false
		}
		*over = items{list, n, 0}
		slots[o.slot] = m.dot
		for _, variable := range [2]int{o.index, o.element} {
			if variable >= 0 {
				slots[variable] = v
			}
		}
	}
	if over.next >= over.n {
		return false, true
	}
	m.dot = over.next
	if over.list != nil {
		m.dot = over.list[over.next]
	}
	if o.index >= 0 {
		slots[o.index] = over.next
	}
	if o.element >= 0 {
		slots[o.element] = m.dot
	}
	over.next++
	return true, m.dot != nil
}

// print writes a value.
func (m *Machine) print(v *value, e escape) (ok bool) {
	if e.kind != escapeOther {
		if text, isText := m.fieldText(v); isText {
			m.out, ok = e.text(m.out, text)
			return ok
		}
	}
	x, ok := m.value(v)
	if !ok {
		return false
	}
	if e.kind != escapeOther {
		switch x := x.(type) {
		case float64: // an address writes it in another way than a text
			ok = e.kind != escapeLink
		case htmltemplate.URL:
			m.out, ok = e.url(m.out, string(x))
			return ok
		case htmltemplate.HTML:
			if e.kind == escapeNone || e.kind == escapeText {
				m.out = append(m.out, x...)
				return true
			}
			return m.chained(x, e.chain)
		}
		text, known := function.TextOf(x)
		if !ok || !known {
			return false
		}
		m.out, ok = e.text(m.out, text)
		return ok
	}
	return m.chained(x, e.chain)
}

// chained writes a value by html/template's own escapers.
func (m *Machine) chained(v any, number int) (ok bool) {
	c := m.chains[number]
	if c == nil {
		var err error
		if c, err = newChain(m.p.chains[number]); err != nil {
			return false
		}
		m.chains[number] = c
	}
	m.out, ok = c.write(m.out, m.real(v))
	return ok
}
