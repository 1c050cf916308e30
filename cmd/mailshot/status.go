package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"mailshot/campaign/ledger"
	"mailshot/campaign/report"
	"mailshot/cmd/mailshot/textwidth"
)

func (t *tool) statusCommand() *cobra.Command {
	var id string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "status [CAMPAIGN]",
		Short: "Where a campaign stands",
		Long: `status counts the rows of a campaign's list by state. The states always add up to the rows read; the
last line shows it. status can run during a send.`,
		Args: args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			s, err := t.stored(cmd, args, id)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, s.Close()) }()
			sum, err := s.Summary(cmd.Context())
			if err != nil {
				return err
			}
			if asJSON {
				err = writeJSON(t.stdout, sum)
			} else {
				err = t.writeSummary(sum)
			}
			if err != nil {
				return err
			}
			return t.afterStatus(s, sum)
		},
	}
	idFlag(cmd, &id, true, "the campaign `ID` instead of the file's")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print as JSON")
	return cmd
}

// writeSummary prints where a campaign stands. On a terminal what is wider than it is wrapped.
func (t *tool) writeSummary(sum report.Summary) error {
	var b strings.Builder
	if err := sum.WriteText(&b); err != nil {
		return err
	}
	for line := range strings.Lines(b.String()) {
		line = strings.TrimSuffix(line, "\n")
		if line == sum.Identity() {
			line = textwidth.Sum(line, t.width())
		} else {
			words := strings.TrimLeft(line, " ")
			line = textwidth.Beside(line[:len(line)-len(words)], words, t.width())
		}
		if _, err := fmt.Fprintln(t.stdout, line); err != nil {
			return err
		}
	}
	return nil
}

// afterStatus names the next command. It is an error if the states do not add up to the rows.
func (t *tool) afterStatus(s *stored, sum report.Summary) error {
	if !sum.Exact() {
		err := errors.New("the states do not add up to the rows: the ledger is damaged; " +
			"send nothing until it has been examined")
		return &exit{exitFailed, err, ""}
	}
	n := map[string]int64{}
	for _, c := range sum.Counts {
		n[c.State] = c.N
	}
	if begun := n[string(ledger.Begun)]; begun > 1 {
		t.say("of the %d begun, one for each connection may be on the wire; the others are begun ahead, and wait", begun)
	}
	switch {
	case n[string(ledger.Unknown)] > 0:
		t.hint("mailshot resolve " + s.again(t))
	case n[string(ledger.Pending)]+n[string(ledger.Deferred)] > 0:
		t.hint("mailshot send " + s.again(t))
	case n[string(ledger.Refused)]+n[string(ledger.GaveUp)]+n[string(ledger.Held)]+n[string(ledger.Bounced)]+
		n[string(ledger.Complained)] > 0:
		t.hint("mailshot report " + s.again(t))
	}
	return nil
}
