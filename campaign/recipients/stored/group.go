package stored

import "encoding/binary"

// Member is one row of a group, as it is stored.
type Member struct {
	Place  string // of the row in its list
	Number int64
	Row    string
}

// AppendGroup appends the rows of a group.
func AppendGroup(b []byte, rows []Member) []byte {
	b = binary.AppendUvarint(b, uint64(len(rows)))
	for _, r := range rows {
		b = binary.AppendUvarint(AppendText(b, r.Place), uint64(r.Number))
		b = AppendText(b, r.Row)
	}
	return b
}

// Group reads the rows of a group, of which s is nothing but. If they cannot be read, what says why.
func Group(s string) (rows []Member, what string) {
	number := func() (n uint64) {
		n, width := binary.Uvarint([]byte(s[:min(len(s), binary.MaxVarintLen64)]))
		if width <= 0 {
			what = CutOff
			return 0
		}
		s = s[width:]
		return n
	}
	n := number()
	if n > uint64(len(s)) {
		what = CutOff
	}
	for range n {
		var r Member
		if what == "" {
			r.Place, s, what = Text(s)
		}
		if what == "" {
			r.Number = int64(number())
		}
		if what == "" {
			r.Row, s, what = Text(s)
		}
		if what != "" {
			return nil, what
		}
		rows = append(rows, r)
	}
	switch {
	case what == "" && len(rows) == 0:
		what = "a group without rows"
	case what == "" && s != "":
		what = "more than the group's rows"
	}
	return rows, what
}
