package program

import "mailshot/templates/function"

// value works a value out. It says no where only the engine knows it: an error, or nothing at all.
func (m *Machine) value(v *value) (any, bool) {
	switch v.kind {
	case valueFixed:
		return v.fixed, true
	case valueDot:
		return m.dot, m.dot != nil
	case valueRow:
		return row{}, true
	case valueVariable:
		x := m.slots[v.slot]
		return x, x != nil
	case valueField:
		return m.field(v)
	case valueHas, valueOpt:
		return m.maybe(v)
	case valueCall:
		return m.function(v)
	case valueNot:
		truth, ok := m.truth(v.args[0])
		return !truth, ok
	}
	return m.either(v)
}

// field is a column of the row, or a field of its mailshot.
func (m *Machine) field(v *value) (any, bool) {
	of, ok := m.value(v.of)
	if !ok {
		return nil, false
	}
	switch of := of.(type) {
	case row:
		switch {
		case v.name == rowMailshot:
			return mailshot{}, true
		case v.name == rowGroup && m.row.Group != nil:
			return group{}, m.row.Cells != nil
		}
		return m.datum(of, v.slot)
	case member:
		return m.datum(of, v.slot)
	case mailshot:
		text, ok := m.row.Mailshot.Field(v.name)
		return text, ok
	}
	return nil, false
}

// datum is the cell of a used column of a row, as functions take it.
func (m *Machine) datum(of any, column int) (any, bool) {
	c, ok := m.cellOf(of, column)
	if !ok {
		return nil, false
	}
	return c.Datum(), true
}

// fieldText is how a column or a field of mailshot prints, if a value is one.
func (m *Machine) fieldText(v *value) (string, bool) {
	if v.kind != valueField {
		return "", false
	}
	of, ok := m.value(v.of)
	if !ok {
		return "", false
	}
	switch of.(type) {
	case row, member:
		if c, ok := m.cellOf(of, v.slot); ok && v.name != rowMailshot {
			return c.Text, true
		}
	case mailshot:
		return m.row.Mailshot.Field(v.name)
	}
	return "", false
}

// maybe is a column that the list may not have.
func (m *Machine) maybe(v *value) (any, bool) {
	of, ok := m.value(v.of)
	_, isRow := of.(row)
	if _, isMember := of.(member); !ok || !isRow && !isMember {
		return nil, false
	}
	c, has := m.cellOf(of, v.slot)
	switch {
	case v.kind == valueHas:
		return has && !function.Blank(c.Text), true
	case has:
		return c.Datum(), true
	}
	return "", true
}

// truth is what a condition takes a value for.
func (m *Machine) truth(v *value) (truth, ok bool) {
	if v.kind == valueField && v.name != rowMailshot {
		of, ok := m.value(v.of)
		if _, isRow := of.(row); !isRow || v.name != rowGroup || m.row.Group == nil {
			if _, isMember := of.(member); ok && (isRow || isMember) {
				if c, ok := m.cellOf(of, v.slot); ok {
					return c.Truth(), true
				}
				return false, false
			}
		}
	}
	x, ok := m.value(v)
	if !ok {
		return false, false
	}
	return truthOf(x)
}

func truthOf(v any) (truth, ok bool) {
	switch v.(type) {
	case row, mailshot, group, member:
		return true, true
	}
	return function.Truth(v)
}

// either is the value of an and or an or. What comes through a pipe is worked out first, and always.
func (m *Machine) either(v *value) (x any, ok bool) {
	args := v.args
	var final any
	if v.final {
		if final, ok = m.value(args[len(args)-1]); !ok {
			return nil, false
		}
		args = args[:len(args)-1]
	}
	for _, arg := range args {
		if x, ok = m.value(arg); !ok {
			return nil, false
		}
		truth, ok := truthOf(x)
		if !ok || truth == (v.kind == valueOr) {
			return x, ok
		}
	}
	if v.final {
		return final, true
	}
	return x, true
}

// function calls a function.
func (m *Machine) function(v *value) (any, bool) {
	from := len(m.args)
	for _, arg := range v.args {
		x, ok := m.value(arg)
		if !ok {
			return nil, false
		}
		m.args = append(m.args, m.real(x))
	}
	if v.name == "col" { // its column is not known before
		m.run.Begins(m.Whole())
	}
	result, ok := m.calls[v.slot](m.args[from:len(m.args):len(m.args)])
	m.args = m.args[:from]
	return result, ok
}

// real is a value as functions take it.
func (m *Machine) real(v any) any {
	switch v := v.(type) {
	case row:
		return m.Whole()
	case mailshot:
		return m.Whole()[rowMailshot]
	case group:
		return m.Whole()[rowGroup]
	case member:
		cells, _ := function.RowOf(m.Whole()[rowGroup], int(v))
		return cells
	}
	return v
}
