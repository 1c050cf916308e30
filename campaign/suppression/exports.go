package suppression

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
)

// objects reads JSON: an answer of SES, a list of entries, or one entry after another.
func (l *reader) objects() {
	d := json.NewDecoder(l.in)
	n := 0
	for {
		var value json.RawMessage
		err := d.Decode(&value)
		if err == io.EOF {
			return
		}
		if err != nil {
			l.errs = append(l.errs, fmt.Errorf("%s: not JSON: %w", l.name, err))
			return
		}
		list := []json.RawMessage{value}
		var answer struct {
			Entries   []json.RawMessage `json:"SuppressedDestinationSummaries"`
			NextToken string
		}
		switch {
		case value[0] == '[':
			err = json.Unmarshal(value, &list)
		case json.Unmarshal(value, &answer) == nil && answer.Entries != nil:
			list = answer.Entries
		}
		if answer.NextToken != "" {
			l.errs = append(l.errs, &lineError{
				file: l.name, line: 1,
				text: "not the whole list: it has a NextToken (export it without --max-items and --no-paginate)",
			})
		}
		if err != nil {
			l.errs = append(l.errs, fmt.Errorf("%s: %w", l.name, err))
		}
		for _, one := range list {
			n++
			l.object(n, one)
		}
	}
}

// object adds one entry of SES (EmailAddress, Reason, LastUpdateTime), SendGrid (email, reason, created) or of our own
// list as suppress list --json prints it.
// encoding/json ignores the case of names.
func (l *reader) object(n int, raw json.RawMessage) {
	var e struct {
		EmailAddress, Email, Reason string
		LastUpdateTime, Created     json.RawMessage
		Key, From, Topic, Time      string
	}
	err := json.Unmarshal(raw, &e)
	if err == nil && e.Key != "" {
		l.export, l.topic, l.out.Kind = &export{name: "mailshot"}, e.Topic, "mailshot"
		before := len(l.out.Entries)
		if l.add(lineError{object: n}, e.Key, e.Reason, e.Time); len(l.out.Entries) > before {
			l.out.Entries[before].Domain = strings.ToLower(e.From)
		}
		return
	}
	if err != nil || e.EmailAddress == "" && e.Email == "" {
		l.errs = append(l.errs, &lineError{file: l.name, object: n, text: "no EmailAddress"})
		return
	}
	kind, who, when := &exports[amazonSES], e.EmailAddress, e.LastUpdateTime
	if who == "" {
		kind, who, when = &exports[sendGrid], e.Email, e.Created
	}
	l.export, l.out.Kind = kind, kind.name
	why, _ := kind.reason(func(names ...string) string {
		if slices.Contains(names, "reason") {
			return e.Reason
		}
		return ""
	})
	l.add(lineError{object: n}, who, why, strings.Trim(string(when), `"`))
}

// export is a list as another tool writes it.
type export struct {
	name    string
	columns []string // folded; a file that has all of them is this tool's
	date    []string // columns with the date, folded; the first that is not empty counts
	// reason says why the person in a row is not to be mailed, or that they may be mailed.
	reason func(get func(...string) string) (why string, may bool)
}

// is reports whether columns are those of the export.
func (e *export) is(columns []string) bool {
	for _, c := range e.columns {
		if !slices.Contains(columns, c) {
			return false
		}
	}
	return true
}

// exports are the tools whose exports are known.
//
//   - listmonk: cmd/subscribers.go of knadh/listmonk writes uuid, email, name, attributes, status, created_at,
//     updated_at. The status is enabled, disabled or blocklisted.
//   - Mailchimp: the files unsubscribed_… and cleaned_… of an audience export have Email Address and the person's own
//     columns. The first then has UNSUB_TIME, UNSUB_CAMPAIGN_TITLE, UNSUB_CAMPAIGN_ID, UNSUB_REASON,
//     UNSUB_REASON_OTHER, and the second CLEAN_TIME, CLEAN_CAMPAIGN_TITLE, CLEAN_CAMPAIGN_ID. All files have LEID and
//     EUID (https://mailchimp.com/help/view-export-contacts/). The file of people who are subscribed has neither time.
//   - Amazon SES: SuppressedDestinationSummary has EmailAddress, Reason (BOUNCE, COMPLAINT) and LastUpdateTime
//     (https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SuppressedDestinationSummary.html). A list made for
//     its import has lines of address,REASON or objects with emailAddress and reason.
//   - SendGrid: bounces have created, email, reason, status; spam reports have created, email, ip; unsubscribes have
//     created, email. The same columns are in its CSV files. created is in Unix seconds
//     (https://www.twilio.com/docs/sendgrid/api-reference/bounces-api/retrieve-all-bounces and the pages beside it).
var exports = [...]export{
	{
		name: "listmonk", columns: []string{"uuid", "email", "attributes", "status"},
		date: []string{"updatedat", "createdat"},
		reason: func(get func(...string) string) (string, bool) {
			return get("status") + " in listmonk", get("status") == "enabled"
		},
	},
	{
		name: "Mailchimp", columns: []string{"emailaddress", "leid", "euid"}, date: []string{"cleantime", "unsubtime"},
		reason: func(get func(...string) string) (string, bool) {
			if get("cleantime") != "" {
				return "cleaned by Mailchimp: it bounced", false
			}
			why := "unsubscribed at Mailchimp"
			if said := get("unsubreasonother", "unsubreason"); said != "" && said != "N/A" {
				why += ": " + said
			}
			return why, false
		},
	},
	amazonSES: {
		name: "Amazon SES", columns: []string{"emailaddress", "reason", "lastupdatetime"},
		date: []string{"lastupdatetime"},
		reason: func(get func(...string) string) (string, bool) {
			return strings.TrimSpace(strings.ToLower(get("reason")) + " at Amazon SES"), false
		},
	},
	sendGrid: {
		name: "SendGrid", columns: []string{"email", "created"}, date: []string{"created"},
		reason: func(get func(...string) string) (string, bool) {
			switch why := get("reason"); {
			case why != "":
				return why + " (SendGrid)", false
			case get("ip") != "":
				return "spam report at SendGrid", false
			}
			return "unsubscribed at SendGrid", false
		},
	},
}

// The places in exports of the tools that also write JSON.
const (
	amazonSES = 2
	sendGrid  = 3
)
