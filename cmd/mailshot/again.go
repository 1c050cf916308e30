package main

import (
	"fmt"
	"strings"

	"mailshot/internal/shell"
)

// This file has the words for a send and its campaign in the commands that are named next.

// again is this command as a person would type it again.
func (f sendFlags) again(t *tool, file string) string {
	words := append([]string{"mailshot send"}, t.flags()...)
	text := func(name, value string) {
		if value != "" {
			words = append(words, name+" "+shell.Quote(value))
		}
	}
	flag := func(name string, set bool) {
		if set {
			words = append(words, name)
		}
	}
	text("--id", f.id)
	flag("--new", f.fresh)
	text("--only", f.only)
	text("--to", f.to)
	if f.limit > 0 {
		text("--limit", fmt.Sprint(f.limit))
	}
	flag("--to-sink", f.toSink)
	flag("--to-drafts", f.toDrafts)
	for _, rule := range f.fail {
		text("--fail", rule)
	}
	flag("--skip-errors", f.skipErrors)
	flag("--accept-changes", f.acceptAll)
	flag("--accept-copy", f.acceptCopy)
	flag("--repeat", f.repeat)
	flag("--wait", f.wait)
	flag("--quiet", f.quiet)
	text("--log", f.log)
	flag("--dns", f.dns)
	text("--resolver", f.resolver)
	flag("--json", f.json)
	flag("--yes", f.yes)
	return strings.Join(append(words, shell.Quote(file)), " ")
}

// look names the campaign that ran, for the commands that look at it.
func (f sendFlags) look(t *tool, id, file string) string {
	return strings.TrimLeft(strings.Join(t.flags(), " ")+" "+f.named(id)+shell.Quote(file), " ")
}

// named is --id with the id of the campaign that ran, if the campaign file alone would lead to another campaign.
func (f sendFlags) named(id string) string {
	if f.id == "" && f.to == "" && !f.earlier {
		return ""
	}
	return "--id " + shell.Quote(id) + " "
}

// narrowed names the flags that leave part of the campaign for later.
func (f sendFlags) narrowed() string {
	switch {
	case f.limit > 0 && f.only != "":
		return "--limit and --only"
	case f.only != "":
		return "--only"
	}
	return "--limit"
}
