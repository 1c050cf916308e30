package made

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"mailshot/render"
	"mailshot/templates"
	"mailshot/templates/source"
)

// command compiles a command line.
func command(t testing.TB, dir, program string, args ...string) *Command {
	t.Helper()
	c := &Command{Program: program, Limits: Limits{Dir: dir, Home: filepath.Join(dir, ".mailshot")}}
	for _, a := range args {
		mark := source.NewMark()
		line, err := templates.New(templates.Config{}).Line("make",
			templates.Source{File: "campaign.yaml", Line: 1, Column: 1, Text: a, Mark: mark})
		if err != nil {
			t.Fatal(err)
		}
		c.Args = append(c.Args, Argument{Text: line, Mark: mark})
	}
	return c
}

func row(cell string) render.Recipient {
	return render.Recipient{Data: templates.Data{Text: map[string]string{"c": cell}, Values: map[string]any{"c": cell}}}
}

// do makes the file of a row.
func do(t testing.TB, c *Command, cell string) (string, error) {
	line, err := c.Recipe(row(cell))
	if err != nil {
		return "", err
	}
	b, err := c.Run(t.Context(), line)
	return string(b), err
}

// said is the code and the text of a fault.
func said(err error) string {
	if fault := (*render.Fault)(nil); errors.As(err, &fault) {
		return fault.Code + ": " + fault.Text
	}
	return fmt.Sprint(err)
}

// shell writes a program.
func shell(t testing.TB, dir, script string) string {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("programs of this test are shell scripts")
	}
	if err := os.WriteFile(filepath.Join(dir, "make.sh"), []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return "./make.sh"
}

// Whatever a program does, there is a file or a fault that says what went wrong, with what the program said last.
func TestWhatProgramsDo(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, script, want string }{
		{"a file", `printf '%s' "$1"`, "x"},
		{"nothing", "exit 0", `empty-file: make: ./make.sh wrote nothing to its standard output`},
		{"nothing, and says why", "echo usage >&2",
			`empty-file: make: ./make.sh wrote nothing to its standard output: "usage"`},
		{"exit 1", "echo half; echo first >&2; echo 'error: no font' >&2; exit 1",
			`make-failed: make: ./make.sh ended with exit code 1: "first / error: no font"`},
		{"exit 1 with hostile words", "printf 'a\\033[2J\\342\\200\\256b\\n' >&2; exit 1",
			`make-failed: make: ./make.sh ended with exit code 1: "a\x1b[2J\u202eb"`},
		{"killed", "kill -9 $$", "make-failed: make: ./make.sh was killed (signal: killed)"},
		{"hangs", "echo waiting >&2; sleep 1000",
			`make-timeout: make: ./make.sh did not end within 10s, and was stopped: "waiting"`},
		{"leaves one that hangs", "sleep 1000 & echo x",
			"make-failed: make: ./make.sh left a program running that held its output open"},
		{"writes without end", "yes", "file-too-large: make: ./make.sh wrote more than 1000 bytes"},
		{"talks without end", "yes >&2", "make-timeout: "},
		{"reads", "cat; echo end", "end\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			made := command(t, dir, shell(t, dir, c.script), "{{.c}}")
			made.Timeout, made.Most = 10*time.Minute, 1000 // only what hangs takes its time
			if strings.HasPrefix(c.want, "make-timeout") {
				made.Timeout = 10 * time.Second // a slow machine has begun it by then
			}
			got, err := do(t, made, "x")
			if err != nil {
				got = said(err)
			}
			if got != c.want && (!strings.HasSuffix(c.want, ": ") || !strings.HasPrefix(got, c.want)) {
				t.Errorf("%s, want %s", got, c.want)
			}
			if left, err := os.ReadDir(filepath.Join(dir, ".mailshot", "tmp")); err == nil {
				t.Errorf("left behind: %v", left)
			}
		})
	}
	for name, want := range map[string]string{
		"no-such-program-here": `no-program: make: there is no program "no-such-program-here": executable file not found in $PATH`,
		"./gone.sh":            `no-program: make: there is no program "./gone.sh": no such file or directory`,
	} {
		if _, err := do(t, command(t, t.TempDir(), name), ""); runtime.GOOS != "windows" && said(err) != want {
			t.Errorf("%s, want %s", said(err), want)
		}
	}
}

// A program ends with the context, and with it what it has started.
func TestEndOfContext(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := command(t, dir, shell(t, dir, "sleep 1000"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Run(ctx, []string{c.Program}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// A program sees none of the variables in which secrets are, works in the campaign's folder, and has a folder of its
// own. Seen to fail with os.Environ as the environment.
func TestEnvironment(t *testing.T) {
	t.Parallel()
	all := []string{"PATH=/bin", "HOME=/home/ann", "LC_TIME=C", "SMTP_PASSWORD=x", "AWS_SECRET_ACCESS_KEY=x",
		"TMPDIR=/tmp",
		"LD_PRELOAD=x", "MAILSHOT_STATE=x", "SSH_AUTH_SOCK=x", "GIT_DIR=x"}
	want := []string{"PATH=/bin", "HOME=/home/ann", "LC_TIME=C", "TMPDIR=w", "TEMP=w", "TMP=w"}
	if got := environment(all, "w"); !slices.Equal(got, want) {
		t.Error(got)
	}
	dir := t.TempDir()
	got, err := do(t, command(t, dir, shell(t, dir, `pwd; echo "$TMPDIR"; touch "$TMPDIR/x"`)), "")
	lines := strings.Fields(got)
	if err != nil || len(lines) != 2 || !strings.HasPrefix(lines[1], filepath.Join(dir, ".mailshot", "tmp")) {
		t.Fatal(got, err)
	}
	if real, err := filepath.EvalSymlinks(dir); err != nil || lines[0] != real {
		t.Error(lines[0], err)
	}
}

// hostile are cells that try to be more than text. Those of the corpora are beside the project.
func hostile(t testing.TB) []string {
	cells := []string{
		"-o/etc/passwd", "--output=/etc/passwd", "-", "--", "-rf", "--exec=id", "$(id)", "`id`", "; id", "| id", "&& id", "> x",
		"< /etc/passwd", "a b", " -x", "\"", "'", `\`, `a\ b`, "*", "?", "~", "~root", "$HOME", "${IFS}id", "!!", "#", "%PATH%",
		"^", "(", "\n-x", "\r", "\x00", "a\x00-x", "\t-x", "\x1b[2J", "\u2028", "\xff", "\u202e-x", "=x", "@/etc/passwd", "",
		"−x", "–-x",
	}
	var more []string
	if b, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "corpora", "strings", "blns.json")); err == nil {
		if err := json.Unmarshal(b, &more); err != nil {
			t.Fatal(err)
		}
	}
	return append(cells, more...)
}

// A cell is text within its one argument, or a fault: the program gets as many arguments as with "x", each what the
// template says with the cell in it, and no option that is not there with "x".
//
// Seen to fail without the check of fit.
func TestHostileArguments(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := command(t, dir, shell(t, dir, `for a in "$@"; do printf '%s\037' "$a"; done`),
		"{{.c}}", "--name={{.c}}", "./{{.c}}", "{{if .c}}{{.c}}{{end}}{{.c}}", "fixed")
	refused := 0
	for _, cell := range hostile(t) {
		got, err := do(t, c, cell)
		if err != nil {
			code, _, _ := strings.Cut(said(err), ":")
			if code != "unfit-argument" && code != "control-character" {
				t.Errorf("%q: %v", cell, err)
			}
			refused++
			continue
		}
		want := []string{cell, "--name=" + cell, "./" + cell, cell + cell, "fixed", ""}
		if args := strings.Split(got, "\x1f"); !slices.Equal(args, want) || strings.HasPrefix(args[0], "-") {
			t.Errorf("%q: %q", cell, args)
		}
	}
	if refused < 10 {
		t.Errorf("%d cells were refused", refused)
	}
	for _, bad := range []struct{ arg, cell string }{
		{"{{.c}}", "-x"}, {"-{{.c}}", "x"}, {"--{{.c}}", "x=y"}, {"{{.c}}{{.c}}", "-"}, {"{{if .c}}{{.c}}{{end}}", "-x"},
		{"{{print .c}}", "-x"}, {"{{with .c}}{{.}}{{end}}", "-x"}, {"{{if false}}a{{end}}{{.c}}", "-x"},
	} {
		if got, err := do(t, command(t, dir, "./make.sh", bad.arg), bad.cell); err == nil {
			t.Errorf("%s with %q: %q", bad.arg, bad.cell, got)
		}
	}
}
