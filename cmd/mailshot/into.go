package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"mailshot/campaign"
	"mailshot/campaign/check"
	"mailshot/campaign/ledger"
	"mailshot/campaign/recipients"
	"mailshot/campaign/report"
)

// errOtherRows is a list whose rows are not those of the campaign, one by one.
var errOtherRows = errors.New("the list's rows are not the campaign's")

// reportInto writes a copy of the list with what became of each row.
func (t *tool) reportInto(ctx context.Context, s *stored, name string, force bool) error {
	again := "mailshot report --into results.xlsx " + s.again(t)
	if s.def.Recipients.File == "-" {
		return usage(errors.New("the list was standard input, which is gone; --csv and --xlsx have every row without the list's columns"), "mailshot report --xlsx results.xlsx "+s.again(t))
	}
	if !s.kept.Purged.IsZero() {
		return &exit{exitFailed, fmt.Errorf("the rows of campaign %s were erased on %s; only their numbers are left", s.id, s.kept.Purged.Local().Format("2006-01-02")), "mailshot status " + s.again(t)}
	}
	write := report.WriteCopyCSV
	switch ext := strings.ToLower(filepath.Ext(name)); ext {
	case ".csv":
	case ".xlsx":
		write = report.WriteCopyXLSX
	default:
		return usage(fmt.Errorf("--into %s: a copy is a .csv or an .xlsx file", quoted(name)), again)
	}
	if err := t.mayWrite(s, name, force, again); err != nil {
		return err
	}
	var c *listCopy
	attempt := func(fates fates) error {
		c = &listCopy{stored: s, fates: fates}
		defer fates.close()
		cfg, err := campaign.ListConfig(ctx, s.def, nil)
		if err != nil {
			return err
		}
		list, err := recipients.Open(cfg)
		if err != nil {
			return err
		}
		defer list.Close()
		var names []string
		for _, column := range list.Header().Columns {
			names = append(names, column.Name)
		}
		return replaceFile(name, func(w io.Writer) error { return write(w, report.CopyColumns(names), c.rows(ctx, list)) })
	}
	err := attempt(s.inOrder(ctx))
	if errors.Is(err, errOtherRows) {
		known, e := s.byKey(ctx)
		if e != nil {
			return e
		}
		err = attempt(known)
	}
	if fs := check.From(err); err != nil && len(fs) > 0 && fs[0].Place != "" {
		t.findings(fs)
		return &exit{exitFindings, fmt.Errorf("%s in the list; nothing was written", plural(int64(len(fs)), "mistake")), again}
	}
	if err != nil {
		return err
	}
	t.say("written to %s: %s", name, plural(c.n, "row"))
	if c.digest != s.kept.List {
		t.say("the list is not the one that was planned: rows are found again by place and key")
	}
	if c.strange > 0 {
		t.say("%s not in the campaign: no status", plural(c.strange, "row of the list is", "rows of the list are"))
	}
	if n := c.fates.left(); n > 0 {
		t.say("%s not in the list any more; report --csv has all", plural(n, "row of the campaign is", "rows of the campaign are"))
	}
	return nil
}

// mayWrite says why a copy must not be written to a file: it is the list itself, by any name, or it is there already.
func (t *tool) mayWrite(s *stored, name string, force bool, again string) error {
	info, err := os.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	originals := map[string]string{s.def.Path: "campaign file"}
	for _, list := range append([]string{s.def.Recipients.File}, s.def.Recipients.Files...) {
		if !filepath.IsAbs(list) {
			list = filepath.Join(s.def.Dir, list)
		}
		originals[list] = "list"
	}
	for path, what := range originals {
		if original, err := os.Stat(path); err == nil && os.SameFile(info, original) {
			return usage(fmt.Errorf("%s is the %s itself, which is never written to", name, what), again)
		}
	}
	switch {
	case !info.Mode().IsRegular():
		return usage(fmt.Errorf("%s is no file", name), again)
	case !force:
		return usage(fmt.Errorf("%s is there already; nothing was written", name), "mailshot report --force --into "+quoted(name)+" "+s.again(t))
	}
	return nil
}

// listCopy is the making of a copy.
type listCopy struct {
	*stored
	fates
	n, strange int64 // rows, and those of them that the campaign does not know
	digest     string
}

// rows are the list's rows with what became of them. All that is wrong with the list comes as one error.
func (c *listCopy) rows(ctx context.Context, list *recipients.List) iter.Seq2[report.Copied, error] {
	return func(yield func(report.Copied, error) bool) {
		var wrong []error
		for row, err := range list.Rows(ctx) {
			if err != nil {
				wrong = append(wrong, err)
				continue
			}
			if wrong != nil {
				continue
			}
			c.n++
			r, known, err := c.find(row)
			out := report.Copied{Fields: row.Fields}
			if known {
				out.Status, out.Time, out.Reply = r.State, r.Time, why(r)
			} else {
				c.strange++
			}
			if !yield(out, err) || err != nil {
				return
			}
		}
		c.digest = list.Digest()
		if err := errors.Join(wrong...); err != nil {
			yield(report.Copied{}, err)
			return
		}
		if err := c.end(c.digest); err != nil {
			yield(report.Copied{}, err)
		}
	}
}

// fates tells what became of the rows of a list.
type fates interface {
	// find returns what became of a row; false: the campaign does not know it.
	find(*recipients.Row) (report.Row, bool, error)
	// end is called after the last row, with the list's digest.
	end(digest string) error
	// left is how many rows of the campaign were not asked for.
	left() int64
	close()
}

// inOrder are the fates of a list that is as it was planned: row by row, in memory that does not grow. Of any other list
// they are errOtherRows.
type inOrder struct {
	planned string
	next    func() (report.Row, error, bool)
	stop    func()
}

func (s *stored) inOrder(ctx context.Context) fates {
	next, stop := iter.Pull2(s.rows(ctx, ledger.Filter{}))
	return &inOrder{s.kept.List, next, stop}
}

func (o *inOrder) find(row *recipients.Row) (report.Row, bool, error) {
	r, err, ok := o.next()
	switch {
	case err != nil:
		return r, false, err
	case !ok || r.Place != row.Place || r.Key != row.Key && r.Key != "": // the key is "" of somebody who was forgotten
		return r, false, errOtherRows
	}
	return r, true, nil
}

func (o *inOrder) end(digest string) error {
	_, err, more := o.next()
	if err == nil && (more || digest != o.planned) {
		return errOtherRows
	}
	return err
}

func (o *inOrder) left() int64 { return 0 }
func (o *inOrder) close()      { o.stop() }

// byKey are the fates of a list that was changed since: a row is found by its key, of several by its place, and without a
// key by its place alone. They hold what a report has of all rows.
type byKey struct {
	known    map[string][]*fate // by key
	nameless map[string]*fate   // by place
}

type fate struct {
	report.Row
	found bool
}

func (s *stored) byKey(ctx context.Context) (fates, error) {
	b := &byKey{map[string][]*fate{}, map[string]*fate{}}
	for r, err := range s.rows(ctx, ledger.Filter{}) {
		switch {
		case err != nil:
			return nil, err
		case r.Key == "":
			b.nameless[r.Place] = &fate{Row: r}
		default:
			b.known[r.Key] = append(b.known[r.Key], &fate{Row: r})
		}
	}
	return b, nil
}

func (b *byKey) find(row *recipients.Row) (report.Row, bool, error) {
	var best *fate
	for _, f := range b.known[row.Key] {
		if best == nil || f.Place == row.Place || best.found && !f.found && best.Place != row.Place {
			best = f
		}
	}
	if best == nil {
		best = b.nameless[row.Place]
	}
	if best == nil {
		return report.Row{}, false, nil
	}
	best.found = true
	return best.Row, true, nil
}

func (b *byKey) end(string) error { return nil }
func (b *byKey) close()           {}

func (b *byKey) left() (n int64) {
	for _, all := range b.known {
		for _, f := range all {
			if !f.found {
				n++
			}
		}
	}
	for _, f := range b.nameless {
		if !f.found {
			n++
		}
	}
	return n
}
