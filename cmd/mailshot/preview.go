package main

import (
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mailshot/campaign"
	"mailshot/campaign/check"
	"mailshot/campaign/definition"
	"mailshot/campaign/message"
	"mailshot/campaign/report"
	"mailshot/cmd/mailshot/human"
	"mailshot/internal/mailbox"
	"mailshot/internal/shell"
)

// fewMessages is how many messages a preview shows on a terminal: as many as a person reads. Files take all.
const fewMessages = 3

type previewFlags struct {
	id, where, out, format string
	row, limit             int64
	fresh, languages, open bool     // --new, --languages, --open
	diff                   []string // what the messages are compared with
	given                  definition.Flags
}

func (t *tool) previewCommand() *cobra.Command {
	var f previewFlags
	cmd := &cobra.Command{
		Use:   "preview [CAMPAIGN]",
		Short: "See the finished messages; nothing is sent",
		Long: `preview makes messages as send would, and shows the first three on the terminal, or writes all of
them to files with --out. What it writes is byte for byte what a send carries, except the Date.
A file ending in .html is a gallery of all of them, and a folder with --format html is one with
each message and attachment as a file beside it. The gallery has a search, the findings of check,
phone and desktop width, light and dark. It needs no network, and runs and loads nothing of a mail.
--diff says what has changed since the campaign's plan, another campaign's run, or messages that are
kept in a folder or an .mbox file. --open opens the gallery in the browser.`,
		Example: `  mailshot preview --row 17 campaign.yaml
  mailshot preview --out preview.html --open campaign.yaml
  mailshot preview --diff plan campaign.yaml
  mailshot preview --where 'city == "Oslo"' --out preview --format html campaign.yaml`,
		Args: args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error { return t.preview(cmd, args, f) },
	}
	fs := cmd.Flags()
	idFlag(cmd, &f.id, false, "as this campaign `ID` instead of the file's")
	newDay(cmd, &f.fresh)
	givenFlags(cmd, &f.given)
	fs.Int64Var(&f.row, "row", 0, "the message of the `N`th row of the list")
	fs.StringVar(&f.where, "where", "", "the messages of the rows for which the `EXPRESSION` is true")
	fs.BoolVar(&f.languages, "languages", false, "each message in every language of the campaign, the row's own or not")
	fs.Int64Var(&f.limit, "limit", 0, "at most `N` messages (default 3 on the terminal, else all)")
	fs.StringVar(&f.out, "out", "",
		"write the messages to `PATH`: a folder, or a file ending in .mbox or .html; it must be new or empty")
	fs.StringVar(&f.format, "format", "",
		"with --out: eml, mbox, maildir or html (default eml, or as the file's ending says)")
	fs.StringArrayVar(&f.diff, "diff", nil,
		"what has changed since `WHAT`: plan, a campaign ID, a ledger, a folder, an .mbox (repeatable)")
	fs.BoolVar(&f.open, "open", false, "open the gallery in the browser; without --out it is in .mailshot/preview")
	return cmd
}

// viewer shows finished messages, one after the other.
type viewer interface {
	Add(m message.Made) error
	Close() error
}

func (t *tool) preview(cmd *cobra.Command, args []string, f previewFlags) (err error) {
	d, err := t.loadGiven(cmd, args, f.given)
	if err != nil {
		return err
	}
	if f.row < 0 || f.limit < 0 ||
		f.row == 0 && cmd.Flags().Changed("row") || f.limit == 0 && cmd.Flags().Changed("limit") {
		return usage(errors.New("--row and --limit count from 1"), "mailshot preview --row 1 "+shell.Quote(d.Path))
	}
	if err := mayBeNew(cmd, d, f.id, f.fresh); err != nil {
		return err
	}
	ctx, _, stop := interrupts(cmd.Context())
	defer stop()
	o := t.options(d, f.id)
	o.New = f.fresh
	if f.isGallery() {
		return t.gallery(ctx, o, f)
	}
	c, err := campaign.Open(ctx, o)
	if err != nil {
		return t.refuse(err, d.Path)
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	v, where, err := t.viewer(c.ID(), d, &f)
	if err != nil {
		return err
	}
	defer func() {
		if v != nil {
			err = errors.Join(err, v.Close())
		}
	}()

	n, err := t.view(c.Messages(ctx, campaign.Chosen{Where: f.where, Row: f.row, Languages: f.languages}), v, f)
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return t.refuse(err, d.Path)
	}
	err, v = v.Close(), nil
	if err != nil {
		return err
	}
	return t.previewed(d, f, where, n)
}

// viewed counts the rows of a preview: messages shown, rows without a message, faults.
type viewed struct {
	shown, without int64
	more           bool            // there were more than --limit
	faults         check.Gathering // of the others
}

// view gives the messages to a viewer, up to --limit, and gathers what is wrong with the others.
func (t *tool) view(messages iter.Seq2[message.Made, error], v viewer, f previewFlags) (n *viewed, err error) {
	n = &viewed{}
	for m, err := range messages {
		switch {
		case err != nil:
			n.faults.Add(check.From(err)...)
		case m.Err != nil:
			n.faults.Row(m.Row.Place, check.From(m.Err)...)
		case m.Message == nil:
			n.without++
			if f.row > 0 {
				t.say("%s gets no message: %s", report.Clean(m.Row.Place), report.Clean(m.Why))
			}
		case f.limit > 0 && n.shown == f.limit:
			n.more = true
			return n, nil
		default:
			n.faults.Row(m.Row.Place)
			if err := v.Add(m); err != nil {
				return n, err
			}
			n.shown++
		}
	}
	return n, nil
}

// previewed says what was shown and what to do next.
func (t *tool) previewed(d *definition.Definition, f previewFlags, where string, n *viewed) error {
	found, left := n.faults.Findings()
	t.findings(found)
	if left > 0 {
		t.say("and %s more", human.Plural(left, "error"))
	}
	if where != "" {
		t.say("%s in %s", human.Plural(n.shown, "message"), where)
	}
	if n.more {
		t.say("only the first %s; --limit N shows more, --row N or --where EXPRESSION shows others",
			human.Plural(n.shown, "message"))
	}
	if outside := d.Outside(); outside != "" && n.shown > 0 {
		t.say("each message is %s", outside)
	}
	if n.without > 0 && f.row == 0 {
		t.say("%s no message (mailshot check says why)", human.Plural(n.without, "row gets", "rows get"))
	}
	switch {
	case len(found) > 0:
		return &exit{exitFindings, errors.New(human.Plural(int64(len(found))+left, "error")),
			"fix it, then mailshot check " + shell.Quote(d.Path)}
	case n.shown == 0 && n.without == 0 && f.row > 0:
		return usage(fmt.Errorf("the list has no row %d", f.row), "mailshot preview --row 1 "+shell.Quote(d.Path))
	case n.shown == 0 && n.without == 0:
		return usage(errors.New("no row was chosen"), "mailshot preview "+shell.Quote(d.Path))
	}
	t.hint("mailshot send --to-sink " + shell.Quote(d.Path))
	return nil
}

// viewer chooses where messages go. where is its name for the person; "" on the terminal.
func (t *tool) viewer(id string, d *definition.Definition, f *previewFlags) (v viewer, where string, err error) {
	if f.out == "" {
		if f.format != "" {
			return nil, "", usage(errors.New("--format goes with --out"),
				"mailshot preview --out preview --format "+shell.Quote(f.format)+" "+shell.Quote(d.Path))
		}
		if f.limit == 0 && f.row == 0 {
			f.limit = fewMessages
		}
		return &terminalViewer{t: t}, "", nil
	}
	ending := strings.TrimPrefix(filepath.Ext(f.out), ".")
	if f.format == "" {
		f.format = "eml"
		if ending == "mbox" {
			f.format = ending
		}
	}
	if formats := mailbox.Formats(); !slices.Contains(formats, f.format) {
		return nil, "", usage(fmt.Errorf("there is no format %q, only %s, html", f.format, strings.Join(formats, ", ")),
			"mailshot preview --out preview --format html "+shell.Quote(d.Path))
	}
	path := f.out
	if f.format == "mbox" {
		if ending != f.format {
			path = filepath.Join(f.out, "messages.mbox")
		}
		if _, err := os.Lstat(path); err == nil {
			return nil, "", usage(fmt.Errorf("%s already exists", path),
				"mailshot preview --out ANOTHER "+shell.Quote(d.Path))
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return nil, "", err
		}
	} else if there, err := os.ReadDir(path); err == nil && len(there) > 0 {
		return nil, "", usage(fmt.Errorf("%s is not empty", path),
			"mailshot preview --out ANOTHER "+shell.Quote(d.Path))
	}
	w, err := mailbox.Open(f.format, path, mailbox.Options{})
	return &fileViewer{w, f.languages}, path, err
}

// in says in which language a message is.
func in(m message.Made) string {
	if m.In == "" {
		return ""
	}
	return " · in " + m.In
}

// fileViewer keeps messages in a mailbox.
type fileViewer struct {
	w         mailbox.Writer
	languages bool // a row has a message in each
}

func (v *fileViewer) Add(m message.Made) error {
	_, err := v.w.Add(mailbox.Item{
		From: m.Message.From(), To: m.Message.To(), Name: v.name(m), Date: time.Now(), Body: m.Message,
	})
	return err
}

// name is how a message's file is called. Where a row has several messages, each has its language in its name.
func (v *fileViewer) name(m message.Made) string {
	if v.languages {
		return m.Row.Key + "." + m.In
	}
	return m.Row.Key
}

func (v *fileViewer) Close() error { return v.w.Close() }

// terminalViewer prints messages: the headers decoded, the text part, the other parts by name and size.
type terminalViewer struct {
	t *tool
	n int
}

func (v *terminalViewer) Add(m message.Made) error {
	var b strings.Builder
	s := newScreen(v.t.stdout)
	if v.n++; v.n > 1 {
		b.WriteString("\n")
	}
	title := fmt.Sprintf("── %s · key %s · %s ──",
		report.Clean(m.Row.Place), report.Clean(m.Row.Key), human.Size(m.Message.Size())+in(m))
	fmt.Fprintf(&b, "%s\n", s.bold(title))
	if m.Why != "" {
		fmt.Fprintf(&b, "%s\n", s.paint("33", report.Clean(m.Why)))
	}
	for _, h := range m.Message.Header() {
		fmt.Fprintf(&b, "%s %s\n", s.dim(report.Clean(h[0])+":"), report.Clean(h[1]))
	}
	if name, to, ok := message.Blind(m.Message); ok {
		fmt.Fprintf(&b, "%s %s\n", s.dim(name+":"), report.Clean(to))
	}
	for _, p := range m.Message.Parts() {
		if p.ContentType == "text/plain" && p.Name == "" {
			fmt.Fprintf(&b, "\n%s\n", strings.TrimRight(report.CleanLines(p.Text), "\n"))
		}
	}
	line := "\n"
	for _, p := range m.Message.Parts() {
		if p.ContentType == "text/plain" && p.Name == "" {
			continue
		}
		name := report.Clean(p.Name)
		switch {
		case p.CID != "":
			name = strings.TrimSpace(name + " cid:" + report.Clean(p.CID))
		case name == "":
			name = "(body)"
		}
		fmt.Fprintf(&b, "%s%s %s, %s, %s\n", line, s.dim("+"), name, report.Clean(p.ContentType), human.Size(p.Size))
		line = ""
	}
	_, err := fmt.Fprint(v.t.stdout, b.String())
	return err
}

func (v *terminalViewer) Close() error { return nil }
