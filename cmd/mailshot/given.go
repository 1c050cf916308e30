package main

import (
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"mailshot/campaign/definition"
	"mailshot/internal/shell"
)

// This file has the flags that stand beside the campaign file: they change what is planned, so the commands that make
// messages have all of them, and each command that is named next has them again.

// givenFlags adds those flags to a command that makes messages.
func givenFlags(cmd *cobra.Command, into *definition.Flags) {
	cmd.Flags().StringArrayVar(&into.Set, "set", nil,
		"a value for all rows, as a column that the list does not have (`NAME=VALUE`; may be repeated)")
	cmd.Flags().StringArrayVar(&into.Recipients, "recipients", nil,
		"these people in place of the campaign's list (`ADDRESSES` with commas between them, with names if you like; "+
			"columns email and name)")
}

// loadGiven is load with those flags. From here on they are part of the commands that are named next.
func (t *tool) loadGiven(cmd *cobra.Command, args []string, given definition.Flags) (*definition.Definition, error) {
	t.given = givenWords(given)
	given.Stdin = t.stdin
	return t.loadWith(cmd, args, given)
}

// givenWords are the flags as a person types them, with a blank after each.
func givenWords(given definition.Flags) string {
	var b strings.Builder
	for _, people := range given.Recipients {
		b.WriteString("--recipients " + shell.Quote(people) + " ")
	}
	for _, set := range given.Set {
		b.WriteString("--set " + shell.Quote(set) + " ")
	}
	return b.String()
}

// making finds a command that makes messages in what is said to be typed, up to where its flags are.
var making = regexp.MustCompile(`((?:^|, then |, or )mailshot (?:send|check|preview|estimate) )`)

// withGiven is a command that is named next with the flags that were given.
func (t *tool) withGiven(next string) string {
	if t.given == "" || strings.HasSuffix(next, " --help") {
		return next
	}
	return making.ReplaceAllStringFunc(next, func(command string) string { return command + t.given })
}
