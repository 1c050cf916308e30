package desk_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// scanner is a machine that looks at links: its name, its method and body, and its fields.
type scanner struct {
	agent, method, body string
	fields              []string
}

// scanners are made-up requests in the manner of machines that look at links before people do, or in their place.
func scanners() (all []scanner) {
	agents := []string{
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36 SafeLinks",
		"Mozilla/4.0 (compatible; MSIE 9.0; Windows NT 6.1; ms-office; MSOffice 16)", "BarracudaCentral/1.0 link check",
		"Mozilla/5.0 (X11; Linux x86_64) ProofpointURLDefense/2", "Mimecast-URL-Protect/1.0",
		"Mozilla/5.0 (compatible; Googlebot/2.1)", "GoogleImageProxy (via ggpht.com)", "Mozilla/5.0 (compatible; bingbot/2.0)",
		"Slackbot-LinkExpanding 1.0", "WhatsApp/2.23", "TelegramBot (like TwitterBot)", "facebookexternalhit/1.1",
		"LinkedInBot/1.0", "Twitterbot/1.0", "Discordbot/2.0", "SkypeUriPreview Preview/0.5", "Applebot/0.1",
		"Cisco-Secure-Email/1.0", "TrendMicro WTP/1.2", "Sophos Email Link Scan", "FortiMail URL Click Protect", "Iframely/1.3",
		"curl/8.5.0", "python-requests/2.31", "Go-http-client/1.1", "okhttp/4.12", "",
	}
	for _, agent := range agents {
		all = append(all, scanner{agent: agent, method: "GET"}, scanner{agent: agent, method: "HEAD"})
	}
	for _, field := range []string{"Sec-Purpose: prefetch", "Sec-Purpose: prefetch;prerender", "Purpose: prefetch",
		"X-Moz: prefetch", "X-Purpose: preview", "Range: bytes=0-1023", "If-None-Match: *", "Accept: image/avif,*/*",
		"X-HTTP-Method-Override: POST", "X-Forwarded-Method: POST", "Content-Type: application/x-www-form-urlencoded"} {
		all = append(all, scanner{method: "GET", fields: []string{field}})
	}
	for _, s := range []scanner{
		{method: "GET", body: oneClick, fields: []string{"Content-Type: application/x-www-form-urlencoded"}},
		{method: "GET", body: button}, {method: "HEAD", body: oneClick}, {method: "OPTIONS"},
		{method: "OPTIONS", body: oneClick, fields: []string{"Origin: https://evil.example", "Access-Control-Request-Method: POST"}},
		{method: "POST"}, {method: "POST", body: "url=scan"}, {method: "POST", body: "{}"}, {method: "POST", body: "act="},
		{method: "POST", body: "List-Unsubscribe="}, {method: "POST", body: "lang=en"},
		{method: "POST", body: oneClick, fields: []string{"Sec-Purpose: prefetch"}},
		{method: "POST", body: button, fields: []string{"Purpose: prefetch"}},
		{method: "PUT", body: oneClick}, {method: "PATCH", body: oneClick}, {method: "DELETE"}, {method: "PROPFIND"},
	} {
		s.agent = "a prefetcher"
		all = append(all, s)
	}
	return all
}

// Machines that look at links change nothing, whatever they ask: with GET and HEAD, before anybody has asked for it, with
// POSTs that have no body of ours, and with the body in the query. So do they not make themselves felt in the log.
//
// Seen to fail: with a GET that acts like a POST, with a POST that acts whatever is in its body, and with one that acts
// before it was asked for.
func TestScanners(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	path := "/u/" + h.of(news, ann)
	looks := 0
	for _, s := range scanners() {
		for _, where := range []string{path, path + "?" + oneClick, path + "?" + button, "/unsubscribe?token=" + path[3:]} {
			fields := append([]string{"User-Agent: " + s.agent, "Accept-Language: en"}, s.fields...)
			w := h.ask(s.method, where, s.body, fields...)
			if want := map[string]int{"GET": 200, "HEAD": 200, "POST": 200, "OPTIONS": 204}[s.method]; want != 0 && w.Code != want {
				t.Errorf("%+v: %d", s, w.Code)
			}
			if got := h.list(); len(got) > 0 {
				t.Fatalf("%+v at %s has changed the list: %q", s, strings.Replace(where, path[3:], "TOKEN", 1), got)
			}
		}
		if s.method == "GET" || s.method == "HEAD" {
			looks++
		}
	}
	if acts := h.acted(); len(acts) > 0 || looks < 60 {
		t.Errorf("%d looks, %q", looks, acts)
	}
	h.ask("POST", path, oneClick)
	h.lists(byClick)
}

// What a real client of HTTP makes of it: bodies in pieces, bodies that are asked for first, and one connection for all.
func TestOverHTTP(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	s := httptest.NewServer(h.desk)
	defer s.Close()
	s.Client().CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	for i, c := range []topicOf{{"news", false}, {"events", true}} {
		of := news
		if c.topic == "events" {
			of = events
		}
		r, err := http.NewRequest("POST", s.URL+"/u/"+h.of(of, ann), strings.NewReader(oneClick))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if c.pieces {
			r.ContentLength = -1
			r.Header.Set("Expect", "100-continue")
		}
		answer, err := s.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if got := h.list(); answer.StatusCode != 200 || len(got) != i+1 {
			t.Errorf("%+v: %d %q", c, answer.StatusCode, got)
		}
	}
	if got := fmt.Sprint(h.acted()); !strings.Contains(got, "unsubscribed|events-1|events|one-click") {
		t.Error(got)
	}
}

type topicOf struct {
	topic  string
	pieces bool
}
