package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"mailshot/campaign"
	"mailshot/campaign/check"
	"mailshot/campaign/definition"
	"mailshot/campaign/history"
	"mailshot/campaign/statefile"
	"mailshot/cmd/mailshot/human"
	"mailshot/cmd/mailshot/unplanned"
	"mailshot/internal/disk"
	"mailshot/internal/shell"
)

// campaignFile is the name of the campaign file in a folder.
const campaignFile = "campaign.yaml"

// path is the campaign file that an argument names: the file itself, or campaign.yaml in a folder; "" is this folder.
func path(args []string) string {
	name := "."
	if len(args) > 0 {
		name = args[0]
	}
	if info, err := os.Stat(name); err == nil && info.IsDir() {
		name = filepath.Join(name, campaignFile)
	}
	return name
}

// load reads the campaign file that args name. It prints the mistakes in the file, all at once.
func (t *tool) load(cmd *cobra.Command, args []string) (*definition.Definition, error) {
	return t.loadWith(cmd, args, definition.Flags{NoList: true})
}

func (t *tool) loadWith(cmd *cobra.Command, args []string, given definition.Flags) (*definition.Definition, error) {
	name := path(args)
	d, err := definition.LoadWith(name, given)
	if err == nil {
		t.zone = d.Schedule.Location()
		return d, nil
	}
	if isMissing(err, name) {
		return nil, missing(cmd, name)
	}
	fs := check.From(err)
	t.findings(fs)
	return nil, &exit{exitUsage, fmt.Errorf("%s in %s; nothing was sent", human.Plural(int64(len(fs)), "mistake"), name),
		"fix it, then mailshot check " + shell.Quote(name)}
}

// serverOf is the server that a command is about: the campaign's only one, or the one with that name.
func serverOf(d *definition.Definition, name string) (*definition.Server, error) {
	var names []string
	for _, s := range d.Servers {
		if s.Name == name || name == "" && len(d.Servers) == 1 {
			return s, nil
		}
		names = append(names, s.Name)
	}
	switch {
	case len(names) == 0:
		return nil, fmt.Errorf("%s: no server (add server: with host and port)", d.Name)
	case name == "":
		return nil, fmt.Errorf("%s has several servers; name one with --server: %s", d.Name, strings.Join(names, ", "))
	}
	return nil, fmt.Errorf("%s has no server %q, only %s", d.Name, name, strings.Join(names, ", "))
}

// isMissing reports whether a campaign file could not be loaded because it does not exist.
func isMissing(err error, name string) bool {
	if !errors.Is(err, fs.ErrNotExist) {
		return false
	}
	_, err = os.Stat(name)
	return errors.Is(err, fs.ErrNotExist)
}

// missing says that the campaign file does not exist, and names one that does.
func missing(cmd *cobra.Command, name string) error {
	next := "mailshot init newsletter DIR"
	// A folder that cannot be read has no other name to offer.
	found, _ := disk.Names(filepath.Dir(name), func(name string) bool { return filepath.Ext(name) == ".yaml" })
	if len(found) > 0 {
		next = cmd.CommandPath() + " " + shell.Quote(found[0])
	}
	return usage(fmt.Errorf("there is no campaign file %s", name), next)
}

// findings shows what check found to a person, on standard error.
func (t *tool) findings(fs []check.Finding) {
	for _, f := range fs {
		t.finding(f)
	}
}

// finding shows one finding: place and text, the line with a caret, the hint.
func (t *tool) finding(f check.Finding) {
	text := f.String()
	if place := f.Place + ": "; t.screen.colour && f.Place != "" {
		if rest, ok := strings.CutPrefix(text, place); ok {
			text = t.screen.bold(place) + rest
		}
	}
	fmt.Fprintln(t.stderr, text)
}

// refuse turns the errors of a plan or check into what a person sees, with the exit code and the next command.
func (t *tool) refuse(err error, name string) error {
	check := "mailshot check " + shell.Quote(name)
	switch why := unplanned.Of(err); why.Kind {
	case unplanned.Unusable:
		return fmt.Errorf("%w; nothing was sent", err) // see finish
	case unplanned.Found:
		next := "fix it, then " + check
		if only(why.Report.Findings) {
			next = t.again()
		}
		t.shown(why.Report)
		if fs := why.Report.Findings; why.Report.Errors() == 1 && fs[0].Next != "" {
			next = fs[0].Next
		}
		return &exit{exitFindings, fmt.Errorf("%s; nothing was sent", human.Plural(int64(why.Report.Errors()), "error")), next}
	case unplanned.Interrupted:
		return &exit{exitWorkLeft, errors.New("interrupted; nothing was sent"), check}
	case unplanned.Declined:
		return &exit{exitWorkLeft, err, "mailshot status " + shell.Quote(name)}
	case unplanned.Misplaced:
		next, fs := "fix it, then "+check, why.Report.Findings
		var bad *statefile.Error
		switch {
		case errors.As(err, &bad):
			next = t.afterState(bad, name)
		case only(fs):
			next = t.again()
		}
		t.findings(fs)
		return &exit{exitFindings, fmt.Errorf("%s; nothing was sent", human.Plural(int64(len(fs)), "error")), next}
	}
	return &exit{exitFailed, fmt.Errorf("%w; nothing was sent", err), check}
}

// only gives the mistakes of --only their place, and reports whether there are any. A where of the campaign file has a
// line there.
func only(fs []check.Finding) (found bool) {
	for i := range fs {
		if fs[i].Place == "where" {
			fs[i].Place, found = "--only", true
		}
	}
	return found
}

// mostShown is how many findings a refusal prints; check prints all.
const mostShown = 20

// shown prints the findings of a report, as many as a screen takes: errors first, then warnings.
func (t *tool) shown(r *check.Report) {
	fs := slices.Clone(r.Findings)
	order := []check.Severity{check.Error, check.Warning, check.Note}
	slices.SortStableFunc(fs, func(a, b check.Finding) int {
		return slices.Index(order, a.Severity) - slices.Index(order, b.Severity)
	})
	n := min(len(fs), mostShown)
	t.findings(fs[:n])
	if rest := int64(len(fs)-n) + r.Dropped; rest > 0 {
		t.say("and %s more", human.Plural(rest, "finding"))
	}
	if line := r.LeftOut(); line != "" {
		t.say("%s", line)
	}
}

// stored is a campaign that has been sent before, for the commands that look at it or change it.
type stored struct {
	*history.Campaign
	def   *definition.Definition
	file  string // the campaign file, as named
	named bool   // the campaign file alone may not lead to it
}

// stored finds the campaign in its ledger. An id of "" is the definition's own, see identity.Family.Last. The caller
// closes it.
func (t *tool) stored(cmd *cobra.Command, args []string, id string) (*stored, error) {
	d, err := t.load(cmd, args)
	if err != nil {
		return nil, err
	}
	s := &stored{def: d, file: d.Path, named: id != ""}
	if id == "" {
		f, err := t.family(cmd, d, nil, false)
		if err != nil {
			return nil, err
		}
		id = f.Last()
		t.which(f, id)
		s.named = f.Earlier(id)
	}
	s.Campaign, err = history.Open(cmd.Context(), t.stateFile(d), id)
	if unsent := (*history.NotSentError)(nil); errors.As(err, &unsent) {
		return nil, notSent(cmd, unsent, d.Path)
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}

// options are the options that all commands give to a campaign. An id of "" is the file's own.
func (t *tool) options(d *definition.Definition, id string) campaign.Options {
	return campaign.Options{Definition: d, ID: id, State: t.state, Accounts: t.accounts, Stdin: t.stdin}
}

// stateFile is the ledger of a campaign file.
func (t *tool) stateFile(d *definition.Definition) string {
	if t.state != "" {
		return t.state
	}
	return campaign.DefaultState(d)
}

// notSent says that the ledger does not know the campaign. The next command is about the last campaign that it knows.
func notSent(cmd *cobra.Command, err *history.NotSentError, file string) error {
	next := "mailshot send " + shell.Quote(file)
	if n := len(err.Others); n > 0 {
		next = fmt.Sprintf("%s --id %s %s", cmd.CommandPath(), shell.Quote(err.Others[n-1]), shell.Quote(file))
	}
	return &exit{exitFailed, err, next}
}

// again names the campaign in the next command: flags and file.
func (s *stored) again(t *tool) string {
	words := t.flags()
	if s.named {
		words = append(words, "--id "+shell.Quote(s.ID))
	}
	return strings.Join(append(words, shell.Quote(s.file)), " ")
}
