package campaign

import (
	"context"
	"fmt"
	"io"

	"mailshot/campaign/definition"
	"mailshot/campaign/recipients"
)

// ListConfig is how the list of a definition is read; stdin is what "-" reads. It fetches the connection string of a
// database.
func ListConfig(ctx context.Context, d *definition.Definition, stdin io.Reader) (recipients.Config, error) {
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
		File: r.File, Files: r.Files, FileColumn: r.FileColumn, Query: r.Query, Dir: d.Dir, Home: d.Home(), Stdin: stdin,
		Sheet: r.Sheet, Range: r.Range, HeaderRow: r.HeaderRow, Hidden: r.Hidden,
		Delimiter: r.Delimiter, Encoding: r.Encoding, Locale: r.Locale, Language: d.Body.Language,
		Addresses: r.Addresses,
		Address:   r.Address, Name: r.Name, Key: r.Key, Columns: columns, Where: r.Where.Text,
		Places: places, Done: ctx.Done(),
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
