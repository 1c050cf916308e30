package guide

import (
	"slices"
	"testing"

	"github.com/spf13/cobra"
)

// The words of a use line say what is completed, also behind a flag with a word of its own.
func TestComplete(t *testing.T) {
	t.Parallel()
	root := &cobra.Command{Use: "mailshot"}
	run := func(*cobra.Command, []string) {}
	for _, use := range []string{"purge --older-than AGE [CAMPAIGN]", "retry CAMPAIGN [ADDRESS|@DOMAIN|KEY...]",
		"why ADDRESS [CAMPAIGN...]", "import FILE|-", "show [ID|HOST]", "version"} {
		root.AddCommand(&cobra.Command{Use: use, Run: run})
	}
	Complete(root, Values{"ID": {"one", "two"}, "HOST": {"three"}})
	for _, c := range []struct {
		command string
		given   []string
		typed   string
		want    []string
		how     cobra.ShellCompDirective
	}{
		{"purge", nil, "", []string{"yaml", "yml"}, cobra.ShellCompDirectiveFilterFileExt},
		{"retry", nil, "", []string{"yaml", "yml"}, cobra.ShellCompDirectiveFilterFileExt},
		{"retry", []string{"c.yaml"}, "a", nil, cobra.ShellCompDirectiveNoFileComp},
		{"retry", []string{"c.yaml", "ann"}, "", nil, cobra.ShellCompDirectiveNoFileComp},
		{"why", nil, "", nil, cobra.ShellCompDirectiveNoFileComp},
		{"why", []string{"ann", "c.yaml"}, "", []string{"yaml", "yml"}, cobra.ShellCompDirectiveFilterFileExt},
		{"import", nil, "", nil, cobra.ShellCompDirectiveDefault},
		{"show", nil, "t", []string{"two", "three"}, cobra.ShellCompDirectiveNoFileComp},
		{"show", nil, "one,t", []string{"one,two", "one,three"}, cobra.ShellCompDirectiveNoFileComp},
		{"version", nil, "", nil, cobra.ShellCompDirectiveNoFileComp},
	} {
		cmd, _, err := root.Find([]string{c.command})
		if err != nil {
			t.Fatal(err)
		}
		got, how := cmd.ValidArgsFunction(cmd, c.given, c.typed)
		if !slices.Equal(got, c.want) || how != c.how {
			t.Errorf("%s %q %q: %q, %d; want %q, %d", c.command, c.given, c.typed, got, how, c.want, c.how)
		}
	}
}
