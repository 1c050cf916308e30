package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"mailshot/campaign/definition"
	"mailshot/cmd/mailshot/outputs"
)

func (t *tool) schemaCommand() *cobra.Command {
	names := []string{"campaign"}
	var about strings.Builder
	for _, n := range outputs.Names() {
		names = append(names, n.Name)
		fmt.Fprintf(&about, "  %-10s %s\n", n.Name, n.Title)
	}
	return &cobra.Command{
		Use:   "schema [NAME]",
		Short: "The JSON Schema of a campaign file, for editors, and of what --json prints",
		Long: `schema prints the JSON Schema of a campaign file. An editor that knows it completes keys, shows what they
mean, and marks those that are not there. It knows less than mailshot check does.

Write it beside the campaign file, and name it in the first line of that file, as mailshot init does:
  # yaml-language-server: $schema=campaign.schema.json

With a NAME it prints the schema of what a command prints:
` + about.String(),
		Example: `  mailshot schema > campaign.schema.json
  mailshot schema check`,
		ValidArgs: names,
		Args:      args(cobra.MaximumNArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 || args[0] == names[0] {
				return writeJSON(t.stdout, definition.JSONSchema())
			}
			schema, ok := outputs.Schema(args[0])
			if !ok {
				return usage(fmt.Errorf("there is no schema %q, only %s", args[0], strings.Join(names, ", ")), "mailshot schema")
			}
			_, err := t.stdout.Write(schema)
			return err
		},
	}
}
