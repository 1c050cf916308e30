package definition

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

const listFrame = "id: x\nfrom: a@example.com\nsubject: s\nbody: { text: body.txt }\nrecipients:\n  "

func TestLists(t *testing.T) {
	t.Parallel()
	d, err := Parse("campaign.yaml", []byte(listFrame+"file: [a.csv, b.csv]\n  file_column: source\n"), "")
	if err != nil || !slices.Equal(d.Recipients.Files, []string{"a.csv", "b.csv"}) ||
		d.Recipients.File != "a.csv" || d.Recipients.FileColumn != "source" {
		t.Errorf("several files: %+v %v", d, err)
	}
	d, err = Parse("campaign.yaml", []byte(listFrame+"file: [a.csv]\n"), "")
	if err != nil || d.Recipients.Files != nil || d.Recipients.File != "a.csv" {
		t.Errorf("one file: %+v %v", d, err)
	}
	const query = "postgres: { env: DATABASE_URL }\n  query: |\n    SELECT email\n    FROM p\n"
	d, err = Parse("campaign.yaml", []byte(listFrame+query), "")
	if err != nil || d.Recipients.File != "" || d.Recipients.Postgres.Env != "DATABASE_URL" ||
		d.Recipients.Query != "SELECT email\nFROM p" {
		t.Errorf("PostgreSQL: %+v %v", d, err)
	}
	for text, want := range map[string]string{
		"file: https://docs.google.com/spreadsheets/d/x/edit":               "in Google Sheets: File, Download, Comma-separated values",
		"file: https://example.com/people.csv":                              "nothing is fetched from the network",
		"file: postgres://ann:k0rrekt@db.example.com/shop":                  "postgres: { env: DATABASE_URL }",
		"file: [a.csv, '-']":                                                "standard input cannot be one of several files",
		"file: [a.csv, a.csv]":                                              "the file a.csv is named twice",
		"file: a.csv\n  file_column: source":                                "and there is one",
		"file: [a.db, b.db]\n  query: SELECT 1":                             "a query is asked of one database",
		"file: a.csv\n  postgres: { env: DATABASE_URL }\n  query: SELECT 1": "not both",
		"postgres: { env: DATABASE_URL }":                                   "no query says which rows",
		"postgres: postgres://ann:k0rrekt@db.example.com/shop":              "a connection string does not belong in the campaign file",
		"postgres: host=db user=ann password=k0rrekt\n  query: SELECT 1":    "a connection string does not belong in the campaign file",
		"query: SELECT 1":                                                   `"recipients.file" is missing`,
	} {
		_, err := Parse("campaign.yaml", []byte(listFrame+text+"\n"), "")
		all := fmt.Sprintf("%v", err)
		if e, ok := err.(interface{ Unwrap() []error }); ok {
			for _, e := range e.Unwrap() {
				all += "\n" + e.(*Error).Hint + "\n" + e.(*Error).Excerpt
			}
		} else if e, ok := err.(*Error); ok {
			all += "\n" + e.Hint + "\n" + e.Excerpt
		}
		if err == nil || !strings.Contains(all, want) || strings.Contains(all, "k0rrekt") {
			t.Errorf("%s:\n%s\nwant %q", text, all, want)
		}
	}
}
