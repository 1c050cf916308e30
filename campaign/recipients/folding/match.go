package folding

import (
	"slices"

	"mailshot/campaign/recipients/fault"
)

// Match finds each column of want in have. Equal headers keep their order, even where two columns have one
// name. What is missing in have, and what is there besides, is quoted for a person.
func Match(want, have []string) (order []int, missing, more []string) {
	if slices.Equal(want, have) {
		for i := range want {
			order = append(order, i)
		}
		return order, nil, nil
	}
	at, like := make(map[string]int, len(have)), make(map[string]int, len(have))
	for i, name := range have {
		if _, twice := at[name]; !twice {
			at[name] = i
		}
		n := Name(name)
		if _, twice := like[n]; twice {
			i = -1
		}
		like[n] = i
	}
	taken := make([]bool, len(have))
	for _, name := range want {
		i, ok := at[name]
		if !ok {
			i, ok = like[Name(name)]
		}
		if !ok || i < 0 || taken[i] {
			missing, i = append(missing, fault.Quote(name)), -1
		} else {
			taken[i] = true
		}
		order = append(order, i)
	}
	for i, name := range have {
		if !taken[i] {
			more = append(more, fault.Quote(name))
		}
	}
	if len(missing)+len(more) == 0 && len(want) != len(have) {
		more = append(more, "a column twice")
	}
	return order, missing, more
}
