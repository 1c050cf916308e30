package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"mailshot/campaign"
	"mailshot/cmd/mailshot/human"
	"mailshot/cmd/mailshot/typeahead"
)

// confirm asks the person to type the number of messages. Anything else sends nothing.
func (t *tool) confirm(ctx context.Context, n int64, f sendFlags, again string) error {
	if f.yes {
		return nil
	}
	act := "send " + human.Plural(n, "message")
	if f.toDrafts {
		act = "put " + human.Plural(n, "message") + " into Drafts"
	}
	fmt.Fprintf(t.stderr, "%s type %s to %s: ", t.screen.dim("mailshot:"), t.screen.bold(fmt.Sprint(n)), act)
	line, err := t.answer(ctx)
	if err != nil {
		return err
	}
	if got, err := strconv.ParseInt(line, 10, 64); err != nil || got != n {
		return &exit{exitWorkLeft, fmt.Errorf("not the number %d; nothing was sent", n), again}
	}
	t.asked = false
	return nil
}

// confirmChanges shows what accepting changed inputs would do, and asks.
func (t *tool) confirmChanges(ctx context.Context, ch campaign.Changes, yes bool) (bool, error) {
	t.say("changed since the list was frozen: %s", strings.Join(ch.What, ", "))
	t.say("  %d added, %d cancelled, %d edited, %d untouched", ch.Added, ch.Cancelled, ch.Edited, ch.Untouched)
	if ch.Late != "" {
		t.say("  %s", ch.Late)
	}
	if yes {
		return true, nil
	}
	fmt.Fprintf(t.stderr, "%s type %s to accept: ", t.screen.dim("mailshot:"), t.screen.bold("yes"))
	line, err := t.answer(ctx)
	t.asked = line != "yes"
	return line == "yes", err
}

// answer reads the line that a person types. An interrupt ends the waiting. It leaves the read behind, because a read
// from a terminal cannot be cancelled and the program is about to end. What was typed or pasted behind the line is
// thrown away, because it was not meant for the shell.
func (t *tool) answer(ctx context.Context) (string, error) {
	t.asked = true
	defer typeahead.Drop(t.stdin)
	type result struct {
		line string
		err  error
	}
	got := make(chan result, 1)
	go func() {
		line, err := wholeLine(t.stdin)
		got <- result{strings.TrimSpace(line), err}
	}()
	select {
	case r := <-got:
		return r.line, r.err
	case <-ctx.Done():
		fmt.Fprintln(t.stderr)
		return "", &exit{exitWorkLeft, errors.New("interrupted; nothing was sent"), ""}
	}
}

// wholeLine reads a line to its end, and returns its first bytes. What was typed before the end of input counts; an
// empty line is a no.
func wholeLine(from io.Reader) (string, error) {
	r := bufio.NewReader(from)
	line, more, err := r.ReadLine()
	first := string(line)
	for more && err == nil {
		_, more, err = r.ReadLine()
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return first, err
}

// certain asks for a yes before an act that cannot be undone.
func (t *tool) certain(ctx context.Context, question string, yes bool, again string) error {
	if yes {
		return nil
	}
	if !isTerminal(t.stdin) {
		err := errors.New("standard input is not a terminal, so there is nobody to ask; " +
			"nothing was changed (--yes says yes)")
		return usage(err, again)
	}
	fmt.Fprintf(t.stderr, "%s %s", t.screen.dim("mailshot:"), question)
	line, err := t.answer(ctx)
	if err != nil {
		return err
	}
	if line != "yes" {
		return &exit{exitWorkLeft, errors.New("nothing was changed"), again}
	}
	t.asked = false
	return nil
}
