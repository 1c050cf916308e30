package campaign

import (
	"strings"

	"mailshot/campaign/check"
)

// maxFindings bounds what a report holds; the rest is counted.
const maxFindings = 1000

// asCheck makes a report of an error about the list's header or a template, as of any other finding.
func (c *Campaign) asCheck(err error) error {
	r := &check.Report{Campaign: c.id, Counts: map[string]int64{}, Findings: check.From(err)}
	return &CheckError{r}
}

// find adds findings to the report, or counts them once the report is full. If the full report has no error yet, an
// error takes its last place: what has errors must say so.
func (p *planned) find(fs ...check.Finding) {
	for _, f := range fs {
		if len(p.report.Findings) < maxFindings {
			p.report.Findings = append(p.report.Findings, f)
			continue
		}
		p.report.Dropped++
		if f.Severity == check.Error && p.report.Errors() == 0 {
			p.report.Findings[len(p.report.Findings)-1] = f
		}
	}
}

// placed gives findings about a row's message the place of the row. A finding that has a place in a template keeps it,
// and its text names the row.
func placed(fs []check.Finding, row string) []check.Finding {
	for i := range fs {
		switch {
		case fs[i].Place == "":
			fs[i].Place = row
		case fs[i].Place != row && !cellOf(fs[i].Place, row):
			fs[i].Text += " (row " + row + ")"
		}
	}
	return fs
}

// cellOf reports whether a place is a cell of a row, as November!B9 is of November!9.
func cellOf(place, row string) bool {
	sheet, cell, _ := cutLast(place, "!")
	of, number, ok := cutLast(row, "!")
	return ok && sheet == of && strings.TrimLeft(cell, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == number
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

func asWarnings(fs []check.Finding, row string) []check.Finding {
	fs = placed(fs, row)
	for i := range fs {
		fs[i].Severity = check.Warning
	}
	return fs
}
