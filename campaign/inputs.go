package campaign

import (
	"context"
	"fmt"
	"strings"

	"mailshot/campaign/recipients"
)

// differs names what would make other messages than those that were planned, or messages to other people: each input
// that changed, else the program, if it is another build and makes what is left differently. The caller holds the
// campaign's lock.
func (c *Campaign) differs(ctx context.Context) ([]string, error) {
	what, err := c.changed(ctx)
	if err != nil || len(what) > 0 {
		return what, err // what is left is planned anew in any case
	}
	other, err := c.otherProgram(ctx)
	if other != "" {
		what = append(what, other)
	}
	return what, err
}

// changed compares the inputs with those the list was frozen with, and names each that differs.
func (c *Campaign) changed(ctx context.Context) ([]string, error) {
	var what []string
	was := parseDigest(c.frozen.Definition)
	if !was.known() {
		what = append(what, c.def.Name+" (a newer mailshot planned, and this one cannot compare)")
	} else if keys := c.digest(was.version).differing(was); len(keys) > 0 {
		what = append(what, fmt.Sprintf("%s (%s)", c.def.Name, strings.Join(keys, ", ")))
	}
	if c.maker.Templates() != c.frozen.Templates {
		what = append(what, "the templates")
	}
	if c.def.Recipients.File != "-" {
		cfg, err := ListConfig(ctx, c.def, c.opts.Stdin)
		if err != nil {
			return nil, err
		}
		digest, err := recipients.Digest(ctx, cfg)
		if err != nil {
			return nil, err
		}
		if digest != c.frozen.List {
			what = append(what, "the list "+c.header.File)
		}
	}
	return what, nil
}
