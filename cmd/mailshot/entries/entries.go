// Package entries is the suppression list as the terminal shows it and asks for it: [Of] is an entry as it is shown,
// and [Asked] are the entries that a person names.
package entries

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"mailshot/campaign/accounts"
	"mailshot/campaign/definition/bulk"
	"mailshot/campaign/report"
	"mailshot/campaign/suppression"
	"mailshot/render/address"
)

// Suppressed is an entry of the suppression list in JSON.
type Suppressed struct {
	Key    string    `json:"key"`
	From   string    `json:"from,omitempty"`
	Topic  string    `json:"topic,omitempty"` // "*" = all newsletters and notices; left out = everything
	Reason string    `json:"reason,omitempty"`
	Source string    `json:"source,omitempty"`
	Time   time.Time `json:"time"`
}

// Of is an entry as it is shown.
func Of(e accounts.Entry) Suppressed {
	return Suppressed{e.Key, e.Domain, e.Topic, e.Reason, e.Source, e.Time}
}

// All are entries as they are shown.
func All(list []accounts.Entry) []Suppressed {
	all := []Suppressed{}
	for _, e := range list {
		all = append(all, Of(e))
	}
	return all
}

// Row is an entry in a table: who, for mail from whom, about what, since when and why.
func (e Suppressed) Row() []string {
	from, what, who := e.From, e.What(), report.Clean(e.Key)
	if from == "" {
		from = "all"
	}
	if what == "" {
		what = "all"
	}
	if strings.HasPrefix(e.Key, accounts.Hidden) {
		who = "(forgotten)"
		if e.Topic != "" {
			who = "(by a token)"
		}
	}
	return []string{who, report.Clean(from), what, e.Time.Local().Format(time.DateOnly), report.Clean(e.Reason)}
}

// Head is the head of that table.
var Head = []string{"WHO", "FOR MAIL FROM", "ABOUT", "SINCE", "REASON"}

// What is the mail that an entry is about; "" is all of it.
func (e Suppressed) What() string {
	if e.Topic == accounts.Bulk {
		return "newsletters and notices"
	}
	return report.Clean(e.Topic)
}

// Words say what an entry keeps from the person with this address, since when and why.
func (e Suppressed) Words(address string) string {
	words := "is never mailed"
	if what := e.What(); what != "" {
		words = "gets no mail about " + what
		if e.Topic == accounts.Bulk {
			words = "gets no " + what
		}
	}
	if e.From != "" {
		words += " from " + report.Clean(e.From)
	}
	return words + ", since " + e.Time.Local().Format("2006-01-02 15:04") + e.because(address)
}

// because is why an entry is on the list, and whom it holds for if that is not the person alone.
func (e Suppressed) because(address string) string {
	var parts []string
	if e.Key != address && !strings.HasPrefix(e.Key, accounts.Hidden) {
		parts = append(parts, "as "+e.Key)
	}
	for _, s := range []string{e.Reason, e.Source} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return ": " + report.Clean(strings.Join(parts, "; "))
}

// Asked is what entries hold for, as a person says it.
type Asked struct{ From, Topic, Reason string }

// Mail are the domain and the topic as the list keeps them.
func (a Asked) Mail() (domain, topic string, err error) {
	if a.From != "" {
		from, err := address.Parse("x@" + a.From[strings.LastIndexByte(a.From, '@')+1:])
		if err != nil {
			return "", "", fmt.Errorf("--from: %w", err)
		}
		domain = from.Domain()
	}
	if a.Topic != "" && a.Topic != accounts.Bulk && !bulk.IsTopic(a.Topic) {
		return "", "", fmt.Errorf("--topic: %q is not a topic: %s", a.Topic, bulk.TopicHint)
	}
	return domain, strings.ToLower(a.Topic), nil
}

// Keys are names of people and domains as the list keeps them. The error names every one that is not an address or a
// domain.
func Keys(names []string) ([]string, error) {
	var keys []string
	var errs []error
	for _, n := range names {
		key, err := suppression.Key(strings.TrimSpace(n))
		keys, errs = append(keys, key), append(errs, err)
	}
	return keys, errors.Join(errs...)
}
