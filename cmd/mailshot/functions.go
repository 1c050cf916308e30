package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"mailshot/templates"
)

func (t *tool) functionsCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "functions",
		Short: "What templates can call",
		Args:  args(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			fs := templates.Functions()
			if asJSON {
				list := []function{}
				for _, f := range fs {
					list = append(list, function(f))
				}
				return writeJSON(t.stdout, list)
			}
			for i, f := range fs {
				if i > 0 {
					fmt.Fprintln(t.stdout)
				}
				fmt.Fprintf(t.stdout, "%s\n    %s\n", newScreen(t.stdout).bold(f.Usage), f.Doc)
				if f.Example != "" {
					fmt.Fprintf(t.stdout, "    %s  gives  %s\n", f.Example, f.Result)
				}
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print as JSON")
	return cmd
}

// function is a template function in JSON.
type function struct {
	Name    string `json:"name"`
	Usage   string `json:"usage"`
	Doc     string `json:"doc"`
	Example string `json:"example,omitempty"`
	Result  string `json:"result,omitempty"`
}
