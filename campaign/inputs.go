package campaign

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"mailshot/campaign/digest"
	"mailshot/campaign/ledger"
	"mailshot/campaign/list"
	"mailshot/campaign/message"
	"mailshot/internal/stdin"
	"mailshot/render"
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
	was := c.planned()
	if !was.Known() {
		what = append(what, c.def.Name+" (a newer mailshot planned, and this one cannot compare)")
	} else {
		what = append(what, c.digest(was.Version).Words(was, c.def.Name)...)
	}
	if c.maker.Templates() != c.frozen.Templates {
		what = append(what, "the templates")
	}
	if given, err := c.listGiven(); err != nil {
		return nil, err
	} else if given {
		is, err := c.listed.Read(ctx, c.def, c.opts.Stdin)
		if err != nil {
			return nil, err
		}
		if is != c.frozen.List {
			what = append(what, list.Words(c.def, c.header.File))
		}
	}
	return what, nil
}

// listGiven reports whether there is a list to compare with the frozen one, and to plan anew. Standard input gives one
// unless it is a terminal, closed, or empty; what it gives is kept for being read again.
func (c *Campaign) listGiven() (bool, error) {
	if c.def.Recipients.File != "-" || c.stdin != nil {
		return true, nil
	}
	f, done, err := stdin.Given(c.opts.Stdin, c.def.Home())
	if err != nil || f == nil {
		return false, err
	}
	c.stdin, c.opts.Stdin = done, f
	return true, nil
}

// digest is the definition's digest in a version.
func (c *Campaign) digest(version int) digest.Digest {
	// The secret in accounts.db makes Message-IDs and tokens.
	secret := digest.Part{Name: secretPart, Value: render.OldToken(c.secret, c.id, "")}
	return digest.New(append(c.inputs(c.def), secret), version)
}

// planned is the digest of the frozen list; the zero Digest of a campaign that has none.
func (c *Campaign) planned() digest.Digest {
	if c.frozen == nil {
		return digest.Digest{}
	}
	return digest.Parse(c.frozen.Definition)
}

// secretPart is the name of the part of a digest that covers the secret in accounts.db.
const secretPart = "accounts.db"

// secretChanged reports whether the accounts have another secret than when the list was planned, or may have.
func (c *Campaign) secretChanged() bool {
	was := c.planned()
	return !was.Known() || slices.Contains(c.digest(was.Version).Differing(was), secretPart)
}

// otherProgram says in words how the messages that are left differ from those that another build of mailshot planned.
// It returns "" if they do not. A build that makes the same messages is noted, so that the next resume does not make
// all of them again.
func (c *Campaign) otherProgram(ctx context.Context) (string, error) {
	planned, is := c.planned(), digest.Build()
	was := cmp.Or(planned.Build, "an older version")
	if was == is {
		return "", nil
	}
	differ, left, err := c.remake(ctx)
	if err != nil || left == 0 {
		return "", err
	}
	if differ > 0 {
		return fmt.Sprintf("mailshot itself (%s makes %d of the %d messages that are left otherwise than %s, "+
			"which planned them)", is, differ, left, was), nil
	}
	return "", c.ledger.Redefine(ctx, c.id, c.digest(planned.Version).String())
}

// remake makes the messages that are left once more, and counts those that are not what was planned. A message that
// cannot be made does not count: it is held when its turn comes, with the reason.
func (c *Campaign) remake(ctx context.Context) (differ, left int64, err error) {
	rows := make([]message.Planned, 0, chunk)
	compare := func() error {
		n, err := c.maker.Differing(ctx, rows, c.now())
		differ += n
		left += int64(len(rows))
		rows = rows[:0]
		return err
	}
	unsent := ledger.Filter{States: []ledger.State{ledger.Pending, ledger.Deferred}}
	for r, err := range c.ledger.Deliveries(ctx, c.id, unsent) {
		if err != nil {
			return 0, 0, err
		}
		rows = append(rows, message.Planned{Place: r.Place, Number: r.Number, Fields: r.Fields, Digest: r.Digest})
		if len(rows) == chunk {
			if err := compare(); err != nil {
				return 0, 0, err
			}
		}
	}
	return differ, left, compare()
}
