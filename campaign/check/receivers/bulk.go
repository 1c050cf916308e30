package receivers

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"mailshot/campaign/check"
)

// much is how many messages to one receiver within a day make a sender a bulk sender: Gmail's and Microsoft's figure.
// Yahoo names none.
const much = 5000

// large are the receivers that have published what they ask of bulk senders, with their names.
var large = map[string]string{"gmail": "Gmail", "yahoo": "Yahoo", "outlook": "Outlook.com"}

// leaving looks at the header fields for unsubscribing from a newsletter. The campaign file's rules say that there are
// some.
func (l *looker) leaving() {
	if l.Kind != newsletter || !l.Unsubscribe.Given || l.Unsubscribe.OneClick {
		return
	}
	text, hint := "people can leave only by mail, and not with one click", "add unsubscribe.url: a page of yours that takes a POST"
	if l.Unsubscribe.HTTPS {
		text, hint = "List-Unsubscribe has a page, and no List-Unsubscribe-Post says that one click is enough",
			`use unsubscribe: { url: … } in place of the header, or add List-Unsubscribe-Post: List-Unsubscribe=One-Click`
	}
	l.say("unsubscribe", "no-one-click", text, hint)
}

// bulk says what a campaign lacks if it goes to so many people at one receiver that the rules for bulk senders apply.
func (l *looker) bulk() {
	var to []string
	for _, group := range slices.Sorted(maps.Keys(large)) {
		if n := l.Recipients[group]; n >= much && (l.PerDay == 0 || l.PerDay >= much) {
			to = append(to, fmt.Sprintf("%d of the recipients are at %s", n, large[group]))
		}
	}
	if len(to) == 0 {
		return
	}
	lacks, unknown := l.lacking()
	if len(lacks)+len(unknown) == 0 {
		return
	}
	text := strings.Join(to, " and ") + ": the rules for bulk senders hold there"
	if len(lacks) > 0 {
		text += "; the campaign lacks " + strings.Join(lacks, " and ")
	}
	if len(unknown) > 0 {
		text += "; not known here: " + strings.Join(unknown, ", ")
	}
	hint := "docs/bulk.md says what the large receivers ask for"
	if !l.Records.Asked {
		hint = "mailshot check --dns asks for the records"
	}
	key := "kind"
	if l.Kind == "" {
		key = "from"
	}
	f := l.say(key, "bulk-sender", text, hint)
	switch {
	case len(lacks) == 0:
		f.Severity = check.Note
	case l.Records.Asked && (!l.Records.SPF || !l.Records.DMARC):
		f.Severity = check.Error
	}
}

// lacking returns which rules for bulk senders a campaign does not meet, and which are not known, in words.
func (l *looker) lacking() (lacks, unknown []string) {
	if l.Records.Asked {
		if !l.Records.SPF {
			lacks = append(lacks, "an SPF record")
		}
		if !l.Records.DMARC {
			lacks = append(lacks, "a DMARC record")
		}
	} else {
		unknown = append(unknown, "SPF", "DMARC")
	}
	service := len(l.Servers) > 0 && !slices.ContainsFunc(l.Servers, func(s Server) bool { return !s.Service })
	switch {
	case l.signed():
	case slices.ContainsFunc(l.Servers, func(s Server) bool { return s.Direct }):
		lacks = append(lacks, "a DKIM signature")
	case !service:
		unknown = append(unknown, "whether the server signs (DKIM)")
	}
	switch {
	case l.Unsubscribe.OneClick:
	case l.Kind == newsletter:
		lacks = append(lacks, "a way to leave with one click")
	case l.Kind == "":
		unknown = append(unknown, "whether it is a newsletter (kind), which people must be able to leave with one click")
	}
	return lacks, unknown
}
