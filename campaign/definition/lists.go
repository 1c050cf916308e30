package definition

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"mailshot/campaign/definition/schema"
	"mailshot/campaign/definition/secret"
)

// list reads the name of a list's file, or of several.
func list(into *string, all *[]string, places *map[string]Text) schema.Reader {
	return func(dec *schema.Decoder, n *yaml.Node) {
		one := schema.OneLine(func(dec *schema.Decoder, n *yaml.Node, t Text) {
			if *into == "" {
				*into = t.Text
				note(places, "file", t)
			}
			*all = append(*all, t.Text)
			switch {
			case OnNetwork(t.Text):
				dec.Report(n, "not-a-file", NotFetched, Download(t.Text))
			case t.Text != "-":
				if dec.NotTemplate(n, t) {
					dec.FileProblem(n, t.Text)
				}
			}
		})
		dec.List(n, func(n *yaml.Node) { one(dec, n) })
		if len(*all) < 2 {
			*all = nil
			return
		}
		for i, name := range *all {
			switch {
			case name == "-":
				dec.Report(n, "bad-value", "standard input cannot be one of several files", "save it as a file first")
			case slices.Contains((*all)[:i], name):
				dec.Report(n, "bad-value", "the file "+schema.Clip(name)+" is named twice", "remove one")
			}
		}
	}
}

// NotFetched says what is wrong with a list on the network.
const NotFetched = "a list is a file: nothing is fetched from the network"

// OnNetwork reports whether a text names a place on the network where a file should be.
func OnNetwork(s string) bool {
	return strings.Contains(s, "://") || strings.HasPrefix(s, "www.") || strings.HasPrefix(s, "docs.google.com/")
}

// Download says how to get a file of what is on the network.
func Download(s string) string {
	switch {
	case strings.Contains(s, "docs.google.com/spreadsheets"):
		return "in Google Sheets: File, Download, Comma-separated values (or .xlsx); " +
			"put that file beside the campaign file and name it here"
	case strings.Contains(s, "postgres"):
		return "name a PostgreSQL database by postgres: { env: DATABASE_URL }, and ask it by query"
	}
	return "download it, put it beside the campaign file and name it here"
}

// queryText reads a query, of one line or several.
func queryText(into *string, places *map[string]Text) schema.Reader {
	return func(dec *schema.Decoder, n *yaml.Node) {
		t, ok := dec.Scalar(n)
		if !ok {
			return
		}
		*into = t.Text
		note(places, "query", t)
	}
}

const postgresHint = "write postgres: { env: DATABASE_URL }, { file: /run/secrets/database } " +
	"or { command: [pass, show, database] }"

// postgres reads where the connection string of a database is. It usually holds a password.
func postgres(into **Secret, places *map[string]Text) schema.Reader {
	other := secret.Reader(into, "a connection string", postgresHint)
	return func(dec *schema.Decoder, n *yaml.Node) {
		note(places, "postgres", Text{Text: "postgres", Line: n.Line, Column: n.Column})
		other(dec, n)
	}
}

// checkList holds the rules of recipients that need more than one key.
func (d *Definition) checkList(dec *schema.Decoder) {
	r := &d.Recipients
	if n := dec.Given("recipients.file"); n != nil && r.Postgres != nil {
		dec.Report(n, "bad-value", "a list is a file or a database, not both", "remove file or postgres")
	}
	if n := dec.Given("recipients.postgres"); n != nil && r.Postgres != nil && dec.Given("recipients.query") == nil {
		dec.Report(n, "missing-key", "no query says which rows of the database are the list",
			"for example query: SELECT email, name FROM customers ORDER BY id")
	}
	if n := dec.Given("recipients.file_column"); n != nil && len(r.Files) == 0 {
		dec.Report(n, "useless-key", "file_column says which of several files a row is from, and there is one file",
			"remove the line")
	}
	if n := dec.Given("recipients.key"); n != nil && r.Group != "" {
		dec.Report(n, "bad-value", "with group the key of a message is the group's value",
			"remove key; or remove group, for a message to each row")
	}
	if n := dec.Given("recipients.duplicates"); n != nil && r.Group != "" {
		dec.Report(n, "bad-value", "duplicates is about rows with one key, and with group these get one message",
			"remove the line")
	}
	if n := dec.Given("recipients.query"); n != nil && len(r.Files) > 0 {
		dec.Report(n, "bad-value", "a query is asked of one database, and there are several files",
			"remove query, or name one file")
	}
}
