package recipients

import (
	"fmt"

	"mailshot/campaign/recipients/stored"
)

// groupEncoding is the first byte of what Encode writes for a row with a group of several rows.
const groupEncoding = 2

// encodeGroup encodes all rows of the group.
func (r *Row) encodeGroup() []byte {
	members := make([]stored.Member, len(r.Group))
	for i, m := range r.Group {
		members[i] = stored.Member{Place: m.Place, Number: m.Number, Row: string(m.encode())}
	}
	return stored.AppendGroup([]byte{groupEncoding}, members)
}

// decodeGroup decodes a row and its group.
func (h *Header) decodeGroup(place string, number int64, b []byte) (*Row, error) {
	if len(b) == 0 || b[0] != groupEncoding {
		r, err := h.decode(place, number, b)
		if err == nil {
			r.Group = []*Row{r}
		}
		return r, err
	}
	members, what := stored.Group(string(b[1:]))
	if what != "" {
		return nil, fmt.Errorf("%s: stored group: %s", place, what)
	}
	group := make([]*Row, len(members))
	for i, m := range members {
		var err error
		if group[i], err = h.decode(m.Place, m.Number, []byte(m.Row)); err != nil {
			return nil, err
		}
	}
	group[0].Group = group
	return group[0], nil
}
