package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"mailshot/campaign/check"
	"mailshot/campaign/definition"
	"mailshot/campaign/recipients"
	"mailshot/campaign/report"
	"mailshot/cmd/mailshot/human"
	"mailshot/cmd/mailshot/textwidth"
	"mailshot/internal/shell"
)

func (t *tool) inspectCommand() *cobra.Command {
	var cfg recipients.Config
	var delimiter string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "inspect FILE",
		Short: "What is in a list: encoding, sheets, columns, and what is odd or wrong",
		Long: `inspect reads a whole list (CSV, TSV, JSON lines, Excel, SQLite by a query; - for standard input)
and says what it found: the encoding and how it is known, and the sheets. Of each column it says
what it looks like, how many cells are filled, how many values differ (counted to 10,000, or fewer
where there are hundreds of columns), and shows a few of them. It needs no campaign file, and
continues after mistakes as far as it can. The flags have the names of the recipients' keys in the
campaign file.
Exit code 0: a campaign can read it and has somebody to mail, 3: mistakes.`,
		Example: `  mailshot inspect customers.xlsx --sheet November
  mailshot inspect old.csv --encoding windows-1252`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg.File, cfg.Stdin = args[0], t.stdin
			switch delimiter {
			case "":
			case "tab", `\t`:
				cfg.Delimiter = '\t'
			default:
				if utf8.RuneCountInString(delimiter) != 1 {
					return usage(fmt.Errorf("--delimiter %s: one character, or tab", shell.Quote(delimiter)),
						"mailshot inspect --delimiter ';' "+shell.Quote(cfg.File))
				}
				cfg.Delimiter, _ = utf8.DecodeRuneInString(delimiter)
			}
			return t.inspect(cmd, cfg, asJSON)
		},
	}
	fs := cmd.Flags()
	fs.StringVar(&cfg.Sheet, "sheet", "", "the Excel `SHEET` (default: the first visible one)")
	fs.StringVar(&cfg.Range, "range", "", "the Excel cells that are the list, as `A3:F200`")
	fs.StringVar(&cfg.Hidden, "hidden", "", "hidden Excel rows: ask, include or skip")
	fs.IntVar(&cfg.HeaderRow, "header-row", 0,
		"the `ROW` with the columns' names (default: the first that is not blank)")
	fs.StringVar(&delimiter, "delimiter", "", "the `CHARACTER` between the cells of CSV, or tab")
	fs.StringVar(&cfg.Encoding, "encoding", "", "the `ENCODING` of text, as windows-1252")
	fs.StringVar(&cfg.Locale, "locale", "", "the `LOCALE` of the numbers and dates, as de-DE")
	fs.StringVar(&cfg.Address, "address", "", "the `COLUMN` of the address")
	fs.StringVar(&cfg.Addresses, "addresses", "", "addresses as ann..b@docomo.ne.jp: `strict` or lenient")
	fs.StringVar(&cfg.Query, "query", "", "the `SELECT` to run on an SQLite file")
	fs.BoolVar(&asJSON, "json", false, "print as JSON")
	return cmd
}

func (t *tool) inspect(cmd *cobra.Command, cfg recipients.Config, asJSON bool) error {
	ctx, _, stop := interrupts(cmd.Context())
	defer stop()
	in, err := &recipients.Inspection{File: cfg.File}, error(nil)
	if definition.OnNetwork(cfg.File) {
		in.Faults = []*recipients.Fault{{
			Code: "not-a-file", Place: cfg.File, Text: definition.NotFetched, Hint: definition.Download(cfg.File),
		}}
	} else if in, err = recipients.Inspect(ctx, cfg); err != nil {
		return err
	}
	var found []check.Finding
	for _, f := range in.Faults {
		found = append(found, check.From(f)...)
	}
	faults := int64(len(found)) + in.Fallen
	for _, n := range in.Notes {
		note := check.From(n)
		note[0].Severity = check.Warning
		found = append(found, note...)
	}
	if asJSON {
		err = writeJSON(t.stdout, inspected{in, append([]check.Finding{}, found...), in.Fallen})
	} else {
		err = writeInspection(t.stdout, in, found, t.width())
	}
	if err != nil {
		return err
	}
	if faults > 0 {
		return &exit{exitFindings, errors.New(human.Plural(faults, "mistake")),
			"fix it, then mailshot inspect " + shell.Quote(cfg.File)}
	}
	return nil
}

// inspected is an inspection in JSON.
type inspected struct {
	*recipients.Inspection
	Findings []check.Finding `json:"findings"`
	Dropped  int64           `json:"dropped,omitempty"` // findings beyond those shown
}

// writeInspection writes an inspection for people; limit is the widest a line of a table may be (0 = no limit).
func writeInspection(w io.Writer, in *recipients.Inspection, found []check.Finding, limit int) error {
	var b strings.Builder
	what := map[string]string{
		"csv": "CSV,", "jsonl": "JSON lines,", "xlsx": "an Excel workbook,", "query": "a database whose answer has",
	}[in.Kind]
	if what != "" {
		fmt.Fprintf(&b, "%s is %s %s and %s\n",
			report.Clean(in.File), what, human.Plural(in.Rows, "row"), human.Plural(int64(len(in.Columns)), "column"))
	}
	var head table
	if e := in.Encoding; e != nil {
		by := e.By
		if len(in.Maybe) > 1 {
			by = "a guess; it may be " + strings.Join(in.Maybe[1:], ", ") + ": --encoding says which"
		}
		head.add("encoding", e.Value, by)
	}
	if d := in.Delimiter; d != nil {
		head.add("delimiter", fmt.Sprintf("%q", d.Value), d.By)
	}
	if err := head.write(&b, "  ", limit); err != nil {
		return err
	}
	if in.Header != "" {
		fmt.Fprintf(&b, "  header     %s\n", report.Clean(in.Header))
	}
	if err := writeSheets(&b, in.Sheets, limit); err != nil {
		return err
	}
	if err := writeColumns(&b, in, limit); err != nil {
		return err
	}
	if len(found) > 0 {
		if b.Len() > 0 {
			b.WriteString("\n")
		}
		for _, f := range found {
			fmt.Fprintln(&b, f)
		}
		if in.Fallen > 0 {
			fmt.Fprintf(&b, "and %s more\n", human.Plural(in.Fallen, "mistake"))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func writeSheets(w io.Writer, sheets []recipients.SheetInfo, limit int) error {
	if len(sheets) == 0 {
		return nil
	}
	var out table
	out.add("SHEET", "ROWS WITH CELLS", "")
	for _, s := range sheets {
		var notes []string
		if s.Read {
			notes = append(notes, "read here")
		}
		if s.Hidden {
			notes = append(notes, "a hidden sheet")
		}
		if s.HiddenRows > 0 {
			notes = append(notes, "and "+human.Plural(int64(s.HiddenRows), "hidden row"))
		}
		if s.Broken != "" {
			notes = append(notes, "broken: "+report.Clean(s.Broken))
		}
		out.add(textwidth.Isolated(report.Clean(s.Name)), fmt.Sprint(s.Rows), strings.Join(notes, ", "))
	}
	fmt.Fprintln(w)
	return out.write(w, "  ", limit)
}

// Widths of an inspection's cells, in columns of the terminal.
const (
	nameWidth   = 32
	sampleWidth = 28
)

func writeColumns(w io.Writer, in *recipients.Inspection, limit int) error {
	if len(in.Columns) == 0 {
		return nil
	}
	var out, why table
	out.add("COLUMN", "LOOKS LIKE", "FILLED", "VALUES", "SAMPLES")
	for _, c := range in.Columns {
		name := textwidth.Isolated(textwidth.Fit(report.Clean(c.Name), nameWidth))
		values := fmt.Sprint(c.Distinct)
		if c.More {
			values = ">" + values
		}
		var samples []string
		for _, s := range c.Samples {
			samples = append(samples, textwidth.Isolated(textwidth.Fit(report.Clean(s), sampleWidth)))
		}
		out.add(name, looks(c), filled(c.Filled, in.Rows), values, strings.Join(samples, " | "))
		if len(c.Also) > 0 {
			also := strings.Join(c.Also, "'s or ") + "'s"
			why.add(name, "its "+c.Type+"s may be "+also+" as well, with other values: locale says whose")
		}
		if c.Why != "" {
			why.add(name, report.Clean(c.Why))
		}
	}
	fmt.Fprintln(w)
	if err := out.write(w, "  ", limit); err != nil || len(why.rows) == 0 {
		return err
	}
	fmt.Fprintln(w)
	return why.write(w, "  ", limit)
}

// looks is what a column looks like, in words.
func looks(c recipients.Inspected) string {
	switch {
	case c.Type == "":
		return "(empty)"
	case c.Locale != "":
		return c.Type + ", " + c.Locale
	case c.Use == "address" && c.Type == "address":
		return "address (guessed)"
	}
	return c.Type
}

// filled is the share of rows that have a value. It is 100% only if all have one, and 0% only if none has.
func filled(n, of int64) string {
	switch {
	case of == 0:
		return "-"
	case n == of:
		return "100%"
	case n == 0:
		return "0%"
	}
	return fmt.Sprintf("%d%%", min(99, max(1, n*100/of)))
}
