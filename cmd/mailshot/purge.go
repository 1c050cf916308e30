package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mailshot/campaign/artifacts"
	"mailshot/campaign/belonging"
	"mailshot/campaign/ledger"
	"mailshot/campaign/remains"
	"mailshot/campaign/report"
	"mailshot/campaign/runlog"
	"mailshot/cmd/mailshot/human"
	"mailshot/internal/shell"
)

func (t *tool) purgeCommand() *cobra.Command {
	var yes bool
	var older string
	cmd := &cobra.Command{
		Use:   "purge --older-than AGE [CAMPAIGN]",
		Short: "Erase the people of campaigns that ended long ago",
		Long: `purge erases the rows, deliveries and attempts of ended campaigns, and what came back about them,
from the ledger beside the campaign file. A campaign has ended when none of its rows is pending, deferred or unknown, and
nothing has happened to them for AGE (90d, 12w, 720h). The ledger keeps the number of rows in each
state, and that the campaign has ended: a later send with the same id sends nothing. A purge cannot
be undone.`,
		Example: "  mailshot purge --older-than 90d campaign.yaml",
		Args:    args(cobra.MaximumNArgs(1)),
		RunE:    func(cmd *cobra.Command, args []string) error { return t.purge(cmd, args, older, yes) },
	}
	cmd.Flags().StringVar(&older, "older-than", "", "only campaigns to which nothing has happened for this `AGE`")
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	return cmd
}

func (t *tool) purge(cmd *cobra.Command, args []string, older string, yes bool) (err error) {
	ctx := cmd.Context()
	since, err := age(older)
	if err != nil {
		return usage(fmt.Errorf("--older-than: %w", err), "mailshot purge --older-than 90d "+shell.Quote(path(args)))
	}
	d, err := t.load(cmd, args)
	if err != nil {
		return err
	}
	file := t.stateFile(d)
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		t.say("there is no ledger %s, so there is nothing to purge", file)
		return nil
	}
	l, err := ledger.Open(file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	before := time.Now().Add(-since)
	list, err := l.Ended(ctx, before)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		t.say("no campaign in %s ended that long ago", file)
		return nil
	}
	var out table
	for _, e := range list {
		out.add(report.Clean(e.ID), human.Plural(e.Rows, "row"), "ended "+e.Last.Local().Format(time.DateOnly))
	}
	if err := out.write(t.stdout, "", 0); err != nil {
		return err
	}
	again := "mailshot purge --yes --older-than " + shell.Quote(older) + " " +
		strings.Join(append(t.flags(), shell.Quote(d.Path)), " ")
	question := fmt.Sprintf("type yes to erase the people of %s for good: ", human.Plural(int64(len(list)), "campaign"))
	if err := t.certain(ctx, question, yes, again); err != nil {
		return err
	}
	done, err := l.Purge(ctx, before)
	if locked := (*ledger.LockedError)(nil); errors.As(err, &locked) {
		return &exit{exitFailed, fmt.Errorf("%w; stop it with an interrupt first", err), again}
	}
	_, e := belonging.Forget(d.Home())
	err = errors.Join(err, artifacts.Purge(d.Home(), ids(done)), e)
	if len(done) > 0 { // the gallery of preview --open, which the next one makes anew
		err = errors.Join(err, os.RemoveAll(filepath.Join(d.Home(), remains.Previews)))
	}
	t.say("%s purged", human.Plural(int64(len(done)), "campaign is", "campaigns are"))
	for _, log := range runlog.Known(filepath.Dir(file)) {
		t.say("not erased, because it is your own file: %s (the log of runs)", report.Clean(log))
	}
	return err
}

// ids are those of the campaigns.
func ids(ended []ledger.Ended) (all []string) {
	for _, e := range ended {
		all = append(all, e.ID)
	}
	return all
}

// age reads a stretch of time such as 90d, 12w or 720h.
func age(text string) (time.Duration, error) {
	var n int
	var unit string
	if _, err := fmt.Sscanf(text, "%d%s", &n, &unit); err == nil && n > 0 && n < 100_000 {
		switch unit {
		case "d":
			return time.Duration(n) * 24 * time.Hour, nil
		case "w":
			return time.Duration(n) * 7 * 24 * time.Hour, nil
		}
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("%q is not an age such as 90d, 12w or 720h", text)
	}
	return d, nil
}
