// Package markup looks in the sources of a message for things that no protocol forbids and that readers would stumble
// over: links that lead nowhere, images that are not shown, HTML that mail programs do not support. Call [Look] with
// the sources.
//
// It looks at a template as its author wrote it, so a finding has the file, the line and the column of the template.
// There is one finding, however many rows there are. Actions are opaque: it is not known here what {{.link}} prints,
// and nothing is said about it. Checking what the cells of a row print is the caller's job.
//
// The package is pure. It reads no file, and does not use the network.
package markup

import (
	"fmt"
	"slices"
	"strings"

	"mailshot/campaign/check"
	"mailshot/campaign/check/codes"
	"mailshot/campaign/check/target"
	"mailshot/templates/source"
)

// Source is a source of a message.
type Source struct {
	*source.Source
	Markdown bool // it is Markdown; else HTML
	Plain    bool // it is neither, but text
	Subject  bool // the text is the subject
	Body     bool // the text is the body
	Bare     bool // no file goes with the messages
	Whole    bool // it is the whole HTML: no layout is around it

	Language string // of the messages, BCP 47; "" = not known
}

// The bytes that take the place of actions.
const (
	printed = target.Printed
	silent  = target.Silent
)

// mostAlike is how many findings with one code a source gets, each at its own place. The rest is counted.
const mostAlike = 5

// Look returns what is wrong with the sources, in the order of the sources, and which links and images are in them.
func Look(sources []Source) (all []check.Finding, links *Written) {
	links = &Written{literal: map[string]bool{}}
	for _, s := range sources {
		l := &looker{Source: s, links: links}
		text, actions := masked(s.Text)
		l.text, l.actions = text, actions
		switch {
		case s.Plain:
			l.plain(text)
		case s.Markdown:
			l.markdown(text)
		default:
			l.html(text, s.Whole)
			l.spoken()
		}
		all = append(all, l.findings()...)
	}
	return all, links
}

// looker looks at one source.
type looker struct {
	Source
	text    string // of the source, masked
	actions []source.Action
	tags    []tag
	found   []seen
	links   *Written
}

// written notes texts that the author wrote without actions.
func (l *looker) written(texts ...string) {
	for _, s := range texts {
		if !target.Dynamic(s) {
			l.links.literal[target.Same(s)] = true
		}
	}
}

// seen is a finding at an offset of the source.
type seen struct {
	at               int
	code, text, hint string
}

func at(at int, code, text, hint string) seen { return seen{at, code, text, hint} }

// say adds a finding.
func (l *looker) say(at int, code, text, hint string) {
	l.found = append(l.found, seen{at, code, text, hint})
}

// findings returns the findings in the order of their places. A note is one finding, with its further places.
func (l *looker) findings() (all []check.Finding) {
	slices.SortStableFunc(l.found, func(a, b seen) int { return a.at - b.at })
	first := map[string]int{} // of a code in all
	many := map[string]int{}
	for _, f := range l.found {
		c, _ := codes.Of(f.code)
		many[f.code]++
		if at, ok := first[f.code]; ok && (c.Severity == check.Note || many[f.code] > mostAlike) {
			if len(all[at].Places) < mostAlike {
				all[at].Places = append(all[at].Places, l.ErrorAt(f.at, "", "", "").Place())
			}
			continue
		}
		made := check.From(l.ErrorAt(f.at, f.code, f.text, f.hint))[0]
		made.Severity = c.Severity
		if _, ok := first[f.code]; !ok || many[f.code] == mostAlike {
			first[f.code] = len(all)
			made.Places = []string{made.Place}
		}
		all = append(all, made)
	}
	for i := range all {
		f := &all[i]
		of, ok := first[f.Code]
		if !ok || of != i {
			continue
		}
		c, _ := codes.Of(f.Code)
		more := many[f.Code] - mostAlike
		if c.Severity == check.Note {
			more = many[f.Code] - 1
		}
		if more > 0 {
			f.Text += fmt.Sprintf(" (and %d more like this)", more)
		}
		if len(f.Places) < 2 {
			f.Places = nil
		}
	}
	return all
}

// masked returns a text with other bytes in place of its actions, so that offsets stay the same.
func masked(text string) (string, []source.Action) {
	actions, _ := source.Scan(text)
	b := []byte(text)
	for _, a := range actions {
		with := byte(silent)
		if a.Kind == source.Output || a.Kind == source.Include {
			with = printed
		}
		for i := a.Start; i < a.End; i++ {
			if b[i] != '\n' {
				b[i] = with
			}
		}
	}
	return string(b), actions
}

// loud returns a text without the actions that print nothing.
func loud(s string) string { return strings.ReplaceAll(s, string([]byte{silent}), "") }
