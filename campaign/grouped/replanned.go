package grouped

import (
	"context"
	"fmt"
	"strings"

	"mailshot/campaign/check"
	"mailshot/campaign/ledger"
	"mailshot/campaign/recipients"
	"mailshot/campaign/recipients/stored"
)

// Rows makes of the rows of a list what a ledger keeps of them. The zero Rows is that of a first plan.
type Rows struct {
	Frozen *ledger.Replan     // a list that is planned anew; nil = a first plan
	Was    *recipients.Header // of the frozen rows
	Is     *recipients.Header // of the new ones

	late   int64
	places []string // of the first of them
}

// mostLate is how many late rows are named in words.
const mostLate = 10

// Add appends a row as it is planned, and the further rows of its group. Of a group whose delivery is not to be sent
// any more it appends the rows alone that are not in the delivery's message, as rows that are not mailed; each of them
// is a finding. found takes the findings of a row.
func (g *Rows) Add(ctx context.Context, to []ledger.Row, planned ledger.Row, row *recipients.Row,
	found func(place string, f ...check.Finding)) ([]ledger.Row, error) {
	if g.Frozen == nil || row.Group == nil || planned.State != ledger.Pending && planned.State != ledger.Suppressed {
		return Planned(to, planned, row), nil
	}
	kept, known, err := g.Frozen.Frozen(ctx, planned.Key)
	if err != nil || !known || kept.State == ledger.Pending || kept.State == ledger.Deferred {
		return Planned(to, planned, row), err
	}
	if len(kept.Fields) == 0 { // the person was forgotten, or the row is lost
		return to, nil
	}
	both := g.both()
	in := map[string]int{}
	if was, err := g.Was.Decode(kept.Place, kept.Number, kept.Fields); err == nil {
		for _, r := range was.Group {
			in[both.text(r, g.Was)]++
		}
	} else { // planned with columns before those of Was: no more is known than how many rows there were
		both, in = nil, map[string]int{"": rowsIn(kept.Fields)}
	}
	for _, r := range row.Group {
		if text := both.text(r, g.Is); in[text] > 0 {
			in[text]--
			continue
		}
		late := planned
		late.Number, late.Place, late.Fields, late.Digest, late.State = r.Number, r.Place, nil, nil, ledger.Invalid
		late.Reason = fmt.Sprintf("not sent: it is not in the message of its group, which is %s already (%s)",
			kept.State, kept.Place)
		to = append(to, late)
		found(r.Place, check.Finding{Code: "late-row", Severity: check.Warning, Place: r.Place,
			Text: fmt.Sprintf("the message of the group %q is %s already, and this row is not in it: it is NOT sent",
				planned.Key, kept.State),
			Hint: "send what came late as another campaign, with --id"})
		if g.late++; g.late <= mostLate {
			g.places = append(g.places, r.Place)
		}
	}
	return to, nil
}

// rowsIn is how many rows a stored group has.
func rowsIn(fields []byte) int {
	if rows, what := stored.Group(string(fields[1:])); what == "" {
		return len(rows)
	}
	return 1
}

// Late says which rows are not sent because the messages of their groups have gone; "" = there are none.
func (g *Rows) Late() string {
	if g.late == 0 {
		return ""
	}
	more := ""
	if n := g.late - int64(len(g.places)); n > 0 {
		more = fmt.Sprintf(" and %d more", n)
	}
	if g.late == 1 {
		return "1 row is NOT sent, because the message of its group is done: " + g.places[0]
	}
	return fmt.Sprintf("%d rows are NOT sent, because the messages of their groups are done: %s%s", g.late,
		strings.Join(g.places, ", "), more)
}

// columns are the names of those that two lists have.
type columns []string

func (g *Rows) both() (both columns) {
	for _, c := range g.Is.Columns {
		if g.Was.Index(c.Name) >= 0 {
			both = append(both, c.Name)
		}
	}
	return both
}

// text is a row's cells in these columns, as one text.
func (c columns) text(r *recipients.Row, h *recipients.Header) string {
	var b strings.Builder
	for _, name := range c {
		fmt.Fprintf(&b, "%q ", strings.TrimSpace(r.Fields[h.Index(name)]))
	}
	return b.String()
}
