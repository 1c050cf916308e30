// Package made makes files by running programs: a [Command] runs the author's own program, and a browser prints a
// [Page]. Both first say what a file is made from (Recipe), so that the caller can check whether it already has the
// file. If not, Run makes it.
//
// A program runs without a shell, with an empty standard input, in the campaign's folder, and sees none of the
// variables that hold secrets. It has a folder of its own for its work. Its time and the number of its bytes are
// limited. If it goes beyond a limit, it is killed with all the processes that it has started.
//
// A cell of the list is text within one argument. It never begins an option, and it has no control characters.
package made

import (
	"context"
	"fmt"
	"runtime"
	"strings"

	"mailshot/internal/ellipsis"
	"mailshot/render"
	"mailshot/render/naming"
	"mailshot/templates"
	"mailshot/templates/source"
)

// Argument is an argument of a program.
type Argument struct {
	Text *templates.Text // compiled with Mark
	Mark source.Mark
}

// Command is a program that writes a file to its standard output. It is safe for concurrent use.
type Command struct {
	Program string // a name to be found in PATH; with a slash in it, a path that is absolute or below Limits.Dir
	Args    []Argument
	Limits
}

// Recipe returns the command line for a row.
func (c *Command) Recipe(to render.Recipient) ([]string, error) {
	line := []string{c.Program}
	for i, a := range c.Args {
		var o templates.Output
		if err := a.Text.Append(&o, to.Data); err != nil {
			return nil, err
		}
		arg, err := fit(i+1, a.Mark.Split(o.Text))
		if err != nil {
			return nil, err
		}
		line = append(line, arg)
	}
	return line, nil
}

// optionHint says what to do about a cell at a place where a program reads options.
const optionHint = "write something before the cell: ./{{.file}} or --name={{.name}}"

// fit joins the pieces of an argument, unless a cell would act as more than text in it.
func fit(number int, pieces []source.Piece) (string, error) {
	arg, own := "", ""
	fault := func(code, hint, format string, args ...any) error {
		return &render.Fault{Code: code, Hint: hint, Text: fmt.Sprintf("make: argument %d: ", number) + fmt.Sprintf(format, args...)}
	}
	for _, p := range pieces {
		if p.Cell {
			if bad := naming.Check(p.Text); bad != "" {
				return "", fault("control-character", "", "%s", bad)
			}
			if p.Text != "" && strings.Trim(own, "-") == "" && own == arg && starts(arg+p.Text) {
				return "", fault("unfit-argument", optionHint,
					"the cell %s would begin an option", ellipsis.Quote(p.Text, 61))
			}
		} else {
			own += p.Text
		}
		arg += p.Text
	}
	if strings.ContainsRune(arg, 0) {
		return "", fault("control-character", "", "it has a NUL")
	}
	return arg, nil
}

// starts says whether a program may read an argument as an option.
func starts(arg string) bool {
	return strings.HasPrefix(arg, "-") || runtime.GOOS == "windows" && strings.HasPrefix(arg, "/")
}

// Run runs a command line that Recipe has made, and returns the file. The error is a *render.Fault or the error of ctx.
func (c *Command) Run(ctx context.Context, line []string) ([]byte, error) {
	path, err := find("make", line[0], c.Dir, "install it, or write its path: ./"+line[0]+" is in the campaign's folder")
	if err != nil {
		return nil, err
	}
	work, done, err := c.working()
	if err != nil {
		return nil, err
	}
	defer done()
	r := running{Limits: c.Limits, what: "make", name: ellipsis.Cut(line[0], 60), path: path, args: line[1:], work: work}
	b, said, err := r.run(ctx)
	if err == nil && len(b) == 0 {
		return nil, &render.Fault{Code: "empty-file", Text: "make: " + r.name + " wrote nothing to its standard output" + said.String(),
			Hint: `the file is what it writes there; for many programs the argument "-" asks for that`}
	}
	return b, err
}
