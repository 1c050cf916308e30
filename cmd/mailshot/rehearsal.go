package main

import (
	"fmt"
	"path/filepath"

	"mailshot/campaign/definition"
	"mailshot/internal/mount"
	"mailshot/internal/shell"
	"mailshot/internal/sink"
)

// rehearsalHome is the folder with the rehearsals of a campaign: its .mailshot, or the folder of its ledger where
// another machine has the campaign's folder, because a rehearsal has a ledger too.
func (t *tool) rehearsalHome(d *definition.Definition) string {
	if mount.Network(d.Dir) != "" {
		return filepath.Dir(t.stateFile(d))
	}
	return d.Home()
}

func parseRules(texts []string) ([]sink.Rule, error) {
	var rules []sink.Rule
	for _, text := range texts {
		r, err := sink.ParseRule(text)
		if err != nil {
			return nil, badRule(text, err)
		}
		rules = append(rules, r)
	}
	return rules, nil
}

// badRule says that a text is not a rule of the sink.
func badRule(text string, err error) error {
	return usage(fmt.Errorf("--fail %s: %w", shell.Quote(text), err), "mailshot sink --help")
}
