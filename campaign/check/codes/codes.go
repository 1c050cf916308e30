// Package codes is the table of everything that a check can find: what a finding means, why it matters, what to do, and
// where the rule comes from. Call [Of] for one code and [All] for all of them. [Policy] says what a campaign makes of
// its findings.
//
// The table is the text files in the folder table, one for each part of a campaign. A test reads the sources of
// mailshot, and fails for a code that a source has and the table does not, or the other way round. So mailshot explain
// and docs/findings.md know every finding.
//
// A fixed code protects a promise: the message cannot be made, or somebody would get the wrong message or a message
// twice. Nobody can lower its severity or ignore it.
package codes

import (
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"

	"mailshot/internal/suggest"
)

// Severity says what a finding means for the campaign.
type Severity string

// The severities. An error keeps the campaign from being sent; a warning does not; a note is not about a mistake.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
	Note    Severity = "note"
)

// rank orders severities, the lowest first.
func (s Severity) rank() int { return slices.Index([]Severity{Note, Warning, Error}, s) }

// Code describes one kind of finding.
type Code struct {
	Code     string   `json:"code"`     // short and stable, in small letters
	Severity Severity `json:"severity"` // that findings mostly have, unless the campaign file says otherwise
	Fixed    bool     `json:"fixed"`    // it protects a promise: it cannot be lowered or ignored
	Group    string   `json:"group"`    // the part of a campaign that it is about, as a title
	What     string   `json:"what"`     // what is wrong
	Why      string   `json:"why"`      // what happens if nobody mends it
	Fix      string   `json:"fix"`      // what to do
	Source   string   `json:"source"`   // where the rule comes from: an RFC, a provider's page, a document of mailshot
}

//go:embed table/*.txt
var files embed.FS

// table is the table by code, and its codes in the order of the files.
var table = sync.OnceValues(func() (map[string]Code, []Code) {
	all, err := read(files)
	if err != nil {
		panic(err) // a test reads the files
	}
	by := make(map[string]Code, len(all))
	for _, c := range all {
		by[c.Code] = c
	}
	return by, all
})

// Of returns what is known about a code.
func Of(code string) (Code, bool) {
	by, _ := table()
	c, ok := by[code]
	return c, ok
}

// All returns the table, by groups. The slice belongs to the caller.
func All() []Code {
	_, all := table()
	return slices.Clone(all)
}

// Nearest returns the code that is most like a typed code that does not exist; "" if no code is near.
func Nearest(typed string) string {
	_, all := table()
	words := make([]string, 0, len(all))
	for _, c := range all {
		words = append(words, c.Code)
	}
	typed = strings.ToLower(strings.ReplaceAll(typed, "_", "-"))
	if slices.Contains(words, typed) {
		return typed
	}
	return suggest.Nearest(words, func(word string) (cost, limit int) {
		limit = suggest.Limit(typed)
		return suggest.Distance(typed, word, limit), limit
	})
}

// read reads the files of a table, in the order of their names. Each has a title, and then for each code a line with
// the code, its severity and perhaps "fixed", and four lines that say what, why, fix and source.
func read(in fs.FS) (all []Code, err error) {
	names, err := fs.Glob(in, "table/*.txt")
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, name := range names {
		text, err := fs.ReadFile(in, name)
		if err != nil {
			return nil, err
		}
		title, rest, _ := strings.Cut(string(text), "\n")
		group, ok := strings.CutPrefix(title, "# ")
		if !ok {
			return nil, fmt.Errorf("%s:1: no title", name)
		}
		for block := range strings.SplitSeq(strings.TrimSpace(rest), "\n\n") {
			c, err := entry(block)
			if err != nil {
				return nil, fmt.Errorf("%s: %w in %q", name, err, block)
			}
			if seen[c.Code] {
				return nil, fmt.Errorf("%s: %s stands there twice", name, c.Code)
			}
			seen[c.Code], c.Group = true, group
			all = append(all, c)
		}
	}
	return all, nil
}

// entry reads one code.
func entry(block string) (c Code, err error) {
	lines := strings.Split(block, "\n")
	words := strings.Fields(lines[0])
	if len(words) < 2 || len(words) > 3 || len(words) == 3 && words[2] != "fixed" {
		return c, fmt.Errorf("the first line is not CODE SEVERITY [fixed]")
	}
	c.Code, c.Severity, c.Fixed = words[0], Severity(words[1]), len(words) == 3
	if c.Severity.rank() < 0 {
		return c, fmt.Errorf("no severity %q", words[1])
	}
	for i, field := range []*string{&c.What, &c.Why, &c.Fix, &c.Source} {
		name := []string{"what: ", "why: ", "fix: ", "source: "}[i]
		if len(lines) != 5 || !strings.HasPrefix(lines[i+1], name) {
			return c, fmt.Errorf("there are not the four lines what, why, fix and source")
		}
		*field = strings.TrimPrefix(lines[i+1], name)
	}
	return c, nil
}
