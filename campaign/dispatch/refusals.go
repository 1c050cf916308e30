package dispatch

import (
	"fmt"
	"strings"
	"unicode"

	"mailshot/campaign/ledger"
	"mailshot/sender"
)

// refusals are the recipients that one server has refused since it last accepted one, grouped by its words. If a server
// refuses recipients of several domains with the same words, the words are about the sender: the account is blocked, or
// the server knows nobody. A refused person may belong on the suppression list. That conclusion is kept back until the
// server accepts another recipient, so that words about the sender put nobody on the list. A run's mu guards it.
type refusals struct {
	alike map[string]*alike // by what the server said
}

// alike are the recipients that were refused with the same words.
type alike struct {
	n       int64
	domains map[string]bool // of the recipients; mostDomains at most
	kept    []refusal       // mostKept at most
}

// refusal is a delivery that a server has refused for good, and its words.
type refusal struct {
	d   *ledger.Delivery
	out sender.Outcome
}

const (
	// fewestDomains is how many domains the recipients must have before their refusal can be about the sender.
	fewestDomains = 2
	mostDomains   = 1000
	// suspicious is how many recipients, refused with the same words when a run ends, make the words suspicious.
	suspicious = 3
	// mostKept bounds what is kept back. If that many recipients share one domain, the words are about that domain.
	mostKept = 1000
)

// add counts a refusal among those that are alike, which it returns.
func (s *refusals) add(r refusal) *alike {
	if s.alike == nil {
		s.alike = map[string]*alike{}
	}
	said := saidOf(r.out)
	same := s.alike[said]
	if same == nil {
		same = &alike{domains: map[string]bool{}}
		s.alike[said] = same
	}
	same.n++
	if len(same.domains) < mostDomains {
		same.domains[domainOf(r.d)] = true
	}
	return same
}

// keep keeps back the conclusion about a refusal that was added. It reports false if too many are kept already.
func (s *refusals) keep(r refusal) bool {
	same := s.alike[saidOf(r.out)]
	if same == nil || len(same.kept) >= mostKept {
		return false
	}
	same.kept = append(same.kept, r)
	return true
}

// take forgets all refusals, and returns what was kept back.
func (s *refusals) take() (kept []refusal) {
	for _, same := range s.alike {
		kept = append(kept, same.kept...)
	}
	s.alike = nil
	return kept
}

// rest returns, at the end of a run, the refusals that are about the recipients although the server accepted nobody
// after them: few had the same words, or all were of one domain. The other refusals stay without a conclusion.
func (s *refusals) rest() (kept []refusal) {
	for _, same := range s.alike {
		if same.n < suspicious || len(same.domains) < fewestDomains {
			kept = append(kept, same.kept...)
		}
	}
	return kept
}

// saidOf is what a refusal says, without the words that name a person, a place or a moment: those with an @, a dot
// inside or a digit.
func saidOf(out sender.Outcome) string {
	said := fmt.Sprint(out.Code, " ", out.Enhanced)
	for _, word := range strings.Fields(strings.ToLower(out.Text)) {
		word = strings.TrimFunc(word, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
		if word != "" && !strings.ContainsAny(word, "@.0123456789") {
			said += " " + word
		}
	}
	return said
}

// domainOf is the domain of a delivery's recipient.
func domainOf(d *ledger.Delivery) string {
	return d.AddressKey[strings.LastIndexByte(d.AddressKey, '@')+1:]
}
