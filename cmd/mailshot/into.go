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
	"time"

	"mailshot/campaign/check"
	"mailshot/campaign/history"
	"mailshot/campaign/list"
	"mailshot/campaign/report"
	"mailshot/cmd/mailshot/human"
	"mailshot/internal/disk"
	"mailshot/internal/shell"
)

// reportInto writes a copy of the list with the outcome of each row.
func (t *tool) reportInto(ctx context.Context, s *stored, name string, force bool) error {
	again := "mailshot report --into results.xlsx " + s.again(t)
	if gone := s.withoutList(); gone != "" {
		return usage(errors.New(gone), "mailshot report --xlsx results.xlsx "+s.again(t))
	}
	if !s.Kept.Purged.IsZero() {
		err := fmt.Errorf("the rows of campaign %s were erased on %s; only their counts are left",
			s.ID, s.Kept.Purged.Local().Format(time.DateOnly))
		return &exit{exitFailed, err, "mailshot status " + s.again(t)}
	}
	write := report.WriteCopyCSV
	switch ext := strings.ToLower(filepath.Ext(name)); ext {
	case ".csv":
	case ".xlsx":
		write = report.WriteCopyXLSX
	default:
		return usage(fmt.Errorf("--into %s: a copy is a .csv or an .xlsx file", shell.Quote(name)), again)
	}
	if err := t.mayWrite(s, name, force, again); err != nil {
		return err
	}
	cfg, err := list.Config(ctx, s.def, nil)
	if err != nil {
		return err
	}
	// A copy has the list's own columns, and its rows are found by place and key. What a send was given by --set for
	// where and for columns is not known here.
	cfg.Set, cfg.Where, cfg.Columns = nil, "", nil
	m, err := s.Match(ctx, cfg, func(columns []string, rows iter.Seq2[history.Match, error]) error {
		return disk.Replace(name, func(w io.Writer) error {
			return buffered(w, func(w io.Writer) error { return write(w, report.CopyColumns(columns), copied(rows)) })
		})
	})
	if fs := check.From(err); err != nil && len(fs) > 0 && fs[0].Place != "" {
		t.findings(fs)
		err := fmt.Errorf("%s in the list; nothing was written", human.Plural(int64(len(fs)), "mistake"))
		return &exit{exitFindings, err, again}
	}
	if err != nil {
		return err
	}
	t.say("written to %s: %s", name, human.Plural(m.Rows, "row"))
	if m.Changed {
		t.say("the list is not the one that was planned: rows are found again by place and key")
	}
	if m.Strange > 0 {
		t.say("%s not in the campaign: no status", human.Plural(m.Strange, "row of the list is", "rows of the list are"))
	}
	if m.Left > 0 {
		t.say("%s not in the list any more; report --csv has all",
			human.Plural(m.Left, "row of the campaign is", "rows of the campaign are"))
	}
	return nil
}

// withoutList says why there is no list to copy; "" if there is one.
func (s *stored) withoutList() string {
	switch r := s.def.Recipients; {
	case r.File == "-":
		return "the list was standard input, which is gone; --csv and --xlsx have every row without the list's columns"
	case r.File == "" && r.Postgres == nil:
		return "the campaign file names no list (--recipients was in its place), so there is none to copy; " +
			"--csv and --xlsx have every row"
	}
	return ""
}

// copied turns matched rows into those of a copy.
func copied(rows iter.Seq2[history.Match, error]) iter.Seq2[report.Copied, error] {
	return func(yield func(report.Copied, error) bool) {
		for m, err := range rows {
			var out report.Copied
			if err == nil {
				out.Fields = m.Row.Fields
			}
			if m.Known {
				r := history.Reported(m.Record)
				out.Status, out.Time, out.Reply = r.State, r.Time, r.Why()
			}
			if !yield(out, err) {
				return
			}
		}
	}
}

// mayWrite says why a copy must not be written to a file: the file is the list itself, by any name, or it already
// exists.
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
		return usage(fmt.Errorf("%s is not a regular file", name), again)
	case !force:
		return usage(fmt.Errorf("%s already exists; nothing was written", name),
			"mailshot report --force --into "+shell.Quote(name)+" "+s.again(t))
	}
	return nil
}
