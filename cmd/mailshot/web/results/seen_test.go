package results

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mailshot/campaign/ledger"
)

// Nobody decides about what they have not seen: after a run or another decision the form of an older page decides
// nothing. With the states looked at alone, a row that was sent again since and is unknown again goes a third time.
func TestSeen(t *testing.T) {
	t.Parallel()
	s := open(t, 40)
	ids := all(idPattern, s.get("?state=unknown").Body.String())
	old := s.seen("?state=unknown")
	file := filepath.Join(s.dir, ".mailshot", "state.db")
	again(t, file, "news", 5) // five of the ten that waited are unknown now
	for _, form := range []url.Values{{"all": {"1"}}, {"id": ids[:1]}} {
		for path, as := range map[string]string{"decide": "resend", "retry": "", "cancel": ""} {
			form.Set("as", as)
			form.Set("back", "?state=unknown")
			for _, seen := range []string{old, ""} {
				form.Set("seen", seen)
				if w := s.post(path, form); w.Code != http.StatusUnprocessableEntity ||
					!strings.Contains(w.Body.String(), "This has changed") {
					t.Errorf("%s %v: %d", path, form, w.Code)
				}
			}
		}
	}
	if got := all(countPattern, s.get("").Body.String()); !slices.Equal(got,
		[]string{"sent 10", "refused 10", "unknown 15", "pending 5"}) {
		t.Errorf("%q", got)
	}
	form := url.Values{"all": {"1"}, "as": {"sent"}, "back": {"?state=unknown"}}
	if w := s.post("decide", form); !strings.Contains(w.Body.String(), "15 messages count as sent now") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	// A row that was decided about, sent again, and is unknown again: the counts are those of before.
	file = filepath.Join(s.dir, ".mailshot", "sink", "7", "state.db")
	fill(t, file, "news", 3)
	list := url.Values{"back": {"?of=sink%2F7&state=unknown"}, "as": {"resend"}, "all": {"1"},
		"seen": {s.seen("?of=sink/7&state=unknown")}}
	if w := s.post("decide", list); !strings.Contains(w.Body.String(), "1 message is pending again") {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	again(t, file, "news", 1)
	if w := s.post("decide", list); w.Code != http.StatusUnprocessableEntity {
		t.Errorf("%d for a row that is unknown once more", w.Code)
	}
	// What a form names and is not there is not the campaign.
	if err := os.RemoveAll(filepath.Dir(file)); err != nil {
		t.Fatal(err)
	}
	list.Set("seen", s.seen(""))
	if w := s.post("decide", list); w.Code != http.StatusNotFound {
		t.Errorf("%d for a rehearsal that is gone", w.Code)
	}
}

// again is another run, in which n deliveries end as unknown.
func again(t *testing.T, file, id string, n int) {
	t.Helper()
	l, err := ledger.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	lock, err := l.Lock(id)
	if err != nil {
		t.Fatal(err)
	}
	r, err := l.Run(t.Context(), id, ledger.RunOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for range n {
		d, err := r.Next(t.Context(), nil, t0)
		if err == nil && d == nil {
			err = errors.New("nothing is left")
		}
		if err == nil {
			err = errors.Join(r.Begin(t.Context(), d), r.Start(t.Context(), d), r.Settle(t.Context(), d,
				ledger.Result{State: ledger.Unknown, Text: "again", Stage: "dot", Server: "mx.example:25", Time: t0}))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(r.Close(), lock.Close(), l.Close()); err != nil {
		t.Fatal(err)
	}
}

// Campaign files of one folder have their rehearsals in one place; each shows its own. With all of them shown, one that
// has not been planned shows the rehearsal of another.
func TestOthersRehearsal(t *testing.T) {
	t.Parallel()
	s := open(t, 8)
	other := strings.Replace(campaignFile, "id: news", "id: other", 1)
	if err := os.WriteFile(filepath.Join(s.dir, "other.yaml"), []byte(other), 0o600); err != nil {
		t.Fatal(err)
	}
	fill(t, filepath.Join(s.dir, ".mailshot", "sink", "1", "state.db"), "news", 4)
	ask := func(path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		s.mux.ServeHTTP(w, httptest.NewRequest("GET", "/c/other.yaml/results"+path, nil))
		return w
	}
	for _, query := range []string{"", "?of=sink/1"} {
		if page := ask(query).Body.String(); len(all(rowPattern, page)) > 0 || strings.Contains(page, "Rehearsal 1") {
			t.Errorf("%q shows the rehearsal of news", query)
		}
	}
	if w := ask("/download/csv?of=sink/1"); w.Code != http.StatusNotFound {
		t.Errorf("%d", w.Code)
	}
	if page := s.get("?of=sink/1").Body.String(); len(all(rowPattern, page)) != 4 {
		t.Error("news does not show its own")
	}
}
