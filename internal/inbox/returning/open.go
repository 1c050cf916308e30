package returning

import (
	"context"
	"errors"
	"io"
	"os"

	"mailshot/campaign/definition"
	"mailshot/campaign/definition/returns"
	"mailshot/internal/inbox"
	"mailshot/internal/inbox/boxes"
	"mailshot/internal/inbox/events"
	"mailshot/internal/inbox/files"
	"mailshot/internal/inbox/spool"
)

// Open opens a file or folder of messages, or of a provider's events, or with "-" what standard input gives: that is a
// message or an mbox. With copies each message is given, also where another one has the same content.
func Open(path string, stdin io.Reader, copies bool) (inbox.Box, error) {
	if path == "-" {
		return files.Stdin(stdin, "")
	}
	box, err := files.Open(path, files.Options{Copies: copies})
	if err == nil {
		return box, nil
	}
	if _, missing := os.Stat(path); missing != nil {
		return nil, err
	}
	return events.Open(events.Config{Path: path})
}

// Opener is a source of what Open opens, for a person who names it.
func Opener(path string, stdin io.Reader) Source {
	return Source{Name: path, Asked: true, Open: func(context.Context) (inbox.Box, error) { return Open(path, stdin, false) }}
}

// Named is who names mailboxes: a campaign file, or with a nil Definition config.yaml.
type Named struct {
	Returns    returns.Returns
	Definition *definition.Definition
}

// Sources are the mailboxes that are named, each once, and what webhooks have brought into a folder. accounts is the path
// of the user's accounts. What is wrong with the mailboxes is reported at once.
func Sources(all []Named, accounts, webhooks string) (list []Source, err error) {
	var errs []error
	known := map[string]bool{}
	for _, n := range all {
		for _, b := range n.Returns.Boxes {
			cfg := boxes.Config{Boxes: []returns.Box{b}, Definition: n.Definition, Accounts: accounts}
			open := func(context.Context) (inbox.Box, error) {
				opened, err := boxes.Open(cfg)
				if err != nil {
					return nil, err
				}
				return opened[0], nil
			}
			box, err := open(context.Background())
			if err != nil {
				errs = append(errs, err)
				continue
			}
			name := box.Name()
			errs = append(errs, box.Close())
			if !known[name] {
				known[name] = true
				list = append(list, Source{Name: name, Open: open, Soft: n.Returns.Softs(), Act: n.Returns.Acts()})
			}
		}
	}
	if _, err := os.Stat(webhooks); err == nil {
		s, err := spool.Open(webhooks)
		if err != nil {
			return nil, err
		}
		list = append(list, Source{Name: s.Box().Name(), Soft: returns.DefaultSoft,
			Open: func(context.Context) (inbox.Box, error) { return s.Box(), nil }})
	}
	return list, errors.Join(errs...)
}
