package suppression

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
)

// objects reads JSON: SES's answer or a list of its entries, also one a line.
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
			l.errs = append(l.errs, fmt.Errorf("%s: this is no JSON: %w", l.name, err))
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
			l.errs = append(l.errs, &lineError{file: l.name, line: 1, text: "this is not the whole list: there is a NextToken (export it without --max-items and --no-paginate)"})
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

// object takes up one entry of SES (EmailAddress, Reason, LastUpdateTime) or SendGrid (email, reason, created). encoding/json
// matches names without regard to case.
func (l *reader) object(n int, raw json.RawMessage) {
	var e struct {
		EmailAddress, Email, Reason string
		LastUpdateTime, Created     json.RawMessage
	}
	if err := json.Unmarshal(raw, &e); err != nil || e.EmailAddress == "" && e.Email == "" {
		l.errs = append(l.errs, &lineError{file: l.name, object: n, text: "there is no EmailAddress"})
		return
	}
	kind, who, when := &exports[2], e.EmailAddress, e.LastUpdateTime
	if who == "" {
		kind, who, when = &exports[3], e.Email, e.Created
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

// export is a list as another program writes it.
type export struct {
	name    string
	columns []string // that tell it, folded
	date    []string
	// reason says why the person of a row is not to be mailed, or that they may be.
	reason func(get func(...string) string) (why string, may bool)
}

func (e *export) is(columns []string) bool {
	for _, c := range e.columns {
		if !slices.Contains(columns, c) {
			return false
		}
	}
	return true
}

// exports are the programs whose exports are known.
//
//   - listmonk: cmd/subscribers.go of knadh/listmonk writes uuid, email, name, attributes, status, created_at, updated_at; the
//     status is enabled, disabled or blocklisted.
//   - Mailchimp: the files unsubscribed_… and cleaned_… of an audience export have Email Address, the person's own columns,
//     UNSUB_TIME, UNSUB_CAMPAIGN_TITLE, UNSUB_CAMPAIGN_ID, UNSUB_REASON, UNSUB_REASON_OTHER, or CLEAN_TIME,
//     CLEAN_CAMPAIGN_TITLE, CLEAN_CAMPAIGN_ID, and always LEID and EUID
//     (https://mailchimp.com/help/view-export-contacts/). The file of those subscribed has neither time.
//   - Amazon SES: SuppressedDestinationSummary has EmailAddress, Reason (BOUNCE, COMPLAINT) and LastUpdateTime
//     (https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SuppressedDestinationSummary.html). Its lists for import are
//     lines of address,REASON or objects with emailAddress and reason.
//   - SendGrid: bounces have created, email, reason, status, spam reports created, email, ip, unsubscribes created, email
//     (https://www.twilio.com/docs/sendgrid/api-reference/bounces-api/retrieve-all-bounces and its siblings, also as CSV);
//     created is in Unix seconds.
var exports = [...]export{
	{"listmonk", []string{"uuid", "email", "attributes", "status"}, []string{"updatedat", "createdat"}, func(get func(...string) string) (string, bool) {
		return get("status") + " in listmonk", get("status") == "enabled"
	}},
	{"Mailchimp", []string{"emailaddress", "leid", "euid"}, []string{"cleantime", "unsubtime"}, func(get func(...string) string) (string, bool) {
		if get("cleantime") != "" {
			return "cleaned by Mailchimp: it bounced", false
		}
		why := "unsubscribed at Mailchimp"
		if said := get("unsubreasonother", "unsubreason"); said != "" && said != "N/A" {
			why += ": " + said
		}
		return why, false
	}},
	{"Amazon SES", []string{"emailaddress", "reason", "lastupdatetime"}, []string{"lastupdatetime"}, func(get func(...string) string) (string, bool) {
		return strings.TrimSpace(strings.ToLower(get("reason")) + " at Amazon SES"), false
	}},
	{"SendGrid", []string{"email", "created"}, []string{"created"}, func(get func(...string) string) (string, bool) {
		switch why := get("reason"); {
		case why != "":
			return why + " (SendGrid)", false
		case get("ip") != "":
			return "spam report at SendGrid", false
		}
		return "unsubscribed at SendGrid", false
	}},
}
