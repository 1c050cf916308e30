package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mailshot/campaign/report"
	"mailshot/campaign/statefile"
	"mailshot/cmd/mailshot/guide"
	"mailshot/cmd/mailshot/typeahead"
	"mailshot/internal/shell"
	"mailshot/internal/suggest"
)

// How the tool talks. These rules hold for every command:
//
//   - Standard output is for data: tables, JSON, messages, names of files. A command without data prints nothing there.
//   - Standard error is for talk, through say: each line begins with "mailshot:", has a small first letter and no full
//     stop. It says what was done, or what is wrong, and names things as the campaign file and the ledger name them.
//   - A mistake in a file is a finding: place, text, the line with a caret, a hint. All findings are shown at once, as
//     compilers do, without the program's name.
//   - A refusal says what has not happened ("nothing was sent"). Its last line is the next command to type, whole, as a
//     shell takes it: "next: mailshot ...".
//   - A question is asked only where a person can answer it, on standard error, before anything that cannot be undone.
//     It asks for the number of messages, or for yes. Any other answer is a no, and --yes answers it beforehand. Where
//     nobody can answer, the refusal comes before the work.
//   - Colour, the progress bar, and what is cut or wrapped to the width of the screen are for terminals. Elsewhere
//     progress is a line every few seconds, and only when there is news.
//   - Text from outside (lists, servers, files) passes through report.Clean, so that it cannot steer a terminal.
//   - The exit code tells scripts the outcome, and --json the details. Neither depends on a terminal.

// Exit codes that the commands give themselves; those of a run come from campaign.Summary. README.md lists them all.
const (
	exitFailed   = 1
	exitUsage    = 2
	exitFindings = 3
	exitNotSent  = 4  // nothing is left, and not all was sent
	exitUnknown  = 5  // refused, for a person has to decide what became of messages
	exitWorkLeft = 75 // a person stopped it before the first message
)

// tool is one call of the program: its streams, and the flags that all commands share.
type tool struct {
	stdin    io.Reader
	stdout   io.Writer
	stderr   io.Writer
	screen   screen // standard error as a person sees it
	state    string // --state
	accounts string // --accounts
	unpipe   func() // gives SIGPIPE back; nil if it was not taken
	program  string // as it was called, for the commands that it names
	given    string // flags that the commands named next have again, see loadGiven
	line     string // the words behind the program's name, as a shell takes them
	asked    bool   // a question was not answered as it asks

	zone *time.Location // of the times that it says: the schedule's; nil = the machine's
}

// run is the whole program, under the name by which a shell finds it; it returns the exit code.
func run(ctx context.Context, program string, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	t := &tool{stdin: stdin, stdout: stdout, stderr: stderr, screen: newScreen(stderr), program: program}
	root := t.root()
	root.SetArgs(args)
	t.line = quoted(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	cmd, err := root.ExecuteContextC(ctx)
	code := t.finish(cmd, err)
	if t.asked {
		typeahead.Drop(t.stdin) // a long paste comes in pieces
	}
	if t.unpipe != nil {
		t.unpipe()
	}
	return code
}

func (t *tool) root() *cobra.Command {
	root := &cobra.Command{
		Version: version(),
		Use:     "mailshot",
		Short:   "Run mail campaigns: never twice, never the wrong thing, never past the cap",
		Long: `mailshot sends one message to each row of a list, through your mail server and within its caps.

A campaign is a file (campaign.yaml) that names a list, templates, attachments and a server.
Start with these commands:

  mailshot init newsletter DIR     write a starter campaign
  mailshot check DIR               read, render and check everything; nothing is sent
  mailshot send --to-sink DIR      a rehearsal against a built-in server on this machine
  mailshot send DIR                the real thing; run it again to continue`,
		Args:          cobra.ArbitraryArgs,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownCommand(cmd, args[0])
			}
			return cmd.Help()
		},
	}
	root.SuggestionsMinimumDistance = 2
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		if rest := cmd.Flags().Args(); !cmd.HasParent() && len(rest) > 0 {
			return unknownCommand(cmd, rest[0])
		}
		return usage(idFault(err), cmd.CommandPath()+" --help")
	})
	root.PersistentFlags().StringVar(&t.state, "state", "",
		"the ledger's `FILE` (default MAILSHOT_STATE, else .mailshot/state.db beside the campaign)")
	root.PersistentFlags().StringVar(&t.accounts, "accounts", "",
		"the `FILE` with the caps used and the suppression list (default MAILSHOT_ACCOUNTS, "+
			"else mailshot/accounts.db in the user's state folder)")

	for _, g := range t.groups() {
		root.AddGroup(&cobra.Group{ID: g.title, Title: g.title})
		for _, c := range g.commands {
			c.GroupID = g.title
			root.AddCommand(c)
		}
	}
	root.SetCompletionCommandGroupID(lastGroup)
	root.SetHelpCommandGroupID(lastGroup)
	guide.Examples(root)
	guide.Complete(root, typed())
	return root
}

// group is a part of the commands, with a title in the help.
type group struct {
	title    string
	commands []*cobra.Command
}

// lastGroup has what cobra adds, too.
const lastGroup = "Tools:"

// groups are all commands, in the order of the help.
func (t *tool) groups() []group {
	return []group{
		{"Before:", []*cobra.Command{t.uiCommand(), t.initCommand(), t.inspectCommand(), t.checkCommand(), t.previewCommand(),
			t.estimateCommand()}},
		{"Sending:", []*cobra.Command{t.sendCommand(), t.oneCommand(), t.loginCommand()}},
		{"After:", []*cobra.Command{t.statusCommand(), t.reportCommand(), t.retryCommand(), t.resolveCommand(),
			t.cancelCommand(), t.collectCommand(), t.followUpCommand()}},
		{"Suppression list:", []*cobra.Command{t.suppressCommand(), t.unsubscribeCommand(), t.whyCommand(),
			t.forgetCommand()}},
		{"The ledger:", []*cobra.Command{t.stateCommand(), t.purgeCommand()}},
		{lastGroup, []*cobra.Command{t.probeCommand(), t.sinkCommand(), t.providersCommand(), t.functionsCommand(),
			t.explainCommand(), t.schemaCommand(), t.manCommand(), t.versionCommand()}},
	}
}

// flags are the flags that all commands share, as a person would type them.
func (t *tool) flags() []string {
	var words []string
	if t.state != "" {
		words = append(words, "--state "+shell.Quote(t.state))
	}
	if t.accounts != "" {
		words = append(words, "--accounts "+shell.Quote(t.accounts))
	}
	return words
}

// exit is an error that decides the exit code. next is the command to type now; err is nil if all has been said.
type exit struct {
	code int
	err  error
	next string
}

func (e *exit) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

func (e *exit) Unwrap() error { return e.err }

// usage is a mistake on the command line.
func usage(err error, next string) error { return &exit{exitUsage, err, next} }

func unknownCommand(root *cobra.Command, name string) error {
	next := "mailshot --help"
	meant := suggest.Nearest(root.SuggestionsFor(name), func(word string) (int, int) {
		return suggest.Distance(name, word, len(name)+len(word)), len(name) + len(word)
	})
	if meant != "" {
		next = "mailshot " + meant
	}
	return usage(fmt.Errorf("there is no command %q", name), next)
}

// finish says what went wrong and what to type next, and gives the exit code.
func (t *tool) finish(cmd *cobra.Command, err error) int {
	if err == nil {
		return 0
	}
	e := &exit{code: exitFailed, err: err, next: cmd.CommandPath() + " --help"}
	var bad *statefile.Error
	if errors.As(err, &bad) && bad.Option != "" {
		e.next = elsewhere(cmd, bad.Option)
	} else if !errors.As(err, &e) && bad != nil {
		e.next = t.afterState(bad, path(cmd.Flags().Args()))
	}
	if e.err != nil {
		t.say("%s", report.CleanLines(e.err.Error()))
	}
	if e.next != "" {
		t.hint(e.next)
	}
	return e.code
}

// elsewhere is the command with an option that names another file.
func elsewhere(cmd *cobra.Command, option string) string {
	return cmd.CommandPath() + " " + option + " FILE " + quoted(cmd.Flags().Args())
}

// quoted are words of a command line, as a shell takes them.
func quoted(words []string) string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = shell.Quote(w)
	}
	return strings.Join(out, " ")
}

// again is the command as it was typed, for a mistake in it.
func (t *tool) again() string { return "fix it, then mailshot " + t.line }

// afterState is the command to type after a ledger or another database that cannot be used.
func (t *tool) afterState(bad *statefile.Error, name string) string {
	if bad.Newer {
		return "update mailshot, then mailshot " + t.line
	}
	return strings.Join(append(append([]string{"mailshot state check"}, t.flags()...), shell.Quote(name)), " ")
}

// say talks to the person: lines on standard error, each beginning with the program's name.
func (t *tool) say(format string, args ...any) {
	for line := range strings.Lines(fmt.Sprintf(format, args...)) {
		fmt.Fprintf(t.stderr, "%s %s\n", t.screen.dim("mailshot:"), strings.TrimRight(line, "\n"))
	}
}

// hint names the command to type next.
func (t *tool) hint(next string) { t.say("next: %s", t.screen.bold(report.Clean(t.typed(next)))) }

// command finds where a command begins in what is said to be typed: "fix it, then mailshot check c.yaml".
var command = regexp.MustCompile(`(^|, then |, or )mailshot ([a-z-])`)

// typed is a command under the name by which the program was called.
func (t *tool) typed(next string) string {
	return command.ReplaceAllStringFunc(t.withGiven(next), func(m string) string {
		return strings.Replace(m, "mailshot ", t.program+" ", 1)
	})
}

// now is the present moment in the zone of the times that the program says.
func (t *tool) now() time.Time {
	if t.zone == nil {
		return time.Now()
	}
	return time.Now().In(t.zone)
}

// args wraps a check of the number of arguments so that a mistake shows how the command is used.
func args(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return usage(fmt.Errorf("%s: %w", cmd.CommandPath(), err), cmd.UseLine())
		}
		return nil
	}
}
