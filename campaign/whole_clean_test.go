package campaign_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mailshot/campaign"
	"mailshot/campaign/check"
	"mailshot/campaign/check/export"
	"mailshot/campaign/definition"
	"mailshot/templates"
)

// Nothing is odd about the set of the examples, and of the starters in each of their languages, also where their lists
// are ten times as long.
func TestWholeOfExamplesAndStarters(t *testing.T) {
	t.Parallel()
	quiet := func(t *testing.T, dir string) {
		t.Helper()
		d, err := definition.Load(filepath.Join(dir, "campaign.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		c, err := campaign.Open(t.Context(), campaign.Options{Definition: d,
			State: filepath.Join(t.TempDir(), "s", "state.db"),
			Accounts: filepath.Join(t.TempDir(), "u",
				"accounts.db"), Stdin: strings.NewReader("email,name\nann@example.com,Ann\n")})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		report, err := c.Check(t.Context())
		if refused := (*campaign.CheckError)(nil); errors.As(err, &refused) {
			report = refused.Report
		} else if err != nil {
			t.Fatal(err)
		}
		for _, f := range report.Findings {
			if ofWhole(f.Code) {
				t.Errorf("%s: %s", dir, f)
			}
		}
	}
	examples, err := filepath.Glob("../examples/*/campaign.yaml")
	if err != nil || len(examples) < 5 {
		t.Fatal(examples, err)
	}
	for _, name := range examples {
		quiet(t, folderOf(t, os.DirFS(filepath.Dir(name))))
	}
	n := 0
	for _, kind := range templates.Starters() {
		for _, language := range templates.StarterLanguages() {
			files, err := templates.StarterIn(kind, language)
			if err != nil {
				t.Fatal(err)
			}
			dir := folderOf(t, files)
			quiet(t, dir)
			lengthen(t, dir)
			quiet(t, dir)
			n++
		}
	}
	t.Logf("%d examples, %d starters", len(examples), n)
}

// folderOf is a folder with these files.
func folderOf(t *testing.T, files fs.FS) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "c")
	if err := os.CopyFS(dir, files); err != nil {
		t.Fatal(err)
	}
	return dir
}

// lengthen repeats the rows of the CSV files of a folder for other people.
func lengthen(t *testing.T, dir string) {
	t.Helper()
	lists, err := filepath.Glob(filepath.Join(dir, "*.csv"))
	if err != nil {
		t.Fatal(err)
	}
	for _, list := range lists {
		text, err := os.ReadFile(list)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.SplitAfter(string(text), "\n")
		all := string(text)
		for i := range 9 {
			for _, line := range lines[1:] {
				all += strings.ReplaceAll(line, "@", fmt.Sprintf(".%d@", i))
			}
		}
		if err := os.WriteFile(list, []byte(all), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// What other programs read of a finding about the set has its place: a row of the list, a line of a template, or a line
// of the campaign file, with the number of rows.
func TestWholeForPrograms(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, uri         string
		line, column      int
		rows              int64
		places            []string
		firstWhy, firstIn string // begin why and fix
	}{
		{"zero: one of 20, by money", "list.csv", 8, 0, 0, nil, "A cell may be empty", "Correct the cell"},
		{"short: three of 400 are cut off", "list.csv", 4, 0, 3, []string{"list.csv:4", "list.csv:5", "list.csv:6"},
			"A part of it",
			"Look at"},
		{"condition: capitals in two cells", "body.md", 3, 6, 2, []string{"list.csv:10", "list.csv:11"},
			"A comparison is exact", "Write"},
		{"subject: the column is the same for all", "campaign.yaml", 3, 29, 0, nil, "The field has", "Nothing"},
		{"number: one invoice for two customers", "list.csv", 15, 0, 0, []string{"list.csv:8", "list.csv:15"},
			"One of the two", "Correct"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			all := wholeCases(t, "seeded.txt")
			found := all[slices.IndexFunc(all, func(c wholeCase) bool { return c.name == test.name })].found(t)
			var log struct {
				Runs []struct {
					Results []struct {
						RuleID          string `json:"ruleId"`
						OccurrenceCount int64
						Locations       []struct {
							PhysicalLocation struct {
								ArtifactLocation struct{ URI string }
								Region           struct{ StartLine, StartColumn int }
							}
						}
					}
				}
			}
			var b bytes.Buffer
			if err := export.SARIF(&b, export.From{Campaign: "campaign.yaml"}, found); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(b.Bytes(), &log); err != nil {
				t.Fatal(err)
			}
			r := log.Runs[0].Results[0]
			at := r.Locations[0].PhysicalLocation
			if at.ArtifactLocation.URI != test.uri || at.Region.StartLine != test.line || at.Region.StartColumn != test.column ||
				r.OccurrenceCount != test.rows {
				t.Errorf("SARIF: %+v", r)
			}
			var report struct {
				Findings []struct {
					Code, Place, Why, Fix string
					Rows                  int64
					Places                []string
				}
			}
			b.Reset()
			if err := (&check.Report{Findings: found}).WriteJSON(&b); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(b.Bytes(), &report); err != nil {
				t.Fatal(err)
			}
			f := report.Findings[0]
			if f.Rows != test.rows || !slices.Equal(f.Places, test.places) || !strings.HasPrefix(f.Why, test.firstWhy) ||
				!strings.HasPrefix(f.Fix, test.firstIn) || !strings.HasPrefix(f.Place, fmt.Sprintf("%s:%d", test.uri, test.line)) {
				t.Errorf("JSON: %+v", f)
			}
		})
	}
}
