package campaign

import (
	"io"

	"mailshot/campaign/definition"
	"mailshot/campaign/recipients"
)

// ListConfig is how the list of a definition is read; stdin is what "-" reads.
func ListConfig(d *definition.Definition, stdin io.Reader) recipients.Config {
	r := d.Recipients
	columns := make(map[string]recipients.Type, len(r.Columns))
	for name, t := range r.Columns {
		columns[name] = recipients.Type(t)
	}
	places := map[string]string{"where": place(d.Name, r.Where)}
	for key, at := range r.Places {
		places[key] = place(d.Name, at)
	}
	return recipients.Config{
		File: r.File, Dir: d.Dir, Stdin: stdin,
		Sheet: r.Sheet, Range: r.Range, HeaderRow: r.HeaderRow, Delimiter: r.Delimiter, Encoding: r.Encoding, Hidden: r.Hidden, Locale: r.Locale,
		Address: r.Address, Name: r.Name, Key: r.Key, Columns: columns, Where: r.Where.Text,
		Places: places,
	}
}
