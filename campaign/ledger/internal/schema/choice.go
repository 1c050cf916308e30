package schema

import "strings"

// Choice chooses deliveries. Every field that is not empty must match; a field matches if any of its values does.
type Choice struct {
	States, IDs              []int64
	Addresses, Domains, Keys []string
	Not                      []int64 // ids; none of these
}

// Where returns the choice as a condition on the delivery d and its row r, and the arguments.
func (c Choice) Where() (string, []any) {
	var cond []string
	var args []any
	in := func(column string, n int, value func(int) any) {
		if n == 0 {
			return
		}
		cond = append(cond, column+" IN (?"+strings.Repeat(", ?", n-1)+")")
		for i := range n {
			args = append(args, value(i))
		}
	}
	in("d.state", len(c.States), func(i int) any { return c.States[i] })
	in("r.address_key", len(c.Addresses), func(i int) any { return c.Addresses[i] })
	in("substr(r.address_key, instr(r.address_key, '@') + 1)", len(c.Domains),
		func(i int) any { return strings.ToLower(c.Domains[i]) })
	in("r.key", len(c.Keys), func(i int) any { return c.Keys[i] })
	in("d.id", len(c.IDs), func(i int) any { return c.IDs[i] })
	in("d.id NOT", len(c.Not), func(i int) any { return c.Not[i] })
	if cond == nil {
		return "1", nil
	}
	return strings.Join(cond, " AND "), args
}
