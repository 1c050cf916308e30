package main

import (
	"errors"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"mailshot/campaign"
	"mailshot/campaign/definition"
	"mailshot/campaign/dispatch"
	"mailshot/campaign/ledger"
	"mailshot/campaign/runlog"
)

// This file has what a send does for those who are not there: --quiet and --log.

// unattendedFlags adds the flags.
func unattendedFlags(cmd *cobra.Command, f *sendFlags) {
	cmd.Flags().BoolVarP(&f.quiet, "quiet", "q", false,
		"say only what needs a person: errors, what was refused, what is unknown")
	cmd.Flags().StringVar(&f.log, "log", "",
		"append what happens to this `FILE`, a line of JSON each; at 10 MB it is renamed to FILE.1, and five are kept")
}

// watch is a run as seen by those who are not there.
type watch struct {
	t       *tool
	f       *sendFlags
	log     *runlog.Log // nil = none
	folder  string      // of the ledger
	trouble atomic.Bool // a message of this run needs a person
	sum     *campaign.Summary
}

// watch begins to watch a send. Its ended has to be called.
func (t *tool) watch(f *sendFlags, d *definition.Definition) *watch {
	w := &watch{t: t, f: f, folder: filepath.Dir(t.stateFile(d))}
	if f.log != "" {
		w.log = runlog.Open(runlog.Config{Path: f.log, Campaign: d.ID, Warn: w.unwritten})
	}
	return w
}

func (w *watch) unwritten(err error) {
	w.t.say("the log %s cannot be written, and the run goes on without: %v", w.f.log, err)
}

// begins notes that the campaign with that id is open.
func (w *watch) begins(id string) {
	if w.log != nil {
		w.log.Name(id)
	}
}

// planned notes that a run follows, and that there is a log.
func (w *watch) planned(id string) {
	w.begins(id)
	if w.log == nil {
		return
	}
	// A rehearsal may leave no folder for the ledger.
	if err := runlog.Remember(w.folder, w.f.log); err != nil && !errors.Is(err, fs.ErrNotExist) {
		w.unwritten(err)
	}
}

// observe takes an event of the run.
func (w *watch) observe(e dispatch.Event) {
	switch e.Kind {
	case dispatch.Reached(ledger.Refused), dispatch.Reached(ledger.GaveUp), dispatch.Reached(ledger.Held),
		dispatch.Reached(ledger.Unknown):
		w.trouble.Store(true)
	}
	if w.log != nil {
		w.log.Observe(e)
	}
}

// calm reports whether a run left nothing for a person: all went, or what is left goes by itself later.
func (w *watch) calm(sum *campaign.Summary, err error) bool {
	if !w.f.quiet || err != nil || w.trouble.Load() || len(sum.Out) > 0 || sum.Copies.Failed > 0 {
		return false
	}
	switch sum.ExitCode() {
	case 0:
		return true
	case exitWorkLeft:
		return sum.Counts[string(ledger.Unknown)] == 0 && (sum.Stopped == "" || !sum.OpensAt.IsZero())
	}
	return false
}

// say says what a run came to, unless all is well and nobody is there.
func (w *watch) say(err error, ended func() error) error {
	switch {
	case w.f.json || !w.calm(w.sum, err):
		return ended()
	case w.sum.ExitCode() == 0:
		return nil
	}
	return &exit{code: w.sum.ExitCode()}
}

// progress shows a run, unless it is to be quiet.
func (t *tool) progress(f sendFlags) *progress {
	if f.quiet {
		return newProgress(newScreen(io.Discard), func(string, ...any) {})
	}
	return newProgress(t.screen, t.say)
}

// ended ends the log, and returns the error of the send as a person is to see it.
func (w *watch) ended(err error) error {
	code := 0
	if err != nil {
		code = exitFailed
	}
	e := (*exit)(nil)
	if errors.As(err, &e) {
		code = e.code
	}
	if w.log != nil {
		line := runlog.Line{Time: time.Now(), Exit: &code}
		if err != nil && (e == nil || e.err != nil) {
			line.Text = err.Error()
		}
		if w.sum != nil {
			for _, u := range w.sum.Copies.Named {
				w.log.Uncopied(u.Place, u.Key, u.Text)
			}
			line.Sent, line.Counts, line.Until = w.sum.Sent, w.sum.Counts, w.sum.NextDue
			if w.sum.Stopped != "" {
				line.Text = w.sum.Stopped
			} else if len(w.sum.Full) > 0 && line.Text == "" {
				line.Text = "used up: " + strings.Join(w.sum.Full, ", ")
			}
		}
		w.log.Ended(line)
		if cerr := w.log.Close(); cerr != nil {
			w.unwritten(cerr)
		}
	}
	// Another run of the campaign is at it: it does what this one was to do.
	if locked := (*ledger.LockedError)(nil); w.f.quiet && errors.As(err, &locked) {
		return &exit{code: code}
	}
	return err
}
