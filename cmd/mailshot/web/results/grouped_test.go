package results

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"mailshot/campaign/ledger"
)

// grouped puts a campaign with groups in the place of the shop's own.
func (s *shop) grouped() {
	s.Helper()
	const from = "../../../../campaign/testdata/grouped/"
	state := filepath.Join(s.dir, ".mailshot", "state.db")
	for to, file := range map[string]string{"campaign.yaml": "campaign.yaml", "people.csv": "people.csv",
		"body.txt":        "body.txt",
		"do-not-mail.csv": "do-not-mail.csv", ".mailshot/state.db": "state10-accounts10.state.db.gz"} {
		b, err := os.ReadFile(from + file)
		if err == nil && strings.HasSuffix(file, ".gz") {
			var r *gzip.Reader
			if r, err = gzip.NewReader(bytes.NewReader(b)); err == nil {
				b, err = io.ReadAll(r)
			}
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(s.dir, filepath.FromSlash(to)), b, 0o600)
		}
		if err != nil {
			s.Fatal(err)
		}
	}
	for _, suffix := range []string{"-wal", "-shm"} {
		if err := os.RemoveAll(state + suffix); err != nil {
			s.Fatal(err)
		}
	}
	if err := os.RemoveAll(state + ".locks"); err != nil {
		s.Fatal(err)
	}
}

// The page of a grouped row leads to the row whose message has it, and that one's page to all rows that it carries. The
// row of a person alone leads nowhere.
func TestRowsOfAGroup(t *testing.T) {
	t.Parallel()
	s := open(t, 1)
	s.grouped()
	l, err := ledger.Open(filepath.Join(s.dir, ".mailshot", "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]string{}
	for r, err := range l.Deliveries(t.Context(), "grouped", ledger.Filter{}) {
		if err != nil {
			t.Fatal(err)
		}
		ids[strings.TrimPrefix(r.Place, "people.csv:")] = itoa(int(r.ID))
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	leads := regexp.MustCompile(`<dt>([^<]*)</dt><dd>((?:(?: · )?<a href="[^"]*/row\?of=[^"]*id=\d+"><bdi>people.csv:\d+</bdi></a>)+)</dd>`)
	places := regexp.MustCompile(`id=(\d+)"><bdi>people.csv:(\d+)<`)
	for line, want := range map[string]string{
		"5":  "Its message also has 10 15",
		"10": "In the message of 5",
		"15": "In the message of 5",
		"2":  "Its message also has 4",
		"11": "",
	} {
		w := s.get("/row?id=" + ids[line])
		if w.Code != http.StatusOK {
			t.Fatal(w.Code, w.Body)
		}
		page := w.Body.String()
		page = page[strings.Index(page, `class="facts"`):] // the row that was asked for comes first
		page = page[:strings.Index(page, "</dl>")]
		got := ""
		for _, m := range leads.FindAllStringSubmatch(page, -1) {
			var to []string
			for _, one := range places.FindAllStringSubmatch(m[2], -1) {
				if ids[one[2]] != one[1] {
					t.Errorf("row %s leads to %s as row %s", line, one[1], one[2])
				}
				to = append(to, one[2])
			}
			slices.Sort(to)
			got = m[1] + " " + strings.Join(to, " ")
		}
		if got != want {
			t.Errorf("the page of line %s: %q, want %q\n%s", line, got, want, page)
		}
	}
}
