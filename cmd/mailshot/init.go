package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"mailshot/cmd/mailshot/starter"
	"mailshot/internal/shell"
	"mailshot/templates"
)

func (t *tool) initCommand() *cobra.Command {
	kinds := templates.Starters()
	var language string
	cmd := &cobra.Command{
		Use:   "init [" + strings.Join(kinds, "|") + "] [DIR]",
		Short: "Write a starter campaign",
		Long: `init writes a commented campaign file, a list and templates into DIR (default: a folder named like the
kind). It never overwrites a file. --language writes it in another language: ` +
			strings.Join(templates.StarterLanguages(), ", ") + `.
`,
		ValidArgs: kinds,
		Args:      args(cobra.MaximumNArgs(2)),
		RunE: func(cmd *cobra.Command, args []string) error {
			kind := "newsletter"
			if len(args) > 0 {
				kind = args[0]
			}
			if !slices.Contains(kinds, kind) {
				return usage(fmt.Errorf("there is no starter %q, only %s", kind, strings.Join(kinds, ", ")),
					"mailshot init newsletter "+shell.Quote(kind))
			}
			dir := kind
			if len(args) > 1 {
				dir = args[1]
			}
			return t.init(kind, language, dir)
		},
	}
	cmd.Flags().StringVar(&language, "language", "en", "the `LANGUAGE` of the texts: "+
		strings.Join(templates.StarterLanguages(), ", "))
	return cmd
}

func (t *tool) init(kind, language, dir string) error {
	if all := templates.StarterLanguages(); !slices.Contains(all, language) {
		return usage(fmt.Errorf("there is no starter in %q, only in %s", language, strings.Join(all, ", ")),
			"mailshot init "+kind+" --language "+all[len(all)-1])
	}
	written, err := starter.Write(dir, kind, language)
	if there := (*starter.ExistsError)(nil); errors.As(err, &there) {
		return usage(there, fmt.Sprintf("mailshot init %s ANOTHER-DIR", kind))
	}
	if err != nil {
		return err
	}
	for _, name := range written {
		if _, err := fmt.Fprintln(t.stdout, name); err != nil {
			return err
		}
	}
	t.hint("mailshot check " + shell.Quote(dir))
	return nil
}
