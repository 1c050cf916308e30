package frame

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/fstest"
)

// Whoever chooses a language stays in the window, whatever the form says. The address with a tab led to another
// server: a browser leaves it out, and two slashes are left.
func TestLanguageLeadsBack(t *testing.T) {
	t.Parallel()
	for back, want := range map[string]string{
		"/c/a.yaml/people?page=2&x=%2F%2Fy": "/c/a.yaml/people?page=2&x=%2F%2Fy", "/": "/", "": "/", "people": "/",
		"//evil.example": "/", `/\evil.example`: "/", "/\t/evil.example": "/", "/\n/evil.example": "/", "\t//evil.example": "/",
		"http://evil.example": "/", "javascript:x": "/", "/\x00": "/", "///evil.example": "/", "/%": "/",
	} {
		r := httptest.NewRequest("POST", "/language", strings.NewReader(url.Values{"back": {back},
			"language": {"fa"}}.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		if Language(w, r); w.Code != http.StatusSeeOther || w.Header().Get("Location") != want {
			t.Errorf("%q: %d %q", back, w.Code, w.Header().Get("Location"))
		}
		if c := w.Result().Cookies(); len(c) != 1 || c[0].Value != "fa" || !c[0].HttpOnly ||
			c[0].SameSite != http.SameSiteStrictMode {
			t.Errorf("%q: %v", back, c)
		}
	}
}

// An answer to a form leads back to the page with the form: the form's own address has no page, and whoever chose a
// language on the answer was told that there is none.
func TestHere(t *testing.T) {
	t.Parallel()
	pages := Load(fstest.MapFS{"x.html": {Data: []byte(`{{define "content"}}<i>{{.Here}}</i>{{end}}`)}})
	for _, tt := range []struct{ method, referer, want string }{
		{"GET", "http://example.com/other", "/c/a/send?x=1"}, {"POST", "http://example.com/c/a/plan?y=2", "/c/a/plan?y=2"},
		{"POST", "", "/"}, {"POST", "http://evil.example/c", "/"}, {"POST", "%", "/"},
	} {
		r := httptest.NewRequest(tt.method, "/c/a/send?x=1", nil)
		r.Header.Set("Referer", tt.referer)
		w := httptest.NewRecorder()
		if pages.Show(w, r, Page{Name: "x"}); !strings.Contains(w.Body.String(), "<i>"+tt.want+"</i>") {
			t.Errorf("%+v: %s", tt, w.Body)
		}
	}
}

// A place in the campaign's file or in a template leads to its line; that of a row of the list does not.
func TestSource(t *testing.T) {
	t.Parallel()
	c := &Campaign{File: "a b/campaign.yaml"}
	for place, want := range map[string]string{
		"campaign.yaml:17:3": "/c/a%20b%2Fcampaign.yaml/message?at=17&file=campaign.yaml#L17",
		"body.md:3":          "/c/a%20b%2Fcampaign.yaml/message?at=3&file=body.md#L3",
		"people.csv:3":       "", "campaign.yaml": "", "campaign.yaml:x": "", "other.yaml:3": "", "": "",
	} {
		if got := source(c, place); got != want {
			t.Errorf("%q leads to %q", place, got)
		}
	}
	if source(nil, "campaign.yaml:3") != "" {
		t.Error("a place of no campaign leads somewhere")
	}
}
