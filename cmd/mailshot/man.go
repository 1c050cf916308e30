package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"mailshot/cmd/mailshot/manual"
	"mailshot/internal/shell"
)

func (t *tool) manCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "man FOLDER",
		Short: "Write the manual pages into a folder",
		Long: `man writes a manual page for each command into a folder, in section 1. Copy them to where your system
looks for such pages, as ~/.local/share/man/man1.`,
		Example: `  mailshot man ~/.local/share/man/man1`,
		Args:    args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := manual.Write(cmd.Root(), args[0], version(), built()); err != nil {
				return fmt.Errorf("write the manual pages: %w", err)
			}
			t.say("the manual pages are in %s", args[0])
			t.hint("man " + shell.Quote(args[0]+"/mailshot.1"))
			return nil
		},
	}
}
