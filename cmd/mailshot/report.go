package main

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"mailshot/campaign/history"
	"mailshot/campaign/ledger"
	"mailshot/campaign/report"
	"mailshot/cmd/mailshot/web/results"
	"mailshot/cmd/mailshot/web/words"
	"mailshot/internal/disk"
	"mailshot/internal/shell"
)

type reportFlags struct {
	id        string
	in        []string
	csv, json string // where to; "" = not at all, "-" = standard output
	xlsx      string
	html      string
	into      string
	force     bool
	traffic   bool
}

func (t *tool) reportCommand() *cobra.Command {
	var f reportFlags
	cmd := &cobra.Command{
		Use:   "report [CAMPAIGN]",
		Short: "The outcome of each row: text, JSON, CSV, Excel, HTML",
		Long: `report prints where a campaign stands and what went wrong for whom, in the server's words. With
--json, --csv or --xlsx it has every row. It counts who has unsubscribed by a token of the campaign,
and --json, --csv and --xlsx say when. --html is a page for the browser in one file: where it
stands, charts, and the rows that went wrong. With --into it writes a copy of the list, CSV or Excel,
with all its rows and columns and three more: status, time and reply. It never writes to the list
itself. No cell of a CSV or Excel file is a formula: text that would be one has an apostrophe before
it. --traffic has what the connections of the campaign counted, by server: bytes, writes and flights,
beside what the mails need and what it is on the line.`,
		Example: `  mailshot report --csv --in refused,gave_up campaign.yaml > failed.csv
  mailshot report --csv results.csv campaign.yaml
  mailshot report --xlsx results.xlsx campaign.yaml
  mailshot report --into people-sent.xlsx campaign.yaml`,
		Args: func(cmd *cobra.Command, all []string) error {
			return args(cobra.MaximumNArgs(1))(cmd, f.file(all))
		},
		RunE: func(cmd *cobra.Command, args []string) error { return t.report(cmd, f.file(args), f) },
	}
	fs := cmd.Flags()
	idFlag(cmd, &f.id, true, "the campaign `ID` instead of the file's")
	fs.StringSliceVar(&f.in, "in", nil, "only rows in these `STATES`, as refused,gave_up")
	fs.StringVar(&f.json, "json", "", "every row as JSON, printed or written to this .json `FILE`")
	fs.StringVar(&f.csv, "csv", "", "every row as CSV, printed or written to this .csv `FILE`")
	fs.Lookup("json").NoOptDefVal, fs.Lookup("csv").NoOptDefVal = "-", "-"
	fs.StringVar(&f.xlsx, "xlsx", "", "write every row to this Excel `FILE`")
	fs.StringVar(&f.html, "html", "", "write a page with charts, and with what went wrong, to this .html `FILE`")
	fs.StringVar(&f.into, "into", "",
		"write a copy of the list with the outcome of each row to this .csv or .xlsx `FILE`")
	fs.BoolVar(&f.traffic, "traffic", false, "what the connections counted: bytes, writes, flights; also with --json")
	fs.BoolVar(&f.force, "force", false, "with --into: overwrite an existing file")
	return cmd
}

// file takes the file that --csv or --json writes from the arguments, by its ending, and returns the others: a flag
// that may stand alone does not take the word after it.
func (f *reportFlags) file(args []string) (others []string) {
	for _, a := range args {
		switch ending := strings.ToLower(filepath.Ext(a)); {
		case f.csv == "-" && ending == ".csv":
			f.csv = a
		case f.json == "-" && ending == ".json":
			f.json = a
		case a != f.csv && a != f.json:
			others = append(others, a)
		}
	}
	return others
}

// mostRows is how many rows a text report has; the other forms have all.
const mostRows = 100

func (t *tool) report(cmd *cobra.Command, args []string, f reportFlags) (err error) {
	in, err := statesNamed(f.in, ledger.States(), "mailshot report --in refused,gave_up")
	if err != nil {
		return err
	}
	if err := f.alone(in, path(args)); err != nil {
		return err
	}
	s, err := t.stored(cmd, args, f.id)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	ctx := cmd.Context()
	if f.traffic {
		return t.reportTraffic(ctx, s, f.json == "-")
	}
	if f.into != "" {
		return t.reportInto(ctx, s, f.into, f.force)
	}
	if f.html != "" {
		return t.write(s, f.html, func(w io.Writer) error { return results.WriteHTML(ctx, w, s.Campaign, words.In("en")) })
	}
	shared, err := t.accountsFile()
	if err == nil {
		err = s.Left(ctx, shared)
	}
	if err != nil { // a report of what was sent needs no accounts
		t.say("who has unsubscribed is not in this report: %v", err)
	}
	sum, err := s.Summary(ctx)
	if err != nil {
		return err
	}
	rows := s.Reported(ctx, ledger.Filter{States: in})
	switch {
	case f.json != "":
		return t.write(s, f.json, func(w io.Writer) error { return report.WriteJSON(w, sum, rows) })
	case f.csv != "":
		return t.write(s, f.csv, func(w io.Writer) error { return report.WriteCSV(w, sum, rows) })
	case f.xlsx != "":
		return t.write(s, f.xlsx, func(w io.Writer) error { return report.WriteXLSX(w, sum, rows) })
	}
	if err := t.writeSummary(sum); err != nil {
		return err
	}
	if len(in) == 0 {
		in = history.Attention()
	}
	more, err := t.printRows(s.Reported(ctx, ledger.Filter{States: in}))
	if err != nil {
		return err
	}
	if more {
		t.say("only the first %d are shown; --csv, --json or --xlsx FILE have all", mostRows)
	}
	return t.afterReport(s, sum)
}

// alone refuses flags that exclude each other.
func (f *reportFlags) alone(in []ledger.State, file string) error {
	if f.json != "" && f.csv != "" || f.json+f.csv != "" && f.xlsx != "" {
		return usage(errors.New("--json, --csv and --xlsx exclude each other; choose one"),
			"mailshot report --csv "+shell.Quote(file))
	}
	if f.html != "" && (f.json+f.csv+f.xlsx+f.into != "" || len(in) > 0) {
		return usage(errors.New("--html writes a page of its own, and nothing else"),
			"mailshot report --html "+shell.Quote(f.html)+" "+shell.Quote(file))
	}
	if f.traffic && (f.csv+f.xlsx+f.html+f.into != "" || f.json != "" && f.json != "-" || len(in) > 0) {
		return usage(errors.New("--traffic prints what connections counted, as text or with --json, and nothing else"),
			"mailshot report --traffic "+shell.Quote(file))
	}
	if f.into != "" && (f.json+f.csv+f.xlsx != "" || len(in) > 0) {
		return usage(errors.New("--into writes the whole list, and nothing else"),
			"mailshot report --into "+shell.Quote(f.into)+" "+shell.Quote(file))
	}
	return nil
}

// write writes a report to a file, or to standard output for "-".
func (t *tool) write(s *stored, name string, write func(io.Writer) error) error {
	if name == "-" {
		return buffered(t.stdout, write)
	}
	if err := t.mayWrite(s, name, true, "mailshot report --xlsx results.xlsx "+s.again(t)); err != nil {
		return err
	}
	if err := disk.Replace(name, func(w io.Writer) error { return buffered(w, write) }); err != nil {
		return err
	}
	t.say("written to %s", name)
	return nil
}

// printRows prints rows as a table, up to mostRows.
func (t *tool) printRows(rows iter.Seq2[report.Row, error]) (more bool, err error) {
	out := table{wraps: true}
	for r, err := range rows {
		if err != nil {
			return false, err
		}
		if len(out.rows) == mostRows {
			more = true
			break
		}
		out.add(r.State, report.Clean(r.Place), report.Clean(r.Address), r.Why())
	}
	if len(out.rows) == 0 {
		return false, nil
	}
	if _, err := fmt.Fprintln(t.stdout); err != nil {
		return false, err
	}
	return more, out.write(t.stdout, "", t.width())
}

// afterReport names the next command.
func (t *tool) afterReport(s *stored, sum report.Summary) error {
	n := map[ledger.State]int64{}
	for _, c := range sum.Counts {
		n[ledger.State(c.State)] = c.N
	}
	if n[ledger.Unknown] == 0 && n[ledger.Refused]+n[ledger.GaveUp]+n[ledger.Held] > 0 &&
		n[ledger.Pending]+n[ledger.Deferred] == 0 {
		t.hint("mailshot retry " + s.again(t))
		return nil
	}
	return t.afterStatus(s, sum)
}

// statesNamed are the states that a person named. Each must be an allowed one.
func statesNamed(names []string, allowed []ledger.State, next string) ([]ledger.State, error) {
	var in []ledger.State
	for _, n := range names {
		state := ledger.State(strings.ReplaceAll(strings.ToLower(strings.TrimSpace(n)), "-", "_"))
		if !slices.Contains(allowed, state) {
			var words []string
			for _, s := range allowed {
				words = append(words, string(s))
			}
			return nil, usage(fmt.Errorf("--in %s: must be one of %s", shell.Quote(n), strings.Join(words, ", ")), next)
		}
		in = append(in, state)
	}
	return in, nil
}
