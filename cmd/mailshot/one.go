package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mailshot/campaign"
	"mailshot/campaign/dispatch"
	"mailshot/campaign/ledger"
	"mailshot/campaign/report"
	"mailshot/cmd/mailshot/single"
	"mailshot/internal/shell"
	"mailshot/internal/stdin"
)

// oneFlags are the flags of one.
type oneFlags struct {
	server, from, to, subject string
	attach, cc, bcc           []string
	repeat, wait, json        bool
}

func (t *tool) oneCommand() *cobra.Command {
	var f oneFlags
	cmd := &cobra.Command{
		Use:   "one",
		Short: "Send one message to one person; the text comes from standard input",
		Long: `one sends one message through the server of a campaign: with its login and its caps, checked as any
other, and with a ledger of its own in .mailshot/one beside the campaign file. What was sent to
somebody is not sent to them again unless --repeat says so; what was put off goes on when the command
is given again. To send to several people, each a message of their own: mailshot send --recipients.`,
		Example: `  mailshot one --to 'Ann <ann@example.com>' --subject 'Your invoice' --attach invoice.pdf < text.txt
  echo 'See you at ten.' | mailshot one --server club --to bob@example.com --subject Monday`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return t.one(cmd, f) },
	}
	fs := cmd.Flags()
	fs.StringVar(&f.server, "server", ".", "send through the server of this `CAMPAIGN`, a file or its folder")
	fs.StringVar(&f.from, "from", "", "from this `MAILBOX` (default the campaign's)")
	fs.StringVar(&f.to, "to", "", "to this `MAILBOX`, an address with a name if you like")
	fs.StringArrayVar(&f.cc, "cc", nil, "with a copy to this `MAILBOX` (may be repeated)")
	fs.StringArrayVar(&f.bcc, "bcc", nil, "with a copy to this `MAILBOX` that nobody else sees (may be repeated)")
	fs.StringVar(&f.subject, "subject", "", "with this `SUBJECT`")
	fs.StringArrayVar(&f.attach, "attach", nil, "with this `FILE` (may be repeated)")
	fs.BoolVar(&f.repeat, "repeat", false, "send also what this person got before")
	fs.BoolVar(&f.wait, "wait", false, "stay until it is sent, even when nothing is due within the hour")
	fs.BoolVar(&f.json, "json", false, "print the result as JSON")
	return cmd
}

// line is the command with its flags, for the command that is named next.
func (f oneFlags) line() string {
	words := []string{"mailshot one"}
	flag := func(name, value string) {
		if value != "" {
			words = append(words, "--"+name, shell.Quote(value))
		}
	}
	if f.server != "." {
		flag("server", f.server)
	}
	flag("from", f.from)
	flag("to", f.to)
	for _, name := range f.cc {
		flag("cc", name)
	}
	for _, name := range f.bcc {
		flag("bcc", name)
	}
	flag("subject", f.subject)
	for _, name := range f.attach {
		flag("attach", name)
	}
	if f.repeat {
		words = append(words, "--repeat")
	}
	return strings.Join(words, " ") + " < TEXT"
}

func (t *tool) one(cmd *cobra.Command, f oneFlags) (err error) {
	through, err := t.load(cmd, []string{f.server})
	if err != nil {
		return err
	}
	m, err := f.message(t)
	if err != nil {
		return usage(err, f.line())
	}
	kept, err := single.Keep(through, m)
	if all := single.Mistakes(err); len(all) > 0 {
		var lines []error
		for _, m := range all {
			lines = append(lines, m)
		}
		return usage(fmt.Errorf("%w; nothing was sent", errors.Join(lines...)), f.line())
	}
	if err != nil {
		return err
	}
	id, err := kept.Next(cmd.Context(), f.repeat)
	if again := (*single.AgainError)(nil); errors.As(err, &again) {
		f.repeat = true
		return &exit{exitFindings, fmt.Errorf("%w; nothing was sent\n--repeat sends it once more", err), f.line()}
	}
	if err != nil {
		return err
	}
	sum, err := t.sendOne(cmd.Context(), kept, id, f)
	if err != nil {
		return err
	}
	return t.endedOne(cmd.Context(), kept, sum, f)
}

// message is what the flags and standard input say.
func (f oneFlags) message(t *tool) (m single.Message, err error) {
	m = single.Message{From: f.from, To: f.to, Cc: f.cc, Bcc: f.bcc, Subject: f.subject}
	if m.Text, err = stdin.Text(t.stdin, single.MostBytes); err != nil {
		return m, fmt.Errorf("standard input is to be the text: %w", err)
	}
	for _, name := range f.attach {
		file, err := os.Open(name)
		if err != nil {
			return m, fmt.Errorf("--attach: %w", err)
		}
		body, err := io.ReadAll(io.LimitReader(file, single.MostBytes+1))
		if err = errors.Join(err, file.Close()); err != nil {
			return m, fmt.Errorf("--attach: %w", err)
		}
		m.Files = append(m.Files, single.File{Name: filepath.Base(name), Body: body})
	}
	return m, nil
}

// sendOne plans and sends the message as one of its campaigns.
func (t *tool) sendOne(ctx context.Context, kept *single.Kept, id string, f oneFlags) (sum *campaign.Summary, err error) {
	progress := t.progress(sendFlags{})
	o := kept.Options(id, t.accounts)
	o.Observe = func(e dispatch.Event) { progress.observe(e) }
	o.ObserveConnections, o.ObserveCopies = progress.connection, progress.copies
	ctx, hard, stop := interrupts(ctx)
	defer stop()
	c, err := campaign.Open(ctx, o)
	if err != nil {
		return nil, t.refuseOne(err, kept, f)
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	plan, err := c.Plan(ctx, campaign.PlanOptions{Repeat: f.repeat})
	if locked := (*ledger.LockedError)(nil); errors.As(err, &locked) {
		return nil, &exit{exitWorkLeft, err, f.line()}
	}
	if err != nil {
		return nil, t.refuseOne(err, kept, f)
	}
	if plan.Report != nil {
		t.shown(plan.Report)
	}
	progress.zone, progress.ends = t.now().Location(), plan.Ends
	finished := progress.show()
	sum, err = c.Run(ctx, hard, campaign.RunOptions{Wait: f.wait})
	finished()
	if err != nil && sum == nil {
		return nil, unsent(ctx, err, f.line())
	}
	return sum, err
}

// refuseOne shows why the message is not sent.
func (t *tool) refuseOne(err error, kept *single.Kept, f oneFlags) error {
	err = t.refuse(err, kept.Def.Path)
	if e := (*exit)(nil); errors.As(err, &e) && e.code != exitWorkLeft {
		e.next = "fix it, then " + f.line()
	}
	return err
}

// oneSent is what became of one message, in JSON.
type oneSent struct {
	Campaign string       `json:"campaign"`      // its id
	Folder   string       `json:"folder"`        // where the campaign is kept
	To       string       `json:"to"`            // the address
	State    ledger.State `json:"state"`         // of the message
	Code     int          `json:"code"`          // the server's reply code; 0 without a reply
	Text     string       `json:"text"`          // the server's words, or what went wrong
	Time     time.Time    `json:"time,omitzero"` // of the attempt
	Due      time.Time    `json:"due,omitzero"`  // of the next attempt
}

// endedOne says what became of the message.
func (t *tool) endedOne(ctx context.Context, kept *single.Kept, sum *campaign.Summary, f oneFlags) error {
	s, err := kept.Stand(context.WithoutCancel(ctx))
	if err != nil {
		return err
	}
	to := report.Clean(kept.Message.To)
	if f.json {
		err = writeJSON(t.stdout, oneSent{s.Campaign, kept.Dir, to, s.State, s.Code, report.Clean(s.Words), s.At, s.Due})
	} else {
		line := string(s.State) + ": " + to
		if s.Words != "" {
			line += ": " + report.Clean(s.Words)
		}
		_, err = fmt.Fprintln(t.stdout, line)
	}
	if c := sum.Copies; c.Failed > 0 {
		t.sayCopies(sum, report.SentCopies{Folders: c.Folders, Filed: c.Filed, Failed: c.Failed})
	}
	t.sayTraffic(sum)
	if err != nil || s.State == ledger.Sent {
		return err
	}
	if sum.Stopped != "" {
		t.say("stopped: %s", report.CleanLines(sum.Stopped))
	}
	if sum.Left > 0 {
		t.say("%s", leftWords(sum, t.now()))
	}
	next := f.line()
	switch {
	case sum.Next != "":
		next = sum.Next
	case s.State == ledger.Unknown:
		next = "mailshot resolve --id " + shell.Quote(s.Campaign) + " " + shell.Quote(kept.Dir)
	case sum.Left == 0:
		next = "mailshot report --id " + shell.Quote(s.Campaign) + " " + shell.Quote(kept.Dir)
	}
	code := sum.ExitCode()
	if code == 0 { // the suppression list
		code = exitNotSent
	}
	return &exit{code: code, next: next}
}
