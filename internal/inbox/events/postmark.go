package events

import (
	"strings"

	"mailshot/internal/bounce"
)

// postmark reads a webhook of Postmark (Bounce, SpamComplaint, SubscriptionChange, Delivery), an entry of its API of
// bounces and of suppressions, and rows of these as CSV.
//
// https://postmarkapp.com/developer/webhooks/bounce-webhook and the pages beside it,
// https://postmarkapp.com/developer/api/bounce-api#bounce-types
func postmark(o object) ([]event, error) {
	e := event{
		date: when(o.text("bouncedat"), o.text("deliveredat"), o.text("changedat"), o.text("createdat"), o.text("date")),
	}
	// Postmark writes a Message-ID of its own, and MessageID is that one's name at Postmark. The metadata is the sender's.
	e.tokens = tokens(o["metadata"], o["tag"], o["messagestream"])
	e.messageIDs = postmarkIDs(o)
	to := address(o.text("email", "recipient", "emailaddress"))
	var err error
	switch kind := o.text("recordtype"); {
	case kind == "Delivery":
		e.report = delivered(to, said(o.text("details"), "", ""))
	case kind == "SubscriptionChange", kind == "" && o.has("suppressionreason"):
		return postmarkSuppressed(o, e, to)
	case kind == "Bounce", kind == "SpamComplaint", kind == "" && (o.has("bouncedat") || o.has("bouncetype")):
		e.id = o.text("id")
		if e.report, err = postmarkBounce(o, to); err != nil {
			return nil, err
		}
		if e.report.Kind == "" {
			return left(o.text("type")), nil
		}
	case kind == "":
		return nil, &unread{"not an event of Postmark", "an event has RecordType"}
	default:
		return left(kind), nil // Open, Click, Inbound, SMTPApiError, …
	}
	if to == "" {
		return nil, &unread{"the event is about nobody: its Email or Recipient is not an address", ""}
	}
	return []event{e}, nil
}

// postmarkIDs are Message-IDs in the metadata and in headers, where somebody put them there.
func postmarkIDs(o object) []string {
	ids := []string{o.within("metadata").text("messageid")}
	for _, h := range o.objects("headers") {
		if strings.EqualFold(h.text("name"), "Message-ID") {
			ids = append(ids, h.text("value"))
		}
	}
	return angled(ids...)
}

// postmarkCategories are the types of bounces, by their names in the webhook and in the exports.
var postmarkCategories = map[string]meaning{
	"hardbounce":              {bounce.Bounce, bounce.Hard, vague},
	"bademailaddress":         {bounce.Bounce, bounce.Hard, exact},
	"invalidemailaddress":     {bounce.Bounce, bounce.Hard, exact},
	"softbounce":              {bounce.Bounce, bounce.Soft, vague},
	"transient":               {bounce.Delayed, bounce.Soft, vague},
	"messagedelayed":          {bounce.Delayed, bounce.Soft, vague},
	"dnserror":                {bounce.Bounce, bounce.Soft, vague},
	"unknown":                 {bounce.Bounce, bounce.Unknown, vague},
	"spamnotification":        {bounce.Bounce, bounce.Content, vague},
	"virusnotification":       {bounce.Bounce, bounce.Content, exact},
	"templaterenderingfailed": {bounce.Bounce, bounce.Content, exact},
	"manuallydeactivated":     {bounce.Bounce, bounce.Policy, exact},
	"unconfirmed":             {bounce.Bounce, bounce.Policy, exact},
	"blocked":                 {bounce.Bounce, bounce.Policy, vague},
	"ispblock":                {bounce.Bounce, bounce.Policy, vague},
	"dmarcpolicy":             {bounce.Bounce, bounce.Policy, exact},
	"smtpapierror":            {bounce.Bounce, bounce.Policy, exact},
	"spamcomplaint":           {bounce.Complaint, "", exact},
	"unsubscribe":             {bounce.Unsubscribe, "", exact},
	"autoresponder":           {bounce.AutoReply, "", exact},
	"addresschange":           {bounce.AutoReply, "", exact},
	"challengeverification":   {bounce.AutoReply, "", exact},
	"subscribe":               {"", "", vague},
	"openrelaytest":           {"", "", vague},
	"inbounderror":            {"", "", vague},
}

// postmarkBounce gives a report without a kind for what says nothing about a delivery.
func postmarkBounce(o object, to string) (bounce.Report, error) {
	kind := spelled(o.text("type", "bouncetype", "recordtype"))
	c, ok := postmarkCategories[kind]
	if !ok {
		if c, ok = postmarkCategories[spelled(o.text("name"))]; !ok {
			return bounce.Report{}, &unread{"a bounce of a type that is not known: " + o.text("type", "bouncetype"),
				"https://postmarkapp.com/developer/api/bounce-api#bounce-types has the types"}
		}
	}
	a := said(o.text("details"), "", "")
	words := []string{o.text("description"), o.text("name", "type", "bouncetype")}
	switch c.kind {
	case bounce.Bounce:
		return failed(to, c.why, c.how, a, words...), nil
	case bounce.Delayed:
		return delayed(to, c.why, c.how, a, words...), nil
	case bounce.Unsubscribe:
		return other(c.kind, to, atProvider, 1, append([]string{a.text}, words...)...), nil
	case bounce.AutoReply:
		return other(c.kind, to, strings.ToLower(o.text("name", "type")), 0.9, append([]string{a.text}, words...)...), nil
	}
	return other(c.kind, to, "", 1, words...), nil
}

// postmarkSuppressed reads a change of a stream's list of suppressed addresses, and an entry of the list.
func postmarkSuppressed(o object, e event, to string) ([]event, error) {
	if strings.EqualFold(o.text("suppresssending"), "false") {
		return left("SubscriptionChange: may be mailed again"), nil
	}
	if to == "" {
		return nil, &unread{"the event is about nobody: its Recipient is not an address", ""}
	}
	why, origin := o.text("suppressionreason"), o.text("origin")
	words := strings.TrimSpace(why + " " + origin)
	switch spelled(why) {
	case "hardbounce":
		e.report = failed(to, bounce.Hard, vague, answer{}, words)
		e.report.Detail = "suppressed by the provider"
	case "spamcomplaint":
		e.report = other(bounce.Complaint, to, "", 1, words)
	case "manualsuppression", "unsubscribe":
		if spelled(why) == "manualsuppression" && !strings.EqualFold(origin, "Recipient") {
			e.report = other(bounce.Other, to, "suppressed by hand at the provider", 1, words)
			break
		}
		e.report = other(bounce.Unsubscribe, to, atProvider, 1, words)
	default:
		return nil, &unread{"a reason of suppression that is not known: " + why,
			"HardBounce, SpamComplaint, ManualSuppression"}
	}
	return []event{e}, nil
}
