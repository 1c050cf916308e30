package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"mailshot/campaign/check/codes"
)

func (t *tool) explainCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "explain [CODE]",
		Short: "What a finding of check means, why it matters and what to do",
		Long: `explain says what a code of check, plan and send means, what happens if nobody mends it, what to
do, and where the rule comes from. Without a code it lists all of them. The texts of findings
do not show their codes: check --json has them.`,
		Example: `  mailshot explain
  mailshot explain key-conflict`,
		Args: args(cobra.MaximumNArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				if asJSON {
					return writeJSON(t.stdout, codes.All())
				}
				return codes.WriteList(t.stdout)
			}
			c, ok := codes.Of(args[0])
			if !ok {
				next := "mailshot explain"
				if near := codes.Nearest(args[0]); near != "" {
					next += " " + near
				}
				return usage(fmt.Errorf("there is no code %q", args[0]), next)
			}
			if asJSON {
				return writeJSON(t.stdout, c)
			}
			return c.Write(t.stdout)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print as JSON")
	return cmd
}
