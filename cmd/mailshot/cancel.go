package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"mailshot/campaign/ledger"
	"mailshot/cmd/mailshot/human"
)

func (t *tool) cancelCommand() *cobra.Command {
	var id string
	cmd := &cobra.Command{
		Use:   "cancel CAMPAIGN",
		Short: "Take out what has not been sent",
		Long: `cancel takes every pending and deferred row out of the campaign; what was sent stays as it is. retry
--in cancelled makes the rows pending again. Stop a running send first, with an interrupt.`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			s, err := t.stored(cmd, args, id)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, s.Close()) }()
			n, err := s.Ledger.Cancel(cmd.Context(), s.ID)
			if err != nil {
				return t.busy(err, s)
			}
			t.say("%s cancelled", human.Plural(n, "row is", "rows are"))
			t.hint("mailshot status " + s.again(t))
			return nil
		},
	}
	idFlag(cmd, &id, true, "the campaign `ID` instead of the file's")
	return cmd
}

// busy explains a lock: the campaign is being sent. Other errors it returns as they are.
func (t *tool) busy(err error, s *stored) error {
	if locked := (*ledger.LockedError)(nil); errors.As(err, &locked) {
		return &exit{exitFailed, fmt.Errorf("%w; stop it with an interrupt first", err),
			"mailshot status " + s.again(t)}
	}
	return err
}
