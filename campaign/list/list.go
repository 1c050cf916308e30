// Package list says how a campaign's list is read. [Config] makes of a definition what the recipients package needs,
// and [Digest.Open] opens the list.
package list

import (
	"context"
	"fmt"
	"io"

	"mailshot/campaign/definition"
	"mailshot/campaign/recipients"
)

// Config is how the list of a definition is read; stdin is what "-" reads. It fetches the connection string of a
// database.
func Config(ctx context.Context, d *definition.Definition, stdin io.Reader) (recipients.Config, error) {
	var set []recipients.Constant
	for _, s := range d.Set {
		set = append(set, recipients.Constant{Name: s.Name, Text: s.Value, Place: s.Place})
	}
	if d.People != nil {
		return recipients.Config{
			File: recipients.Typed, People: d.People, Address: "email", Name: "name", Language: d.Body.Language, Set: set,
		}, nil
	}
	r := d.Recipients
	columns := make(map[string]recipients.Type, len(r.Columns))
	for name, t := range r.Columns {
		columns[name] = recipients.Type(t)
	}
	places := map[string]string{"where": d.Place(r.Where)}
	for key, at := range r.Places {
		places[key] = d.Place(at)
	}
	cfg := recipients.Config{
		File: r.File, Files: r.Files, FileColumn: r.FileColumn, Query: r.Query, Dir: d.Dir, Home: d.Home(),
		Stdin: stdin,
		Sheet: r.Sheet, Range: r.Range, HeaderRow: r.HeaderRow, Hidden: r.Hidden,
		Delimiter: r.Delimiter, Encoding: r.Encoding, Locale: r.Locale, Language: d.Body.Language,
		Addresses: r.Addresses,
		Address:   r.Address, Name: r.Name, Key: r.Key, Group: r.Group, Columns: columns, Where: r.Where.Text,
		Places: places, Set: set, Done: ctx.Done(),
	}
	if r.Postgres == nil {
		return cfg, nil
	}
	var err error
	if cfg.Postgres, err = r.Postgres.Read(ctx, d.Dir); err != nil {
		return cfg, fmt.Errorf("recipients.postgres: %w", err)
	}
	return cfg, nil
}

// Words name the list in which a definition differs from the list that was frozen, which has the name was.
func Words(d *definition.Definition, was string) string {
	switch typed := was == recipients.Typed; {
	case typed && d.People != nil:
		return recipients.Typed + " (other people)"
	case typed:
		return "a list in place of " + recipients.Typed
	case d.People != nil:
		return recipients.Typed + " in place of the list " + was
	case was == "":
		return "the list of the database"
	case was == "-":
		return "the list on standard input"
	}
	return "the list " + was
}
