package list

import (
	"context"
	"io"
	"slices"

	"mailshot/campaign/belonging"
	"mailshot/campaign/definition"
	"mailshot/campaign/recipients"
)

// Open opens the list of a definition. Where files are compared with other rows (must_not_contain_others), it reads the
// list once before, for Others. stdin is what "-" reads; again makes it one that can be read twice, and is called only
// where that is needed. secret is that of package belonging.
func (g *Digest) Open(ctx context.Context, d *definition.Definition, stdin *io.Reader, again func() (bool, error),
	secret []byte) (*recipients.List, error) {
	if names := compared(d); names != nil {
		if _, err := again(); err != nil {
			return nil, err
		}
		if err := g.gather(ctx, d, *stdin, names, secret); err != nil {
			return nil, err
		}
	}
	cfg, err := Config(ctx, d, *stdin)
	if err != nil {
		return nil, err
	}
	return recipients.Open(cfg)
}

// Others are the texts that are in no other row's file, as Open has read them; nil if nothing is compared.
func (g *Digest) Others() *belonging.Others { return g.others }

// compared are the columns that files are compared with.
func compared(d *definition.Definition) (names []string) {
	add := func(all []definition.Attachment) {
		for _, a := range all {
			if a.Others.Given() {
				names = append(names, a.Others.Text)
			}
		}
	}
	add(d.Attachments)
	for _, l := range d.Languages.Others {
		add(l.Attachments)
	}
	return names
}

// gather reads the list for the texts in columns. A mistake in its rows is not told: whoever reads the list afterwards
// tells it.
func (g *Digest) gather(ctx context.Context, d *definition.Definition, stdin io.Reader, names []string,
	secret []byte) error {
	cfg, err := Config(ctx, d, stdin)
	if err != nil {
		return err
	}
	l, err := recipients.Open(cfg)
	if err != nil {
		return err
	}
	defer l.Close()
	var columns []int
	for _, name := range names {
		if i := l.Header().Index(name); i >= 0 && !slices.Contains(columns, i) {
			columns = append(columns, i)
		}
	}
	g.others = belonging.NewOthers(secret, columns)
	for row, err := range l.Rows(ctx) {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err == nil {
			g.others.Add(row.Place, row.Fields)
		}
	}
	return nil
}
