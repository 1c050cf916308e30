package survey

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mailshot/campaign"
	"mailshot/campaign/definition"
)

const campaignFile = `id: spring
from: Ann <ann@acme.example>
subject: "Hello {{.name}}"
recipients: { file: people.csv }
body: { text: body.txt }
%s`

// folder is a campaign's folder.
func folder(t *testing.T, files map[string]string) (*definition.Definition, campaign.Options) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	d, err := definition.Load(filepath.Join(dir, "campaign.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return d, campaign.Options{Definition: d, Accounts: filepath.Join(t.TempDir(), "own", "accounts.db"),
		Stdin: strings.NewReader("")}
}

// whole is the survey of a campaign when it is done.
func whole(t *testing.T, d *definition.Definition, o campaign.Options) Survey {
	t.Helper()
	var s Surveys
	s.Of("campaign.yaml", Version(d), o)
	s.all.Wait()
	got := s.Of("campaign.yaml", Version(d), o)
	if !got.Done || got.Err != nil {
		t.Fatalf("%+v", got)
	}
	return got
}

// Each kind of odd row is found.
func TestOdd(t *testing.T) {
	t.Parallel()
	d, o := folder(t, map[string]string{
		"campaign.yaml": fmt.Sprintf(campaignFile, "attachments: [ { file: \"{{.file}}\" } ]\n"),
		"body.txt":      "Dear {{.name}},\n{{.note}}\n", "a.txt": "a", "b.txt": strings.Repeat("b", 500),
		"people.csv": "email,name,note,file\n" +
			"a@example.com,Ann,hello,a.txt\n" +
			"b@example.com,Bob,,a.txt\n" +
			"c@example.com,Cy,hello hello hello,b.txt\n" +
			"no address,Dan,hello,a.txt\n" +
			"e@example.com,سارا,hello,\n" +
			"f@example.com,Fay,hello,gone.txt\n" +
			"g@example.com,Gus,hello,gone.txt\n",
	})
	s := whole(t, d, o)
	if s.Rows != 7 || s.Made != 7 || !slices.Equal(s.Columns, []string{"email", "name", "note", "file"}) {
		t.Errorf("%+v", s)
	}
	for _, want := range []Odd{{Empty, "note", 2}, {Shortest, "", 2}, {Longest, "", 3}, {Files, "", 3}, {Right, "", 5},
		{Empty, "file", 5}} {
		if !slices.Contains(s.Odd, want) {
			t.Errorf("%v is missing in %v", want, s.Odd)
		}
	}
	wrong := func(o Odd) bool { return o.Kind == Wrong && o.Row == 6 && strings.Contains(o.Detail, "no such file") }
	without := func(o Odd) bool { return o.Kind == Without && o.Row == 4 && o.Detail != "" }
	if !slices.ContainsFunc(s.Odd, wrong) || !slices.ContainsFunc(s.Odd, without) {
		t.Errorf("%v", s.Odd)
	}
	if !slices.IsSortedFunc(s.Odd, func(a, b Odd) int { return int(a.Row - b.Row) }) {
		t.Errorf("not in the order of the rows: %v", s.Odd)
	}
	if len(s.Findings) == 0 {
		t.Error("no findings")
	}
}

// A campaign whose templates have mistakes still has its rows counted, and the mistakes are its findings.
func TestMistakes(t *testing.T) {
	t.Parallel()
	d, o := folder(t, map[string]string{"campaign.yaml": fmt.Sprintf(campaignFile, ""), "body.txt": "{{.nmae}}",
		"people.csv": "email,name\na@example.com,Ann\n"})
	s := whole(t, d, o)
	if s.Rows != 1 || len(s.Findings) != 1 || s.Findings[0].Place != "body.txt:1:3" {
		t.Errorf("%+v", s)
	}
}

// A survey is made once for a version of the inputs, and anew when they change. Few are kept.
func TestVersions(t *testing.T) {
	t.Parallel()
	d, o := folder(t, map[string]string{"campaign.yaml": fmt.Sprintf(campaignFile, ""), "body.txt": "{{.name}}",
		"people.csv": "email,name\na@example.com,Ann\n"})
	was := Version(d)
	if Version(d) != was {
		t.Error("the same files have two versions")
	}
	var s Surveys
	defer s.Close()
	s.Of("campaign.yaml", was, o)
	s.all.Wait()
	one := s.by["campaign.yaml"]
	if s.Of("campaign.yaml", was, o); s.by["campaign.yaml"] != one {
		t.Error("a second survey of the same version")
	}
	for _, name := range []string{"people.csv", "body.txt"} {
		if err := os.WriteFile(filepath.Join(d.Dir, name), []byte("email,name\na@example.com,Ann\nb@example.com,Bob\n"),
			0o600); err != nil {
			t.Fatal(err)
		}
		if now := Version(d); now == was {
			t.Errorf("%s changed, and the version did not", name)
		} else {
			was = now
		}
	}
	s.Of("campaign.yaml", was, o)
	s.all.Wait()
	if got := s.Of("campaign.yaml", was, o); got.Rows != 2 {
		t.Errorf("%+v", got)
	}
	for i := range 3 * mostKept {
		s.Of(fmt.Sprint(i), was, o)
	}
	if len(s.by) != mostKept || len(s.order) != mostKept {
		t.Errorf("%d are kept", len(s.by))
	}
	s.Close()
	if got := s.Of("another", was, o); got.Done || s.by["another"] != nil {
		t.Error("a survey after the end")
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("email,name\n")
	for i := range 100 {
		fmt.Fprintf(&b, "p%d@example.com,Straße %d\n", i, i)
	}
	b.WriteString("ali@example.com,علی کریمی ۱۲\nzoe@example.com,Zoe\u0308\nzed at example.com,\n")
	d, _ := folder(t, map[string]string{"campaign.yaml": fmt.Sprintf(campaignFile, ""), "body.txt": "x",
		"people.csv": b.String()})
	for text, want := range map[string]int{"P77@": 1, "STRASSE 5": 11, "": 20, "nobody": 0, "علي كريمي": 1,
		"كریمی 12": 1, "ZOË": 1, "Zed at": 1,
		"%": 0, "[": 0, "\\": 0} {
		hits, more, err := Find(t.Context(), d, text, 20)
		if err != nil || len(hits) != want || more != (text == "") {
			t.Errorf("%q: %d, %v, %v", text, len(hits), more, err)
		}
	}
}

// The filter of some rows is true for them, whatever their cells say, and for no other row.
func TestOnly(t *testing.T) {
	t.Parallel()
	cells := []string{"plain", `a "b" \ c`, "نام\u200cها", "😀👩‍👧", "\u00a0", "tab\tin", "two\nlines", "\u202eabc",
		"\v\f\a\b\x7f",
		"\U000e0041", "{{.x}}", "${a}", "`", "\u2028", "'", "e\u0301", "é", "سلام", "", " ", "ي", "ی", "١", "1"}
	list := "email,note,\"a \"\"b\"\" \\ نام\u200cها\"\n"
	for i, c := range cells {
		list += fmt.Sprintf("p%d@example.com,\"%s\",x\n", i+1, strings.ReplaceAll(c, `"`, `""`))
	}
	d, o := folder(t, map[string]string{"body.txt": "x", "people.csv": list,
		"campaign.yaml": strings.Replace(fmt.Sprintf(campaignFile, ""), "Hello {{.name}}", "x", 1)})
	for i := range cells {
		filter, n, err := Only(t.Context(), d, []int64{int64(i + 1)})
		if err != nil || n != 1 {
			t.Errorf("%q: %d, %v", cells[i], n, err)
			continue
		}
		c, err := campaign.Open(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		var got []int64
		for m, err := range c.Messages(t.Context(), campaign.Chosen{Where: filter}) {
			if err != nil {
				t.Errorf("%q: %s: %v", cells[i], filter, err)
				break
			}
			got = append(got, m.Row.Number)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		if !slices.Equal(got, []int64{int64(i + 1)}) {
			t.Errorf("%q: %s is true for %v", cells[i], filter, got)
		}
	}
}
