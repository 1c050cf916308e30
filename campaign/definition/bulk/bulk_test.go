package bulk_test

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"mailshot/campaign/definition/bulk"
	"mailshot/campaign/definition/schema"
)

func given(s string) schema.Text { return schema.Text{Text: s, Line: 3, Column: 9} }

func headers(m bulk.Mail, id, domain string) map[string]string {
	all := map[string]string{}
	for _, f := range m.Headers(id, domain) {
		all[f.Name] = f.Value.Text
	}
	return all
}

// kinds are a campaign of each kind, as people write them.
var kinds = map[string]bulk.Mail{
	bulk.Newsletter: {Kind: bulk.Newsletter, Topic: "news", Topics: map[string]string{"news": "Monthly news"},
		URL: given("https://acme.example/u/{{.mailshot.token}}"), Address: given("u+{{.mailshot.token}}@acme.example")},
	bulk.Notice:        {Kind: bulk.Notice},
	bulk.Transactional: {Kind: bulk.Transactional, Topic: "invoices"},
}

// Each kind of mail has the fields that receivers ask of it. A rule is named with its source.
func TestRules(t *testing.T) {
	t.Parallel()
	for _, rule := range []struct {
		source string
		holds  func(kind string, h map[string]string) bool
	}{
		{"Gmail, sender guidelines (answer/81126): marketing mail has one-click unsubscribing; Yahoo, sender best practices",
			func(kind string, h map[string]string) bool {
				return kind != bulk.Newsletter || h["List-Unsubscribe"] != "" && h["List-Unsubscribe-Post"] != ""
			}},
		{"RFC 8058 section 3.1: the value of List-Unsubscribe-Post, and one HTTPS address in List-Unsubscribe",
			func(_ string, h map[string]string) bool {
				post, ok := h["List-Unsubscribe-Post"]
				return !ok || post == "List-Unsubscribe=One-Click" && strings.Count(h["List-Unsubscribe"], "<https://") == 1
			}},
		{"RFC 2369 section 2: addresses in angle brackets, with commas between them",
			func(_ string, h map[string]string) bool {
				value, ok := h["List-Unsubscribe"]
				return !ok || regexp.MustCompile(`^<[^<>]+>(, <[^<>]+>)*$`).MatchString(value)
			}},
		{"RFC 2919 section 2: List-ID ends with a dot-atom in angle brackets; section 3: of a domain that the list's owner has",
			func(kind string, h map[string]string) bool {
				value, ok := h["List-ID"]
				return ok == (kind != bulk.Transactional) &&
					(!ok || regexp.MustCompile(`^([A-Za-z ]+ )?<[A-Za-z0-9-]+\.acme\.example>$`).MatchString(value))
			}},
		{"Gmail, Feedback loop (answer/6254652): at most three before a sender's of 5 to 15 characters, nothing of the person",
			func(_ string, h map[string]string) bool {
				return regexp.MustCompile(`^[^:{}]+:[^:{}]+:[^:{}]+:[A-Za-z0-9-]{5,15}$`).MatchString(h["Feedback-ID"])
			}},
		{"RFC 3834 section 2 and 5: no answers by machines; mail that a machine sends to one person says so",
			func(kind string, h map[string]string) bool {
				return (h["Precedence"] == "bulk") == (kind != bulk.Transactional) &&
					(h["Auto-Submitted"] == "auto-generated") == (kind != bulk.Newsletter)
			}},
		{"MS-OXCMAIL 2.1.3.2.20: Exchange sends no absence notices; DR and NDR are bounces, which are wanted",
			func(_ string, h map[string]string) bool { return h["X-Auto-Response-Suppress"] == "OOF, AutoReply" }},
	} {
		for kind, m := range kinds {
			if h := headers(m, "news-2026-11", "acme.example"); !rule.holds(kind, h) {
				t.Errorf("%s: %s\n%v", kind, rule.source, h)
			}
		}
	}
}

// A campaign file that says nothing of this gets no fields, as before there were kinds. One that only says how people
// leave gets those of that.
func TestNoKind(t *testing.T) {
	t.Parallel()
	if h := headers(bulk.Mail{}, "id", "acme.example"); len(h) > 0 {
		t.Error(h)
	}
	h := headers(bulk.Mail{Address: given("u@acme.example?subject=leave")}, "id", "acme.example")
	if len(h) != 1 || h["List-Unsubscribe"] != "<mailto:u@acme.example?subject=leave>" {
		t.Error(h)
	}
}

// What stays the same over campaigns stays so whatever their ids are. Where the domain comes from the list, what
// needs it is left out.
func TestStable(t *testing.T) {
	t.Parallel()
	a, b := headers(kinds[bulk.Newsletter], "news-1", "acme.example"), headers(kinds[bulk.Newsletter], "news-2",
		"acme.example")
	if a["List-ID"] != b["List-ID"] || a["List-ID"] != "Monthly news <news.acme.example>" {
		t.Error(a["List-ID"], b["List-ID"])
	}
	if a["Feedback-ID"] != "news-1:news:newsletter:acme-example" ||
		b["Feedback-ID"] != "news-2:news:newsletter:acme-example" {
		t.Error(a["Feedback-ID"], b["Feedback-ID"])
	}
	for domain, want := range map[string]string{"a.co": "a-co-mail", "a.very-long-name.example": "a-very-long-nam"} {
		if got := headers(kinds[bulk.Notice], "id", domain)["Feedback-ID"]; !strings.HasSuffix(got, ":"+want) {
			t.Error(domain, got)
		}
	}
	if h := headers(kinds[bulk.Notice], "id", ""); h["List-ID"] != "" || h["Feedback-ID"] != "" || h["Precedence"] == "" {
		t.Error(slices.Sorted(maps.Keys(h)))
	}
}
