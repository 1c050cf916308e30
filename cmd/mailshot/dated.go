package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mailshot/campaign/accounts"
	"mailshot/campaign/definition"
	"mailshot/campaign/identity"
	"mailshot/cmd/mailshot/human"
	"mailshot/internal/shell"
)

// An id with a date in it names a campaign for each day; identity.Family says which of them a command is about. This
// file has the words for it.

// newDay adds the flag --new to a command.
func newDay(cmd *cobra.Command, into *bool) {
	cmd.Flags().BoolVar(into, "new", false,
		"with {{date}} in the id: today's campaign, even if one of an earlier day is not finished")
}

// mayBeNew refuses --new where it means nothing.
func mayBeNew(cmd *cobra.Command, d *definition.Definition, id string, isNew bool) error {
	switch {
	case !isNew:
		return nil
	case id != "":
		return usage(errors.New("--new begins today's campaign and --id names one; choose one"),
			cmd.CommandPath()+" --new "+shell.Quote(d.Path))
	case d.IDTemplate() == "":
		return usage(fmt.Errorf("--new is for an id with {{date}}, and %s has id: %s (--id names another campaign)",
			d.Name, d.ID), cmd.CommandPath()+" --id "+shell.Quote(d.ID+"-2")+" "+shell.Quote(d.Path))
	}
	return nil
}

// family finds the campaigns of a campaign file, for commands that open none.
func (t *tool) family(cmd *cobra.Command, d *definition.Definition, a *accounts.Accounts,
	isNew bool) (*identity.Family, error) {
	return identity.Find(cmd.Context(), identity.Config{
		Definition: d, State: t.stateFile(d), Accounts: a, Now: time.Now(), New: isNew,
	})
}

// which says which campaign a command took that was given no --id, where that is not today's, and which others are not
// finished.
func (t *tool) which(f *identity.Family, id string) {
	if f.Earlier(id) {
		t.say("this is about campaign %s, the latest of %s (--id names another)", id, f.Template)
	}
	for _, m := range f.Unfinished(id) {
		t.say("not finished either: %s", m.Words())
	}
}

// undecided refuses a send because a person has to decide first about campaigns of earlier days.
func (t *tool) undecided(e *identity.UnfinishedError, f sendFlags, file string) error {
	code, next := exitFindings, ""
	lines := []string{e.Error() + "; nothing was sent"}
	f.fresh = false
	for _, m := range e.Open {
		f.id = m.ID
		named := f.look(t, m.ID, file)
		if m.Unknown > 0 {
			lines = append(lines, fmt.Sprintf("mailshot resolve %s  decides about %s", named,
				human.Plural(m.Unknown, "unknown message")))
			next = "mailshot resolve " + named
		}
		if m.Left > 0 {
			lines = append(lines,
				fmt.Sprintf("%s  sends its %s: people may have got a later campaign since", f.again(t, file),
					human.Plural(m.Left, "message")),
				fmt.Sprintf("mailshot cancel %s  takes them out", named))
			next = "mailshot cancel " + named
		} else {
			lines = append(lines, fmt.Sprintf("%s  says how that one stands; there is nothing for mailshot cancel to take out",
				f.again(t, file)))
		}
	}
	f.id, f.fresh = "", true
	lines = append(lines, fmt.Sprintf("%s  begins %s and leaves them as they are", f.again(t, file), e.Today))
	if e.Unknown() {
		code = exitUnknown
	}
	for i, line := range lines {
		lines[i] = t.typed(line)
	}
	return &exit{code, errors.New(strings.Join(lines, "\n")), next}
}

// changedEarlier says what can be done about a campaign of an earlier day whose inputs changed; "" if it is today's, or
// if it was named.
func (t *tool) changedEarlier(c *identity.Family, f sendFlags, id, file string) string {
	if c == nil || !c.Earlier(id) {
		return ""
	}
	var left string
	for _, m := range c.Begun {
		if m.ID == id {
			left = m.Words()
		}
	}
	lines := []string{"", left + " comes before a new day's campaign"}
	line := func(command, does string) { lines = append(lines, t.typed(command)+"  "+does) }
	f.id = id
	line("mailshot cancel "+f.look(t, id, file), "takes out what is left of it")
	line(f.again(t, file), "continues it once the inputs are as they were")
	f.acceptAll = true
	line(f.again(t, file), "continues it with the inputs of now")
	f.acceptAll, f.id, f.fresh = false, "", true
	line(f.again(t, file), "begins "+c.Today+" and leaves it as it is")
	return strings.Join(lines, "\n")
}
