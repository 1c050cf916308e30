package survey

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"unicode"

	"mailshot/campaign"
	"mailshot/campaign/check"
	"mailshot/campaign/definition"
	"mailshot/campaign/list"
	"mailshot/campaign/message"
	"mailshot/campaign/recipients"
)

// How many odd rows of one kind are kept.
const (
	mostColumns = 40
	mostWrong   = 100
)

// survey makes a survey: the rows, the messages, and the rows of what was found in them.
func survey(ctx context.Context, w *work, o campaign.Options) (err error) {
	var rows []Odd
	columns, n, err := read(ctx, o.Definition, &rows, w.rows.add)
	if err != nil {
		return err
	}
	w.rows.finish()
	w.change(func(now *Survey) { now.Counted, now.Rows, now.Columns, now.Odd = true, n, columns, rows })
	l := look{work: w, wrong: map[string]Odd{}}
	o.Made = l.add
	found, err := findings(ctx, o)
	if err != nil {
		return err
	}
	odd := append(rows, l.odd()...)
	missing, err := places(ctx, o.Definition, found)
	if err != nil {
		return err
	}
	odd = append(odd, missing...)
	slices.SortStableFunc(odd, func(a, b Odd) int { return cmp.Compare(a.Row, b.Row) })
	odd = slices.Compact(odd)
	w.change(func(now *Survey) { now.Odd, now.Findings = odd, found })
	return nil
}

// findings are those of a check.
func findings(ctx context.Context, o campaign.Options) (found []check.Finding, err error) {
	c, err := campaign.Open(ctx, o)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	report, err := c.Check(ctx)
	if wrong := (*campaign.CheckError)(nil); errors.As(err, &wrong) {
		return wrong.Report.Findings, nil
	}
	if err != nil {
		return nil, err
	}
	return report.Findings, nil
}

// rows reads the list.
func rows(ctx context.Context, d *definition.Definition, each func(*recipients.Row)) (*recipients.Header, error) {
	cfg, err := list.Config(ctx, d, strings.NewReader(""))
	if err != nil {
		return nil, err
	}
	l, err := recipients.Open(cfg)
	if err != nil {
		return nil, err
	}
	for row, err := range l.Rows(ctx) {
		if err == nil { // what is wrong with the list, the check says
			each(row)
		}
	}
	return l.Header(), errors.Join(ctx.Err(), l.Close())
}

// read counts the rows, and finds those that are odd by their cells.
func read(ctx context.Context, d *definition.Definition, odd *[]Odd, keep func(*recipients.Row)) (columns []string, n int64, err error) {
	empty := map[int]int64{}
	var right, left int64 // the first row with letters from right to left, and the first without
	h, err := rows(ctx, d, func(r *recipients.Row) {
		if n++; r.Filtered {
			return
		}
		keep(r)
		written := false
		for i, cell := range r.Fields {
			if strings.TrimSpace(cell) == "" && empty[i] == 0 && len(empty) < mostColumns {
				empty[i] = r.Number
			}
			written = written || strings.ContainsFunc(cell, rightToLeft)
		}
		if written && right == 0 {
			right = r.Number
		} else if !written && left == 0 {
			left = r.Number
		}
	})
	if err != nil {
		return nil, 0, err
	}
	for i, c := range h.Columns {
		columns = append(columns, c.Name)
		if empty[i] > 0 {
			*odd = append(*odd, Odd{Empty, c.Name, empty[i]})
		}
	}
	if right > 0 && left > 0 {
		*odd = append(*odd, Odd{Right, "", right})
	}
	return columns, n, nil
}

// rightToLeft reports whether a letter is written from right to left.
func rightToLeft(r rune) bool {
	return r >= 0x590 && unicode.In(r, unicode.Hebrew, unicode.Arabic, unicode.Syriac, unicode.Thaana, unicode.Nko)
}

// look looks at messages while they are made, from several goroutines.
type look struct {
	*work
	mu                             sync.Mutex
	n                              int64
	longest, shortest, most, least extreme
	without                        Odd
	wrong                          map[string]Odd // by code and place
}

// extreme is the row with the most, or the least, of something; the first of several.
type extreme struct{ n, row int64 }

func (e *extreme) add(n, row int64, better bool) {
	if e.row == 0 || better || n == e.n && row < e.row {
		e.n, e.row = n, row
	}
}

func (l *look) add(m message.Made) {
	row := m.Row.Number
	var text, files int64
	if m.Message != nil {
		text = int64(len(m.Message.Text().Text))
		for _, p := range m.Message.Parts() {
			if p.Name != "" && p.CID == "" {
				files += 1<<40 + p.Size // the most files, and of those the largest
			}
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.n++; l.n%256 == 0 {
		l.change(func(now *Survey) { now.Made = l.n })
	}
	if m.Why != "" && (l.without.Row == 0 || row < l.without.Row) {
		l.without = Odd{Without, m.Why, row}
	}
	for _, f := range slices.Concat(m.Findings, check.From(m.Err)) {
		key := f.Code
		if f.Excerpt != "" { // a line of a template
			key += " " + f.Place
		}
		if was, known := l.wrong[key]; (known || len(l.wrong) < mostWrong) && (!known || row < was.Row) {
			l.wrong[key] = Odd{Wrong, f.Text, row}
		}
	}
	if m.Message != nil {
		l.longest.add(text, row, text > l.longest.n)
		l.shortest.add(text, row, text < l.shortest.n)
		l.most.add(files, row, files > l.most.n)
		l.least.add(files, row, files < l.least.n)
	}
}

// odd are the rows that are odd by their messages.
func (l *look) odd() []Odd {
	var all []Odd
	if l.longest.n > l.shortest.n {
		all = append(all, Odd{Longest, "", l.longest.row}, Odd{Shortest, "", l.shortest.row})
	}
	if l.most.n > l.least.n {
		all = append(all, Odd{Files, "", l.most.row})
	}
	if l.without.Row > 0 {
		all = append(all, l.without)
	}
	for _, o := range l.wrong {
		all = append(all, o)
	}
	slices.SortFunc(all, func(a, b Odd) int {
		return cmp.Or(cmp.Compare(a.Row, b.Row), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Detail, b.Detail))
	})
	l.change(func(now *Survey) { now.Made = l.n })
	return all
}

// places are the first rows of findings about what several messages say: they name the rows by their places.
func places(ctx context.Context, d *definition.Definition, found []check.Finding) (odd []Odd, err error) {
	wanted := map[string][]string{}
	for _, f := range found {
		if len(f.Places) > 0 && len(wanted) < mostWrong {
			wanted[f.Places[0]] = append(wanted[f.Places[0]], f.Text)
		}
	}
	if len(wanted) == 0 {
		return nil, nil
	}
	_, err = rows(ctx, d, func(r *recipients.Row) {
		for _, text := range wanted[r.Place] {
			odd = append(odd, Odd{Wrong, text, r.Number})
		}
		delete(wanted, r.Place)
	})
	return odd, err
}
