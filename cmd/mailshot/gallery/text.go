package gallery

import (
	"fmt"
	"strings"

	"mailshot/campaign/report"
	"mailshot/cmd/mailshot/human"
	"mailshot/cmd/mailshot/page"
)

// mostCells is how many cells of a row the text names, and mostCell how many characters of each.
const (
	mostCells = 4
	mostCell  = 40
)

// Text says what has changed, for a terminal: the counts, and the first changes of each kind. "" = nothing was
// compared.
func (r *Result) Text() string {
	a := r.Compared
	if a == nil {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "compared with %s\n", report.Clean(a.Name))
	var counts []string
	for _, kind := range []string{page.IsChanged, page.IsNew, page.IsGone} {
		counts = append(counts, fmt.Sprintf("%d %s", a.Counts[kind], kind))
	}
	fmt.Fprintf(&b, "  %s, %d the same\n", strings.Join(counts, ", "), a.Counts[page.IsSame])
	if len(a.Inputs) > 0 {
		fmt.Fprintf(&b, "  of the campaign, other than then: %s\n", report.Clean(strings.Join(a.Inputs, ", ")))
	}
	var columns []string
	for _, c := range a.Columns {
		columns = append(columns, fmt.Sprintf("%s in %s", report.Clean(c.Name), human.Plural(c.Rows, "row")))
	}
	if len(columns) > 0 {
		fmt.Fprintf(&b, "  cells that differ: %s\n", strings.Join(columns, ", "))
	}
	for _, n := range a.Notes {
		fmt.Fprintf(&b, "  %s\n", report.Clean(n))
	}
	for _, kind := range []string{page.IsChanged, page.IsNew, page.IsGone} {
		shown := int64(0)
		for _, m := range r.First {
			if m.Change.Kind == kind {
				one(&b, m)
				shown++
			}
		}
		if more := a.Counts[kind] - shown; more > 0 {
			fmt.Fprintf(&b, "%s: and %s more\n", kind, human.Plural(more, "row"))
		}
	}
	return b.String()
}

// one writes one change.
func one(b *strings.Builder, m page.Message) {
	fmt.Fprintf(b, "%s: %s %s\n", m.Change.Kind, report.Clean(m.Place), report.Clean(m.Address))
	for i, c := range m.Change.Cells {
		if i == mostCells {
			fmt.Fprintf(b, "    and %s more\n", human.Plural(int64(len(m.Change.Cells)-i), "cell"))
			break
		}
		fmt.Fprintf(b, "    %s: %s → %s\n", report.Clean(c.Column), cell(c.Was), cell(c.Is))
	}
	for _, w := range m.Change.Words {
		fmt.Fprintf(b, "    %s\n", report.Clean(w))
	}
}

// cell is the text of a cell, in quotes and not too long.
func cell(text string) string {
	if text == "" {
		return "empty"
	}
	if r := []rune(text); len(r) > mostCell {
		text = string(r[:mostCell]) + "…"
	}
	return fmt.Sprintf("%q", report.Clean(text))
}
