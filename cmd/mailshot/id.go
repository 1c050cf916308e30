package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"mailshot/campaign/definition"
)

// idFlag adds the flag --id to a command. An id is held to the rule of the campaign file before the command does
// anything; with rehearsals set it may name one of those. An empty id is refused too: a script's variable that is not
// set would mean the file's campaign.
func idFlag(cmd *cobra.Command, into *string, rehearsals bool, usage string) {
	cmd.Flags().Var(&idValue{into, rehearsals}, "id", usage)
}

// idValue is the value of --id.
type idValue struct {
	into       *string
	rehearsals bool
}

func (v *idValue) String() string {
	if v.into == nil {
		return "" // help asks a zero value
	}
	return *v.into
}

func (v *idValue) Type() string { return "string" }

func (v *idValue) Set(id string) error {
	if err := definition.CheckID(id, v.rehearsals); err != nil {
		return err
	}
	*v.into = id
	return nil
}

// idFault is the error of a flag, without the parser's words where the flag is --id.
func idFault(err error) error {
	if wrong := (*definition.IDError)(nil); errors.As(err, &wrong) {
		return fmt.Errorf("--id: %w; nothing was done", wrong)
	}
	return err
}
