package main

import (
	"io"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// Every command's help has examples, and each of them is a command of this program with flags that it has.
//
// Proven by leaving `cancel` out of the guide's table, and by writing --headles for --headless.
func TestExamples(t *testing.T) {
	t.Parallel()
	newRoot := func() *cobra.Command {
		tool := &tool{stdin: strings.NewReader(""), stdout: io.Discard, stderr: io.Discard, screen: newScreen(io.Discard)}
		return tool.root()
	}
	var check func(*cobra.Command)
	check = func(cmd *cobra.Command) {
		for _, c := range cmd.Commands() {
			check(c)
		}
		if cmd.Example == "" && cmd.HasParent() {
			t.Errorf("%s has no example", cmd.CommandPath())
		}
		for line := range strings.Lines(cmd.Example) {
			line = strings.TrimSpace(line)
			line, _, _ = strings.Cut(line, "    ") // what it does
			line, _, _ = strings.Cut(line, " < ")
			line, _, _ = strings.Cut(line, " > ")
			words, ok := strings.CutPrefix(line, "mailshot ")
			if !ok {
				if !strings.HasSuffix(line, ".sql") && !strings.Contains(line, "mailshot") {
					t.Errorf("%s: the example %q is not a command of the program", cmd.CommandPath(), line)
				}
				continue
			}
			found, rest, err := newRoot().Find(split(words))
			if err == nil {
				err = found.ParseFlags(rest)
			}
			if err == nil {
				err = found.ValidateArgs(found.Flags().Args())
			}
			if err != nil {
				t.Errorf("%s: the example %q: %v", cmd.CommandPath(), line, err)
			}
		}
	}
	check(newRoot())
}

// split cuts a line into words as a shell does, where only single quotes are used.
func split(line string) (words []string) {
	for i, part := range strings.Split(line, "'") {
		if i%2 == 1 {
			words = append(words, part)
			continue
		}
		words = append(words, strings.Fields(part)...)
	}
	return words
}
