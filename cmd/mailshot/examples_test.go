package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// Every command's help has examples, and each of them is a command of this program with flags that it has.
//
// Proven by leaving `cancel` out of the guide's table, and by writing --headles for --headless.
func TestExamples(t *testing.T) {
	t.Parallel()
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
			if err := parses(words); err != nil {
				t.Errorf("%s: the example %q: %v", cmd.CommandPath(), line, err)
			}
		}
	}
	check(newRoot())
}

func newRoot() *cobra.Command {
	tool := &tool{stdin: strings.NewReader(""), stdout: io.Discard, stderr: io.Discard, screen: newScreen(io.Discard)}
	return tool.root()
}

// parses reports what is wrong with a command of the program, without the program's name.
func parses(words string) error {
	found, rest, err := newRoot().Find(split(words))
	if err == nil && !found.HasParent() {
		err = errors.New("no command")
	}
	if err == nil {
		err = found.ParseFlags(rest)
	}
	if err == nil {
		err = found.ValidateArgs(found.Flags().Args())
	}
	return err
}

// What docs/unattended.md gives to systemd, to cron and to a shell are commands of this program with flags that it has.
//
// Proven by writing --quite in the unit, and by a crontab line with four fields.
func TestUnattendedDocument(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "unattended.md"))
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]int{}
	for _, block := range regexp.MustCompile("(?s)```([a-z]+)\n(.*?)```").FindAllStringSubmatch(string(page), -1) {
		kind := block[1]
		for line := range strings.Lines(block[2]) {
			line = strings.TrimSpace(line)
			switch kind {
			case "ini":
				command, is := strings.CutPrefix(line, "ExecStart=")
				if !is {
					continue
				}
				line = command
			case "crontab":
				if strings.HasPrefix(line, "MAILTO=") {
					continue
				}
				fields := regexp.MustCompile(`^(?:[0-9*/,-]+ ){5}cd \S+ && (.*)$`).FindStringSubmatch(line)
				if fields == nil {
					t.Errorf("%q is not five fields and a command", line)
					continue
				}
				line = fields[1]
			case "sh":
				if at := strings.LastIndex(line, "| "); at >= 0 {
					line = line[at+2:]
				}
			}
			words, is := strings.CutPrefix(strings.TrimPrefix(line, "/usr/local/bin/"), "mailshot ")
			if !is && kind == "sh" {
				continue
			}
			kinds[kind]++
			words = os.Expand(words, func(string) string { return "2026-11-28" })
			if err := parses(words); err != nil || !is {
				t.Errorf("%s: %q: %v", kind, line, err)
			}
		}
	}
	if kinds["ini"] != 1 || kinds["crontab"] != 1 || kinds["sh"] != 3 {
		t.Errorf("%v: the test looks at nothing", kinds)
	}
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
