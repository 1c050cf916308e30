package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"mailshot/campaign/accounts"
	"mailshot/campaign/ledger/repair"
	"mailshot/campaign/report"
	"mailshot/campaign/statefile"
	"mailshot/cmd/mailshot/human"
	"mailshot/internal/shell"
	"mailshot/internal/sqlite"
)

func (t *tool) stateCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "state",
		Short: "Check and repair the ledger's files",
		Long: `state looks after the two files in which mailshot remembers: the ledger beside the campaign file,
and the user's accounts (caps used, suppression list). mailshot never continues with a damaged
ledger: what it has forgotten would be sent twice.`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usage(fmt.Errorf("state has no command %q, only check and repair", args[0]),
					"mailshot state --help")
			}
			return cmd.Help()
		},
	}
	check := &cobra.Command{
		Use: "check [CAMPAIGN]", Short: "Check that the files are whole and their records consistent",
		Args: args(cobra.MaximumNArgs(1)),
		Long: `check reads both files from end to end. Their pages and indexes must be sound, the states must add
up to the rows, each delivery must have its row, and each state must be the one that its attempts,
what came back and the changes by hand led to. check changes nothing but the version of an older file. It can run
during a send. Exit code 1: something is wrong.`,
		RunE: func(cmd *cobra.Command, args []string) error { return t.stateCheck(cmd, args) },
	}
	var try, yes bool
	repair := &cobra.Command{
		Use: "repair [CAMPAIGN]", Short: "Save what can be read of a damaged ledger into a new file",
		Args: args(cobra.MaximumNArgs(1)),
		Long: `repair reads what can be read of a damaged ledger into a new file, which takes its place. The
damaged file is kept beside it. repair never guesses. A delivery becomes unknown if its record is
lost or contradicts its log. A delivery that was still to be sent is held if its row is lost. If the
end of the log is lost, everything that was to be sent becomes unknown. If the campaigns' own
records cannot be relied on, repair refuses and changes nothing. An up-to-date backup is better.

repair does not repair the accounts file: restore a backup of it.`,
		RunE: func(cmd *cobra.Command, args []string) error { return t.stateRepair(cmd, args, try, yes) },
	}
	repair.Flags().BoolVar(&try, "report", false, "only say what a repair would do")
	repair.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	cmd.AddCommand(check, repair)
	return cmd
}

func (t *tool) stateCheck(cmd *cobra.Command, args []string) error {
	d, err := t.load(cmd, args)
	if err != nil {
		return err
	}
	shared, err := t.accountsFile()
	if err != nil {
		return err
	}
	state := t.stateFile(d)
	again := strings.Join(append(t.flags(), shell.Quote(d.Path)), " ")
	var failed *exit
	newer := false
	look := func(file, next string, faults []statefile.Fault, err error) error {
		var bad *statefile.Error
		switch {
		case errors.Is(err, fs.ErrNotExist):
			t.say("%s does not exist yet", file)
			return nil
		case errors.As(err, &bad) && bad.Option == "":
			if bad.Newer {
				next = t.afterState(bad, d.Path)
			}
			failed = &exit{exitFailed, err, next}
			newer = newer || bad.Newer
			t.say("%s", report.CleanLines(err.Error()))
			return nil
		case err != nil:
			return err
		case len(faults) == 0:
			_, err := fmt.Fprintf(t.stdout, "%s: whole and consistent\n", file)
			return err
		}
		failed = &exit{exitFailed, fmt.Errorf("%s: %s", file, human.Plural(int64(len(faults)), "fault")), next}
		for _, f := range faults {
			if _, err := fmt.Fprintf(t.stdout, "%s: %s\n", file, report.Clean(f.String())); err != nil {
				return err
			}
		}
		return nil
	}
	faults, err := accounts.Examine(cmd.Context(), shared)
	if err := look(shared, "restore a backup of "+shared, faults, err); err != nil {
		return err
	}
	faults, err = repair.Examine(cmd.Context(), state)
	if err := look(state, "mailshot state repair --report "+again, faults, err); err != nil {
		return err
	}
	if failed != nil {
		failed.err = errors.New("send nothing until this is repaired")
		if newer {
			failed.err = errors.New("send nothing with this version")
		}
		return failed
	}
	return nil
}

func (t *tool) stateRepair(cmd *cobra.Command, args []string, try, yes bool) error {
	d, err := t.load(cmd, args)
	if err != nil {
		return err
	}
	state := t.stateFile(d)
	if _, err := os.Stat(state); errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Stat(state + sqlite.Repairing); errors.Is(err, fs.ErrNotExist) {
			return &exit{exitFailed, fmt.Errorf("there is no ledger %s", state),
				"mailshot state check " + shell.Quote(d.Path)}
		}
	}
	again := strings.Join(append(t.flags(), shell.Quote(d.Path)), " ")
	if !try {
		if err := t.certain(cmd.Context(), "type yes to put a repaired file in place of "+state+": ", yes,
			"mailshot state repair --yes "+again); err != nil {
			return err
		}
	}
	r, err := repair.File(cmd.Context(), state, try)
	if err != nil {
		return err
	}
	for _, line := range r.Lines {
		if _, err := fmt.Fprintln(t.stdout, report.Clean(line)); err != nil {
			return err
		}
	}
	if len(r.Lines) == 0 {
		if _, err := fmt.Fprintln(t.stdout, "nothing is wrong with it"); err != nil {
			return err
		}
	}
	if try {
		t.hint("mailshot state repair " + again)
		return nil
	}
	t.say("the damaged file is kept as %s", r.Aside)
	if r.Unknown > 0 {
		t.hint("mailshot resolve " + again)
	} else {
		t.hint("mailshot status " + again)
	}
	return nil
}
