//go:build linux

package main

import (
	"bytes"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"mailshot/cmd/mailshot/textwidth"
	"mailshot/internal/sink"
)

// On a terminal of 80 columns all of the server's words are there, hanging beside the columns before them, and the
// counts are one sum that adds up. Off a terminal no line is broken. With cut words in the table, report fails; with
// counts that are not wrapped, status, report and send do.
func TestEightyColumns(t *testing.T) {
	t.Parallel()
	const words = "5.1.1 The mailbox 利用者 that you tried to reach does not exist here; please check it for typing errors, " +
		"or ask the person for another one"
	const lost = "the server closed the connection"
	refuse, err := sink.ParseRule("rcpt:p0@*:550 " + words)
	if err != nil {
		t.Fatal(err)
	}
	drop, err := sink.ParseRule("dot:p1@*:drop")
	if err != nil {
		t.Fatal(err)
	}
	s, err := sink.Start(sink.Options{Rules: []sink.Rule{refuse, drop}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	dir := campaignOf(t, s, 3)
	for _, c := range []struct {
		args   []string
		words  string // of the server, whole when the lines are joined
		counts bool
		wide   string // a pattern of lines whose columns before the words take more than the terminal
	}{
		{args: []string{"send", "--yes"}, counts: true},
		{args: []string{"status"}, counts: true},
		{args: []string{"report"}, words: words, counts: true},
		{args: []string{"resolve", "campaign.yaml"}, words: lost, wide: "^(ADDRESS|p1@)"},
		{args: []string{"why", "p0@example.com"}, words: words},
	} {
		got := onTerminal(t, dir, c.args)
		var lines []string
		for line := range strings.Lines(strings.ReplaceAll(got, "\r\n", "\n")) {
			line = strings.TrimSuffix(line, "\n")
			if w := textwidth.Of(line); w > 80 && (c.wide == "" || !regexp.MustCompile(c.wide).MatchString(line)) {
				t.Errorf("%q: %d columns: %s", c.args, w, line)
			}
			lines = append(lines, strings.TrimSpace(line))
		}
		joined := strings.Join(lines, " ")
		if !strings.Contains(joined, c.words) {
			t.Errorf("%q: the words %q are not in\n%s", c.args, c.words, got)
		}
		if c.counts {
			sumAddsUp(t, joined, 3)
		}
		if c.args[0] == "send" { // it sends nothing twice
			continue
		}
		out, err := mailshotOf(dir, c.args).Output()
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(out, []byte(c.words)) {
			t.Errorf("%q: off a terminal the words are broken:\n%s", c.args, out)
		}
		if c.counts && !regexp.MustCompile(`(?m)^3 rows = .* 1 unknown .*begun$`).Match(out) {
			t.Errorf("%q: off a terminal the counts are broken:\n%s", c.args, out)
		}
	}
}

// sumAddsUp finds the counts in a text and adds them.
func sumAddsUp(t *testing.T, text string, rows int) {
	t.Helper()
	found := regexp.MustCompile(`(\d+) rows = (\d+ \w+(?: \+ \d+ \w+)*)`).FindStringSubmatch(text)
	if found == nil {
		t.Fatalf("there are no counts in %s", text)
	}
	sum := 0
	for term := range strings.SplitSeq(found[2], " + ") {
		n, state := 0, ""
		if _, err := fmt.Sscan(term, &n, &state); err != nil {
			t.Error(err)
		}
		sum += n
	}
	if found[1] != fmt.Sprint(rows) || sum != rows {
		t.Errorf("%s is not the sum of %d", found[0], rows)
	}
}

// onTerminal runs the program with a terminal of 80 columns as standard output, and returns what appears there.
func onTerminal(t *testing.T, dir string, args []string) string {
	t.Helper()
	master, terminal := openTerminal(t)
	if err := unix.IoctlSetWinsize(int(terminal.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 80}); err != nil {
		t.Fatal(err)
	}
	cmd := mailshotOf(dir, args)
	cmd.Stdout = terminal
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	terminal.Close()
	out, _ := io.ReadAll(master) // the end of a terminal is an error
	if err := cmd.Wait(); err != nil && args[0] != "send" {
		t.Errorf("%q: %v", args, err)
	}
	return string(out)
}
