package export_test

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"

	"mailshot/campaign/check"
	"mailshot/campaign/check/export"
)

var from = export.From{Campaign: "news/campaign.yaml", Version: "1.0"}

// findings has each kind of place, and what a hostile cell can put into a text.
var findings = []check.Finding{
	{Code: "unknown-key", Severity: check.Error, Place: "campaign.yaml:7:3", Text: `unknown key "x"`, Hint: "remove it"},
	{Code: "mojibake", Severity: check.Warning, Place: "people.csv:17", Rows: 3,
		Text: "a cell\n::error file=x::forged\r\n100%\u2028"},
	{Code: "html-entity", Severity: check.Note, Place: "list.xlsx November!B9", Text: "an entity"},
	{Code: "mojibake", Severity: check.Warning, Place: "a,line=9::b:c.csv:2:4", Text: "a name of a file"},
	{Code: "not-in-the-table", Severity: check.Warning, Place: "", Text: "somewhere"},
}

// A workflow reads each line that begins with :: as a command. A cell must not be able to write one.
// Seen to fail: with a line break written as it stands in place of %0A.
func TestGitHub(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	if err := export.GitHub(&b, from, findings); err != nil {
		t.Fatal(err)
	}
	want := []string{
		`::error file=news/campaign.yaml,line=7,col=3,title=unknown-key::unknown key "x" (remove it)`,
		"::warning file=news/people.csv,line=17,title=mojibake::a cell%0A::error file=x::forged%0D%0A100%25\u2028",
		"::notice file=news/campaign.yaml,title=html-entity::list.xlsx November!B9: an entity",
		"::warning file=news/a%2Cline=9%3A%3Ab%3Ac.csv,line=2,col=4,title=mojibake::a name of a file",
		"::warning file=news/campaign.yaml,title=not-in-the-table::somewhere",
	}
	if got := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n"); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// What the schema of SARIF 2.1.0 requires: version, runs, tool.driver.name, a message of each result with a text,
// levels of its list, rules with an id each once, indexes that point at the rule of that id, lines and columns from 1,
// URIs.
func TestSARIF(t *testing.T) {
	t.Parallel()
	for _, fs := range [][]check.Finding{findings, nil} {
		var b strings.Builder
		if err := export.SARIF(&b, from, fs); err != nil {
			t.Fatal(err)
		}
		var log map[string]any
		if err := json.Unmarshal([]byte(b.String()), &log); err != nil {
			t.Fatal(err)
		}
		if log["version"] != "2.1.0" || !strings.Contains(log["$schema"].(string), "sarif") {
			t.Errorf("version %v, schema %v", log["version"], log["$schema"])
		}
		run := log["runs"].([]any)[0].(map[string]any)
		driver := run["tool"].(map[string]any)["driver"].(map[string]any)
		if driver["name"] != "mailshot" {
			t.Errorf("the tool is %v", driver["name"])
		}
		rules := driver["rules"].([]any)
		seen := map[string]bool{}
		for _, r := range rules {
			id := r.(map[string]any)["id"].(string)
			if id == "" || seen[id] {
				t.Errorf("the rule %q stands there twice", id)
			}
			seen[id] = true
		}
		results := run["results"].([]any)
		if len(results) != len(fs) {
			t.Fatalf("%d results of %d findings", len(results), len(fs))
		}
		for i, r := range results {
			result(t, r.(map[string]any), rules, fs[i])
		}
	}
}

func result(t *testing.T, r map[string]any, rules []any, f check.Finding) {
	t.Helper()
	rule := rules[int(r["ruleIndex"].(float64))].(map[string]any)
	if r["ruleId"] != f.Code || rule["id"] != f.Code {
		t.Errorf("%s has the rule %v", f.Code, rule["id"])
	}
	if !slices.Contains([]string{"error", "warning", "note"}, r["level"].(string)) {
		t.Errorf("%s has the level %v", f.Code, r["level"])
	}
	if r["message"].(map[string]any)["text"] == "" {
		t.Errorf("%s says nothing", f.Code)
	}
	at := r["locations"].([]any)[0].(map[string]any)["physicalLocation"].(map[string]any)
	uri := at["artifactLocation"].(map[string]any)["uri"].(string)
	if u, err := url.Parse(uri); err != nil || u.Scheme != "" || !strings.HasPrefix(u.Path, "news/") {
		t.Errorf("%s is at %q: %v", f.Code, uri, err)
	}
	if region, ok := at["region"].(map[string]any); ok && region["startLine"].(float64) < 1 {
		t.Errorf("%s is at %v", f.Code, region)
	}
}
