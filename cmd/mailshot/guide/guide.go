// Package guide completes what a person types at a shell, and holds the examples of commands that need few.
//
// The words of a command's use line and of its flags say what is completed: CAMPAIGN is a campaign file, FILE and PATH
// are files, and a word with known values ([Values]) is one of them. Anything else (an address, a number, an
// expression) is the person's own, and no file is offered for it.
package guide

import (
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Values are the values that can be typed for the words of use lines, and for flags by their names ("--hidden"). The
// name of one command's flag comes after the command's ("probe --tls").
type Values map[string][]string

// Complete gives the commands below root their completions.
func Complete(root *cobra.Command, known Values) {
	walk(root, func(cmd *cobra.Command) {
		if len(cmd.ValidArgs) == 0 && cmd.ValidArgsFunction == nil {
			words := argument.FindAllString(parameter.ReplaceAllString(cmd.Use, ""), -1)
			cmd.ValidArgsFunction = func(_ *cobra.Command, given []string, typed string) ([]string, cobra.ShellCompDirective) {
				if len(words) == 0 {
					return nil, cobra.ShellCompDirectiveNoFileComp
				}
				return known.of(words[min(len(given), len(words)-1)], typed)
			}
		}
		cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if f.Value.Type() == "bool" {
				return
			}
			word, _ := pflag.UnquoteUsage(f)
			for _, name := range []string{"--" + f.Name, strings.TrimPrefix(cmd.CommandPath(), root.Name()+" ") + " --" + f.Name} {
				if known[name] != nil {
					word = name
				}
			}
			// It fails only for a flag that has completions already.
			_ = cmd.RegisterFlagCompletionFunc(f.Name,
				func(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
					return known.of(word, typed)
				})
		})
	})
}

// argument is a word of a use line that stands for what a person types, and parameter is one of a flag.
var (
	argument  = regexp.MustCompile(`[A-Z]+(?:\|[@A-Z.*-]+)*`)
	parameter = regexp.MustCompile(`--[a-z-]+ [A-Z]+`)
)

// of returns what may stand for a word. Several values may be given with commas between them.
func (v Values) of(word, typed string) ([]string, cobra.ShellCompDirective) {
	alternatives := strings.Split(word, "|")
	if slices.Contains(alternatives, "CAMPAIGN") {
		return []string{"yaml", "yml"}, cobra.ShellCompDirectiveFilterFileExt
	}
	var all []string
	for _, w := range alternatives {
		if w == "FILE" || w == "PATH" {
			return nil, cobra.ShellCompDirectiveDefault
		}
		all = append(all, v[w]...)
	}
	before := ""
	if at := strings.LastIndexByte(typed, ','); at >= 0 {
		before = typed[:at+1]
	}
	var found []string
	for _, value := range all {
		if strings.HasPrefix(before+value, typed) {
			found = append(found, before+value)
		}
	}
	return found, cobra.ShellCompDirectiveNoFileComp
}

// walk calls do for a command and all below it.
func walk(cmd *cobra.Command, do func(*cobra.Command)) {
	do(cmd)
	for _, c := range cmd.Commands() {
		walk(c, do)
	}
}

// examples are those of commands that do not have their own beside their flags, by their paths below the program's.
var examples = map[string]string{
	"init": `  mailshot init newsletter hello
  mailshot init invoices`,
	"estimate": `  mailshot estimate campaign.yaml
  mailshot estimate --only 'city == "Oslo"' --json campaign.yaml`,
	"login": `  mailshot login campaign.yaml
  mailshot login --headless campaign.yaml    on a machine without a browser
  mailshot login --logout campaign.yaml`,
	"status": `  mailshot status campaign.yaml
  mailshot status --json campaign.yaml`,
	"cancel": `  mailshot cancel campaign.yaml`,
	"forget": `  mailshot forget ann@example.com campaign.yaml
  mailshot forget --copies --yes ann@example.com campaign.yaml`,
	"suppress": `  mailshot suppress add ann@example.com @example.net
  mailshot suppress import unsubscribed.csv
  mailshot suppress list`,
	"suppress add": `  mailshot suppress add ann@example.com
  mailshot suppress add --reason 'asked by telephone' --from example.org '@*.example.net'`,
	"suppress remove": `  mailshot suppress remove ann@example.com`,
	"suppress list":   `  mailshot suppress list --json`,
	"suppress import": `  mailshot suppress import unsubscribed.csv
  mailshot suppress import - < unsubscribed.txt`,
	"unsubscribe": `  mailshot unsubscribe serve --base-url https://www.acme.example/u --trust-proxy 127.0.0.1
  mailshot unsubscribe page --out leave.html campaign.yaml`,
	"state": `  mailshot state check campaign.yaml
  mailshot state repair --report campaign.yaml`,
	"state check": `  mailshot state check campaign.yaml`,
	"state repair": `  mailshot state repair --report campaign.yaml    what it would do
  mailshot state repair campaign.yaml`,
	"functions": `  mailshot functions
  mailshot functions --json`,
	"version": `  mailshot version`,
}

// Examples gives each command below root that has none its examples.
func Examples(root *cobra.Command) {
	for _, top := range root.Commands() {
		walk(top, func(cmd *cobra.Command) {
			if cmd.Example == "" {
				cmd.Example = examples[strings.TrimPrefix(cmd.CommandPath(), root.Name()+" ")]
			}
		})
	}
}
